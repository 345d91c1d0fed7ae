import ctypes
import fcntl
import os
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from berth.runtime.temp_folders import TempFolders, sweep


@pytest.fixture
def no_superuser() -> Iterator[None]:
    """Give up what lets root read and write whatever it wants; others have nothing to give up."""
    if os.getuid() != 0 or sys.platform != "linux":
        yield
        return
    libc = ctypes.CDLL(None, use_errno=True)
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)  # version 3, this thread
    rights = (ctypes.c_uint32 * 6)()  # effective, permitted, inheritable; and the same for more of them
    assert libc.capget(header, rights) == 0
    before = rights[0]
    rights[0] &= ~(1 << 1 | 1 << 2)  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
    assert libc.capset(header, rights) == 0
    yield
    rights[0] = before
    assert libc.capset(header, rights) == 0


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_each_environment_has_an_empty_folder_of_its_own(place: Path):
    folders = TempFolders()
    one, two = folders.create("hello"), folders.create("hello")
    assert one != two
    assert one.name.startswith("hello-")
    assert list(one.iterdir()) == []
    assert stat.S_IMODE(one.stat().st_mode) == stat.S_IMODE(one.parent.stat().st_mode) == 0o700
    folders.close()
    assert list(place.iterdir()) == []


def test_closing_is_harmless_when_there_is_nothing(place: Path):
    folders = TempFolders()
    folders.close()
    folders.close()
    assert list(place.iterdir()) == []


@pytest.mark.usefixtures("no_superuser")
def test_a_folder_is_swept_whatever_is_in_it(tmp_path: Path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").touch()
    folder = tmp_path / "folder"
    (folder / "locked" / "deep").mkdir(parents=True)
    (folder / "locked" / "deep" / "file").touch()
    (folder / "link").symlink_to(outside)
    (folder / "locked" / "link").symlink_to(outside / "kept")
    outside.chmod(0o500)
    for path in (folder / "locked" / "deep", folder / "locked", folder):
        path.chmod(0)
    with pytest.raises(PermissionError):
        os.listdir(folder)
    sweep(folder)
    assert not folder.exists()
    assert (outside / "kept").exists()
    assert stat.S_IMODE(outside.stat().st_mode) == 0o500


def test_what_a_killed_server_left_is_swept_by_the_next(place: Path):
    code = "from berth.runtime.temp_folders import TempFolders as T; import os; T().create('f'); os._exit(9)"
    environ = {**os.environ, "TMPDIR": str(place), "PYTHONPATH": os.getcwd()}
    assert subprocess.run([sys.executable, "-c", code], env=environ, check=False).returncode == 9
    (left,) = place.iterdir()
    folders = TempFolders()
    mine = folders.create("hello")
    assert not left.exists()
    assert list(place.iterdir()) == [mine.parent]
    folders.close()


def test_the_folders_of_a_living_server_stay(place: Path):
    first, second = TempFolders(), TempFolders()
    one = first.create("hello")
    two = second.create("hello")
    assert one.is_dir()
    assert two.is_dir()
    first.close()
    second.close()
    assert list(place.iterdir()) == []


def test_a_tree_of_any_depth_is_swept(tmp_path: Path):
    folder = tmp_path / "deep"
    folder.mkdir()
    here = os.open(folder, os.O_RDONLY)
    for _ in range(1500):
        os.mkdir("d", dir_fd=here)
        below = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    sweep(folder)
    assert not folder.exists()


def test_a_folder_that_became_a_link_is_unlinked(tmp_path: Path):
    (tmp_path / "outside").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "outside")
    sweep(tmp_path / "link")
    assert [path.name for path in tmp_path.iterdir()] == ["outside"]


def test_folders_are_made_again_after_a_function_emptied_tmp(place: Path):
    folders = TempFolders()
    sweep(folders.create("hello").parent)
    assert folders.create("hello").is_dir()
    folders.close()
    assert list(place.iterdir()) == []


def test_there_are_no_folders_after_the_end(place: Path):
    folders = TempFolders()
    folders.close()
    with pytest.raises(OSError, match="the server is ending"):
        folders.create("hello")


def test_a_link_with_such_a_name_is_not_followed(place: Path):
    (place / "elsewhere").mkdir()
    (place / "berth-environments-x").symlink_to(place / "elsewhere")
    folders = TempFolders()
    folders.create("hello")
    folders.close()
    assert (place / "elsewhere").is_dir()


