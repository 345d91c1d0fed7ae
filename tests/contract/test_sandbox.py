"""What a function can do to another function, to the server and to its files, in each sandbox."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from berth.model.function import Function
from berth.runtime.sandbox.kernel import Kernel, find_kernel, find_namespaces
from berth.settings import Settings
from berth.testing.values import make_stage
from kit.logged import LoggedServer
from kit.processes import children, is_template
from kit.servers import ROOT
from kit.under_test import FUNCTIONS, build_function, pick_up, read_line

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="sandboxes are Linux's"),
    pytest.mark.skipif(
        Path(tempfile.gettempdir()) in ROOT.parents,
        reason="this checkout is in the folder for temporary files, which functions share: test it elsewhere",
    ),
]
# The setting of each sandbox, and the version of Landlock that it may use; None is the kernel's own.
SANDBOXES = {
    "auto": ("auto", None),
    "auto, no signal scope": ("auto", 5),
    "auto, no Landlock": ("auto", 0),
    "files": ("files", None),
    "files, no signal scope": ("files", 5),
    "namespaces": ("namespaces", None),
    "namespaces, no Landlock": ("namespaces", 0),
}
SCOPED = ["auto", "files", "namespaces"]
WITH_LANDLOCK = [*SCOPED, "auto, no signal scope", "files, no signal scope"]
CLOSING = ["files", "files, no signal scope", "namespaces"]
PRIVATE_TMP = ["namespaces", "namespaces, no Landlock"]
SIGNALS = [
    signal.SIGTERM,
    signal.SIGSTOP,
    signal.SIGHUP,
    signal.SIGUSR2,
    signal.SIGALRM,
    signal.SIGKILL,
    signal.SIGRTMIN,
]
REFUSED = {"EPERM", "EACCES", "EXDEV", "EBUSY", "EROFS"}
RIGHTFUL = {
    "starts_and_signals_a_process": -15,
    "signals_itself": True,
    "has_an_alarm": True,
    "looks_into_its_own_process": [-9, "SEEN=yes\x00"],
    "forks": "forked",
    "talks_over_unix_sockets": [True, True],
    "uses_tmp": "mine",
    "uses_sqlite": [[1]],
    "limits_itself": [9, 9],
    "maps_memory": "seen",
    "links_and_moves": ["file", "link"],
    "reads_the_system": True,
}


@dataclass
class Scene:
    """A function that attacks in one sandbox, and what it attacks."""

    server: LoggedServer
    folder: Path  # of the server's files
    attacker: Function
    victim: int  # the process of another function, in the middle of its handler
    server_like: int  # a process outside every sandbox, as the server's are

    def attempt(self, attempt: str, **event: Any) -> Any:
        """What the attacker got, or the name of the error."""
        result = self.server.invoke(self.attacker, json.dumps({"attempt": attempt, **event}).encode())
        assert result.function_error is None, result.payload
        return result.value


def _scene(setting: str, landlock: int | None, stack: ExitStack, secrets: Path) -> Scene:
    kernel = find_kernel()
    needed = 6 if landlock is None else landlock
    if kernel.landlock < needed:
        pytest.skip(f"the kernel has version {kernel.landlock} of Landlock, this sandbox needs {needed}")
    if setting == "namespaces" and not find_namespaces():
        pytest.skip("this host permits no mount namespaces")
    kernel = replace(kernel, landlock=kernel.landlock if landlock is None else landlock)
    lifeline = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
    lifeline.settimeout(10)
    (secrets / "manifests").mkdir()
    for file in ("key.pem", "manifests/dev.json", "events.db"):
        (secrets / file).write_text("the server's own")
    settings = Settings(
        sandbox=setting,
        concurrency=4,
        max_environments=4,
        starts=2,
        passed_on={"PATH": os.environ["PATH"]},
        functions_dir=FUNCTIONS,
        manifests_dir=secrets / "manifests",
        store_files=(secrets / "events.db",),
        store_folder=secrets / "events" if setting == "auto" else None,
    )
    server = stack.enter_context(LoggedServer(settings, (), secrets / "log", kernel))
    attacker = build_function(
        "attacks", "app.handler", stage=make_stage(), environment={"LIFELINE": str(lifeline.getsockname()[1])}
    )
    attacker = replace(attacker, stage=replace(attacker.stage, secret_files=(secrets / "key.pem",)))
    other = replace(attacker, name="victim", handler="app.waiting", timeout=300)
    waiting = threading.Thread(target=server.invoke, args=(other,))
    waiting.start()
    stack.callback(waiting.join)
    line = stack.enter_context(pick_up(lifeline))
    server_like = stack.enter_context(subprocess.Popen(["sleep", "600"]))
    stack.callback(server_like.kill)
    return Scene(server, secrets, attacker, int(read_line(line).split()[0]), server_like.pid)


@pytest.fixture(scope="module")
def scene(request: pytest.FixtureRequest) -> Iterator[Scene]:
    """The scene in the sandbox that is the test's parameter."""
    # Not in /tmp: what Landlock closes is not in a folder that functions share.
    with ExitStack() as stack:
        secrets = tempfile.mkdtemp(prefix=".secrets-", dir=ROOT)
        stack.callback(shutil.rmtree, secrets)
        scene = _scene(*SANDBOXES[request.param], stack, Path(secrets))
        scene.attempt("capabilities")  # the attacker's environment outlives each test
        yield scene


