import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from berth.model.comparison import Recording
from berth.runtime.sandbox.confinement import Confinement
from berth.runtime.sandbox.kernel import Kernel
from berth.settings import Settings
from berth.testing.values import make_function, make_stage

NEW = Kernel(7, 0, can_hide=True)
OLD = Kernel(3, 0, can_hide=True)
NO_LANDLOCK = "'files' needs a kernel with Landlock (Linux 5.19): this one has none"
NONE = Kernel(0, 0, can_hide=True)


def _confinement(kernel: Kernel, sandbox: str = "auto", **settings: Any) -> Confinement:
    return Confinement(Settings(sandbox=sandbox, **settings), kernel)


@pytest.mark.parametrize(
    ("sandbox", "kernel", "words"),
    [
        ("auto", NEW, "sandbox auto: Landlock 7 with signal and socket scope"),
        ("auto", OLD, "sandbox auto: Landlock 3 without signal scope: functions can end each other"),
        (
            "auto",
            NONE,
            "sandbox auto: no Landlock: functions are hidden from each other, and can end each other",
        ),
        (
            "files",
            NEW,
            "sandbox files: Landlock 7 with signal and socket scope, files of others closed",
        ),
        (
            "namespaces",
            NEW,
            "sandbox namespaces: Landlock 7 with signal and socket scope, files of others closed,"
            " a private /tmp",
        ),
        ("off", NEW, "sandbox off: functions can look into each other and into the server"),
        ("auto", Kernel(), "sandbox auto: none, this system has no means for it"),
    ],
)
def test_the_log_says_what_holds(sandbox: str, kernel: Kernel, words: str):
    assert _confinement(kernel, sandbox).description() == words


@pytest.mark.parametrize(
    ("sandbox", "kernel", "problem"),
    [
        ("files", NONE, NO_LANDLOCK),
        (
            "files",
            replace(NONE, landlock=1),
            NO_LANDLOCK,
        ),
        (
            "namespaces",
            NEW,
            "'namespaces' needs mount namespaces, as root or with user namespaces: this host permits neither",
        ),
    ],
)
def test_sandbox_that_the_host_cannot_give_is_refused(sandbox: str, kernel: Kernel, problem: str):
    folders = {"functions_dir": Path("/srv/functions"), "manifests_dir": Path("/srv/manifests")}
    found = [str(each) for each in _confinement(kernel, sandbox, **folders).problems(make_stage())]
    assert found == [f"environment: BERTH_SANDBOX: {problem}"]


def test_files_that_all_functions_share_are_refused_where_they_should_be_closed():
    folders = {"functions_dir": Path("/srv/functions"), "manifests_dir": Path("/srv/manifests")}
    stage = replace(make_stage(), secret_files=(Path("/tmp/token"),))
    (problem,) = _confinement(NEW, "files", **folders).problems(stage)
    assert problem.message == (
        "'files' cannot close /tmp/token: all functions may use what is inside /tmp, /dev, /proc, /mnt"
    )


def test_secret_that_cannot_be_closed_is_told():
    stage = replace(make_stage(), secret_files=(Path("/tmp/token"), Path("/srv/token")))
    assert list(_confinement(NEW).warnings(stage)) == [
        "sandbox: functions can read /tmp/token: it is in a folder that they share; move it to one of its own"
    ]
    assert list(_confinement(NONE).warnings(stage)) == [
        f"sandbox: functions can read {path}: this kernel has no Landlock; read it from a variable"
        for path in ("/tmp/token", "/srv/token")
    ]
    assert list(_confinement(replace(NONE, namespaces=1)).warnings(stage)) == []


def test_folder_of_a_recording_is_made_before_a_function_runs_and_is_closed(tmp_path: Path):
    folder = tmp_path / "new" / "recordings"
    stage = replace(make_stage(), recording=Recording(str(folder), 0.01), secret_files=(folder,))
    function = replace(make_function(), stage=stage)
    sandbox = _confinement(replace(NEW, namespaces=1)).sandbox(function, tmp_path)
    assert sandbox is not None
    assert folder.is_dir()
    assert folder.stat().st_mode & 0o777 == 0o700
    assert str(folder) in (*sandbox.closed, *sandbox.covered)