@pytest.mark.parametrize("mode", [0o000, 0o100, 0o200, 0o400, 0o500, 0o600])
@pytest.mark.usefixtures("no_superuser")
def test_a_function_cannot_keep_its_folder_by_taking_rights_away(place: Path, mode: int):
    folders = TempFolders()
    folder = folders.create("hello")
    (folder / "a" / "b").mkdir(parents=True)
    for path in (folder / "a" / "file", folder / "a" / "b" / "file", folder / ".hidden"):
        path.write_bytes(b"x")
        path.chmod(mode)
    for path in (folder / "a" / "b", folder / "a", folder):
        path.chmod(mode)
    folders.close()
    assert list(place.iterdir()) == []


def test_whatever_is_no_folder_is_swept_as_well(tmp_path: Path):
    folder = tmp_path / "folder"
    folder.mkdir()
    os.mkfifo(folder / "fifo")
    (tmp_path / "kept").touch()
    os.link(tmp_path / "kept", folder / "hard")
    (folder / "nowhere").symlink_to("nothing")
    (folder / "round").symlink_to(folder)
    (folder / os.fsdecode(b"\xff\n")).touch()
    sweep(folder)
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]


def test_sweeping_what_is_gone_is_harmless(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    sweep(tmp_path / "gone")
    assert caplog.messages == []


@pytest.mark.usefixtures("no_superuser")
def test_what_cannot_be_swept_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    locked = tmp_path / "locked"
    (locked / "folder").mkdir(parents=True)
    locked.chmod(0o500)
    sweep(locked / "folder")
    locked.chmod(0o700)
    told = f"{locked}/folder could not be removed: [Errno 13] Permission denied: '{locked}/folder'"
    assert caplog.messages == [told]


def test_a_folder_that_only_has_such_a_name_stays_while_somebody_holds_it(place: Path):
    (place / "berth-environments-x").mkdir()
    (place / "berth-environments").mkdir()
    held = os.open(place / "berth-environments-x", os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_EX)
    folders = TempFolders()
    folders.create("hello")
    assert (place / "berth-environments-x").is_dir()
    folders.close()
    os.close(held)
    later = TempFolders()
    later.create("hello")
    later.close()
    assert [path.name for path in place.iterdir()] == ["berth-environments"]


def test_a_file_with_such_a_name_keeps_no_server_from_starting(place: Path):
    (place / "berth-environments-file").touch()
    folders = TempFolders()
    assert folders.create("hello").is_dir()
    folders.close()
    assert [path.name for path in place.iterdir()] == ["berth-environments-file"]


def test_there_is_no_folder_where_there_is_no_place(place: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(tempfile, "tempdir", str(place / "nowhere"))
    folders = TempFolders()
    with pytest.raises(FileNotFoundError):
        folders.create("hello")
    folders.close()


def test_folders_are_made_by_several_threads_at_one_time(place: Path):
    folders = TempFolders()
    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(folders.create, ["hello"] * 32))
    assert len(set(made)) == 32
    assert len({folder.parent for folder in made}) == 1
    folders.close()
    assert list(place.iterdir()) == []


VERY_MANY = 1100  # files: more than are removed when it is too late, by a request and then by the sweeper


def _leave_files(place: Path) -> Path:
    """A root folder as a killed server leaves it, with very many files."""
    left = place / "berth-environments-killed"
    left.mkdir()
    for number in range(VERY_MANY):
        (left / str(number)).touch()
    return left


def test_very_many_files_that_a_killed_server_left_are_removed_in_the_background(place: Path):
    left = _leave_files(place)
    folders = TempFolders()
    assert folders.create("hello").is_dir()
    _await_sweeper()
    assert not left.exists()
    folders.close()


def _await_sweeper() -> None:
    for thread in threading.enumerate():
        if thread.name == "berth-sweeper":
            thread.join(20)


def test_no_removal_of_very_many_files_goes_on_when_its_time_is_over(place: Path):
    left = _leave_files(place)
    folders = TempFolders()
    folders.end_within(-1)
    mine = folders.create("hello")
    for number in range(600):
        (mine / str(number)).touch()
    folders.close()
    assert left.exists()
    assert mine.parent.exists()
    later = TempFolders()
    later.create("hello")
    _await_sweeper()
    later.close()
    assert list(place.iterdir()) == []


def test_few_files_are_removed_however_late_it_is(place: Path):
    folders = TempFolders()
    mine = folders.create("hello")
    (mine / "one").touch()
    folders.end_within(-1)
    folders.close()
    assert list(place.iterdir()) == []