def _in(*sandboxes: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("scene", sandboxes, indirect=True)


@_in(*SANDBOXES)
def test_function_does_what_it_rightly_does(scene: Scene) -> None:
    assert scene.attempt("rightful") == RIGHTFUL


@_in(*SANDBOXES)
def test_function_has_no_rights_of_the_system_and_gets_none_back(scene: Scene) -> None:
    held = scene.attempt("capabilities")
    dangerous = sum(1 << number for number in (2, 16, 17, 19, 21, 22, 24, 27, 38, 39, 40))
    assert (held["NoNewPrivs"], int(held["CapEff"], 16) & dangerous) == ("1", 0)


@_in(*SCOPED)
@pytest.mark.parametrize("number", SIGNALS)
def test_function_sends_no_signal_to_another_or_to_the_server(scene: Scene, number: int) -> None:
    targets = (scene.victim, scene.server_like, -scene.victim)
    assert [scene.attempt("send_signal", pid=pid, signal=number) for pid in targets] == ["EPERM"] * 3


@_in(*SANDBOXES)
@pytest.mark.parametrize("file", ["environ", "mem", "maps", "auxv", "io"])
def test_function_does_not_look_into_another(scene: Scene, file: str) -> None:
    assert scene.attempt("read_of_process", pid=scene.victim, file=file) in REFUSED


@_in(*WITH_LANDLOCK)
@pytest.mark.parametrize("file", ["environ", "mem", "maps"])
def test_function_does_not_look_into_the_server(scene: Scene, file: str) -> None:
    assert scene.attempt("read_of_process", pid=scene.server_like, file=file) in REFUSED


@_in(*SANDBOXES)
def test_function_gets_at_nothing_of_the_template_of_all(scene: Scene) -> None:
    (template,) = filter(is_template, children(os.getpid()))
    files = ("environ", "mem", "maps", "auxv", "io")
    got = [scene.attempt("read_of_process", pid=template, file=file) for file in files]
    got += [scene.attempt(each, pid=template) for each in ("list_descriptors", "trace", "read_memory")]
    assert set(got) <= REFUSED
    assert scene.attempt("steal_descriptors", pid=template) == "EPERM"


@_in(*SANDBOXES)
@pytest.mark.parametrize("attempt", ["list_descriptors", "write_to_log", "trace", "read_memory"])
def test_function_does_not_get_at_what_another_has_open(scene: Scene, attempt: str) -> None:
    assert scene.attempt(attempt, pid=scene.victim) in REFUSED


@_in(*SANDBOXES)
def test_function_does_not_answer_anothers_caller(scene: Scene) -> None:
    assert scene.attempt("steal_descriptors", pid=scene.victim) == "EPERM"


@_in(*SANDBOXES)
def test_function_sets_no_limit_to_another_or_to_the_server(scene: Scene) -> None:
    targets = (scene.victim, scene.server_like)
    assert [scene.attempt("limit_process", pid=pid) for pid in targets] == ["EPERM", "EPERM"]


@_in(*SCOPED)
def test_function_reaches_no_abstract_socket_of_another(scene: Scene) -> None:
    name = f"berth-sandbox-{os.getpid()}"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"\0{name}")
        listener.listen()
        assert scene.attempt("connect_to_abstract_socket", name=name) == "EPERM"


@_in(*SANDBOXES)
@pytest.mark.parametrize("attempt", ["read_file", "write_file", "replace_file", "link_file"])
def test_function_neither_reads_nor_changes_the_servers_secret_files(scene: Scene, attempt: str) -> None:
    if not find_namespaces():
        pytest.skip("neither Landlock nor a mount namespace can close a file here")
    key = scene.folder / "key.pem"
    assert scene.attempt(attempt, path=str(key)) in REFUSED
    assert key.read_text() == "the server's own"


