import os
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from app.runtime.temp_folders import TempFolders, sweep


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


def test_a_folder_is_swept_whatever_is_in_it(tmp_path: Path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").touch()
    folder = tmp_path / "folder"
    (folder / "locked" / "deep").mkdir(parents=True)
    (folder / "locked" / "deep" / "file").touch()
    (folder / "link").symlink_to(outside)
    (folder / "locked" / "link").symlink_to(outside / "kept")
    for path in (folder / "locked" / "deep", folder / "locked", folder):
        path.chmod(0)
    sweep(folder)
    assert not folder.exists()
    assert (outside / "kept").exists()
    assert stat.S_IMODE(outside.stat().st_mode) != 0


def test_what_a_killed_server_left_is_swept_by_the_next(place: Path):
    code = "from app.runtime.temp_folders import TempFolders as T; import os; T().create('f'); os._exit(9)"
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
    for _ in range(3000):
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