def test_events_that_cannot_be_closed_are_told(tmp_path: Path):
    def warnings(kernel: Kernel, **stores: Any) -> list[str]:
        return list(_confinement(kernel, **stores).warnings(make_stage()))

    what = "which holds the events of all"
    move = f"{what}: name a folder outside /tmp in BERTH_QUEUE_URL or BERTH_STATE"
    in_tmp = {"store_files": (Path("/tmp/q.db"), Path("/srv/s.db"))}
    assert warnings(NEW, **in_tmp) == [f"sandbox: functions can read and change /tmp/q.db, {move}"]
    assert warnings(replace(NEW, namespaces=1), **in_tmp) == warnings(NEW, **in_tmp)
    folder = {"store_folder": Path("/tmp/berth-events")}
    assert warnings(NEW, **folder) == [f"sandbox: functions can read and change /tmp/berth-events, {move}"]
    assert warnings(replace(NEW, namespaces=1), **folder) == []
    (told,) = warnings(NONE, store_files=(Path("/srv/q.db"),))
    assert told.startswith(f"sandbox: functions can read and change /srv/q.db, {what}: this kernel has no")


def test_events_that_all_functions_share_are_refused_where_they_should_be_closed():
    folders = {"functions_dir": Path("/srv/functions"), "manifests_dir": Path("/srv/manifests")}
    for stores in ({"store_files": (Path("/tmp/q.db"),)}, {"store_folder": Path("/tmp/q")}):
        (problem,) = _confinement(NEW, "files", **folders, **stores).problems(make_stage())
        assert problem.message.startswith("'files' cannot close /tmp/q")


@pytest.mark.parametrize(
    ("sandbox", "kernel"), [("off", NEW), ("auto", Kernel())], ids=["off", "another system"]
)
def test_process_is_not_shut_in(sandbox: str, kernel: Kernel, tmp_path: Path):
    assert _confinement(kernel, sandbox).sandbox(make_function(), tmp_path) is None


def test_certificate_is_closed_when_its_file_holds_the_key_as_well(tmp_path: Path):
    both, alone = tmp_path / "both.pem", tmp_path / "alone.pem"
    both.write_text("-----BEGIN PRIVATE KEY-----\n")
    alone.write_text("-----BEGIN CERTIFICATE-----\n")
    kernel = replace(NEW, namespaces=1)
    for certificate, closed in ((both, (str(both),)), (alone, ())):
        confinement = _confinement(kernel, tls_certificate=str(certificate))
        sandbox = confinement.sandbox(make_function(), tmp_path)
        assert sandbox is not None
        assert sandbox.covered == closed


@pytest.mark.skipif(sys.platform != "linux", reason="Landlock is Linux's")
@pytest.mark.parametrize("level", ["files", "namespaces"])
def test_code_that_is_elsewhere_is_open_with_its_links_and_cannot_be_written(tmp_path: Path, level: str):
    function, code, common = (tmp_path / name for name in ("function", "code", "common"))
    for folder in (function, code, common):
        folder.mkdir()
    (code / "common").symlink_to(common)
    made = make_function(directory=function, code=code)
    sandbox = _confinement(NEW, level).sandbox(made, tmp_path)
    assert sandbox is not None
    assert {str(function), str(code), str(common)} <= set(sandbox.readable)
    assert sandbox.read_only == ((str(code), str(function)) if level == "namespaces" else ())


@pytest.mark.skipif(sys.platform != "linux", reason="Landlock is Linux's")
def test_links_in_a_functions_folder_lead_to_open_files(tmp_path: Path):
    (tmp_path / "common").mkdir()
    (tmp_path / "function").mkdir()
    (tmp_path / "function" / "common").symlink_to(tmp_path / "common")
    sandbox = _confinement(NEW, "files").sandbox(make_function(directory=tmp_path / "function"), tmp_path)
    assert sandbox is not None
    assert str(tmp_path / "common") in sandbox.readable


@pytest.mark.parametrize(
    ("folder", "others"),
    [
        ("/tmp/berth-environments-1/hello-2", ""),
        ("/dev/shm/berth-environments-1/hello-2", "/dev/shm/berth-environments-1"),
        ("/var/tmp/berth-environments-1/hello-2", "/var/tmp/berth-environments-1"),
    ],
)
def test_temporary_folders_of_others_are_covered_when_a_private_tmp_does_not_hide_them(
    folder: str, others: str
):
    sandbox = _confinement(replace(NEW, namespaces=1), "namespaces").sandbox(make_function(), Path(folder))
    assert sandbox is not None
    assert sandbox.others == others