@_in(*WITH_LANDLOCK)
@pytest.mark.parametrize("attempt", ["read_file", "write_file", "replace_file", "link_file"])
def test_function_neither_reads_nor_changes_the_events_of_all(scene: Scene, attempt: str) -> None:
    (scene.folder / "events.db-wal").write_text("the server's own")  # made after the attacker's process
    for name in ("events.db", "events.db-wal"):
        assert scene.attempt(attempt, path=str(scene.folder / name)) in REFUSED
        assert (scene.folder / name).read_text() == "the server's own"
    assert scene.attempt("write_file", path=str(scene.folder / "events.db-shm")) in REFUSED


@_in(*CLOSING)
def test_function_reads_no_manifest_and_no_code_of_another(scene: Scene) -> None:
    others = (scene.folder / "manifests" / "dev.json", FUNCTIONS / "plain" / "app.py")
    assert [scene.attempt("read_file", path=str(path)) for path in others] == ["EACCES", "EACCES"]
    assert scene.attempt("list_folder", path=str(FUNCTIONS)) == "EACCES"
    assert scene.attempt("read_file", path=str(FUNCTIONS / "attacks" / "app.py")).startswith('"""What a')


@_in(*CLOSING)
def test_function_reads_no_temporary_file_of_another(scene: Scene) -> None:
    parents = (Path(tempfile.gettempdir()), Path("/var/tmp"))
    (folder,) = [each for parent in parents for each in parent.glob("berth-environments-*/victim-*")]
    (folder / "note").write_text("private")
    assert scene.attempt("read_file", path=str(folder / "note")) in {"EACCES", "ENOENT"}
    assert scene.attempt("list_folder", path=str(folder)) in {"EACCES", "ENOENT"}


@_in(*PRIVATE_TMP)
def test_function_has_a_tmp_of_its_own_and_cannot_write_its_code(scene: Scene) -> None:
    assert not [name for name in scene.attempt("list_folder", path="/tmp") if name.startswith("berth-")]
    assert scene.attempt("write_file", path="/tmp/berth-own") == 6
    assert not Path("/tmp/berth-own").exists()
    assert scene.attempt("write_file", path=str(FUNCTIONS / "attacks" / "new.py")) in REFUSED
    assert scene.attempt("unmount", path="/tmp") == "EPERM"


def _assert_covered(scene: Scene, folder: Path) -> None:
    """A function sees nothing of a folder and gets nothing into it, whatever the server puts there."""
    assert folder.stat().st_mode & 0o777 == 0o700  # it was made before the function's process
    (folder / "events.db").write_text("the server's own")
    for attempt in ("read_file", "link_file"):
        assert scene.attempt(attempt, path=str(folder / "events.db")) in {"ENOENT", "EACCES"}
    assert scene.attempt("write_file", path=str(folder / "events.db")) in REFUSED
    assert scene.attempt("move_folder", path=str(folder)) in REFUSED
    assert (folder / "events.db").read_text() == "the server's own"


def test_secret_in_a_shared_folder_is_closed_where_mounts_are_permitted(tmp_path: Path) -> None:
    if not find_namespaces():
        pytest.skip("this host permits no mount namespaces")
    with ExitStack() as stack:
        scene = _scene("auto", None, stack, tmp_path)
        key = tmp_path / "key.pem"
        attempts = ("read_file", "write_file", "replace_file", "link_file", "unmount")
        assert {scene.attempt(each, path=str(key)) for each in attempts} <= REFUSED
        assert scene.attempt("move_folder", path=str(tmp_path)) in REFUSED
        assert key.read_text() == "the server's own"
        _assert_covered(scene, tmp_path / "events")
        assert scene.attempt("rightful") == RIGHTFUL


def test_nothing_is_kept_from_a_function_when_the_sandbox_is_off(tmp_path: Path) -> None:
    with ExitStack() as stack:
        scene = _scene("off", 0, stack, tmp_path)
        assert scene.attempt("capabilities")["NoNewPrivs"] == "0"
        assert scene.attempt("read_file", path=str(tmp_path / "key.pem")) == "the server's own"


def test_what_a_sandbox_leaves_open_is_told_once_with_the_first_process(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    settings, kernel = Settings(check="off", store_files=(Path("/tmp/q.db"),)), Kernel(can_hide=True)
    with LoggedServer(settings, (), tmp_path / "log", kernel) as server:
        assert caplog.messages == []
        for folder in ("plain", "returns"):  # a process each
            server.invoke(build_function(folder, "app.handler"))
    assert [message.partition(", which")[0] for message in caplog.messages] == [
        "sandbox: functions can read and change /tmp/q.db"
    ]
