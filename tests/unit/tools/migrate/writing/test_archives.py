"""Zips of strangers: nothing leaves the folder, and no archive fills the disk."""

import stat
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from berth.tools.migrate.writing import archives
from berth.tools.migrate.writing.archives import BadArchive, unpack
from kit.tables import for_each

Fill = Callable[[zipfile.ZipFile], None]


def _archive(folder: Path, fill: Fill) -> Path:
    with zipfile.ZipFile(folder / "code.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        fill(archive)
    return folder / "code.zip"


def _link(archive: zipfile.ZipFile, name: str, target: str) -> None:
    entry = zipfile.ZipInfo(name)
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    archive.writestr(entry, target)


def _files(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()
    }


def test_files_are_unpacked_with_their_exec_bits_and_without_what_macos_adds(tmp_path: Path) -> None:
    def fill(archive: zipfile.ZipFile) -> None:
        program = zipfile.ZipInfo("bin/run")
        program.external_attr = (stat.S_IFREG | 0o755) << 16
        archive.writestr(program, "#!/bin/sh")
        archive.writestr("./app.py", "a = 1")
        archive.writestr("lib\\win.py", "b = 1")
        archive.writestr("__MACOSX/._app.py", "x")
        archive.writestr("empty/", "")

    target = tmp_path / "out"
    target.mkdir()
    unpack(_archive(tmp_path, fill), target)
    assert _files(target) == {"bin/run": "#!/bin/sh", "app.py": "a = 1", "lib/win.py": "b = 1"}
    assert (target / "bin/run").stat().st_mode & 0o777 == 0o755
    assert (target / "app.py").stat().st_mode & 0o777 == 0o644


def test_links_inside_become_copies(tmp_path: Path) -> None:
    def fill(archive: zipfile.ZipFile) -> None:
        archive.writestr("lib/libz.so.1", "z")
        archive.writestr("lib/more/x", "x")
        _link(archive, "lib/libz.so", "libz.so.1")
        _link(archive, "libz", "lib/libz.so")
        _link(archive, "lib64", "lib")

    target = tmp_path / "out"
    target.mkdir()
    unpack(_archive(tmp_path, fill), target)
    files = _files(target)
    assert files.pop("lib64/more/x") == "x"
    assert files.pop("lib64/libz.so.1") == "z"
    assert files == {"lib/libz.so.1": "z", "lib/more/x": "x", "lib/libz.so": "z", "libz": "z"}
    assert not any(path.is_symlink() for path in target.rglob("*"))


HOSTILE: dict[str, tuple[Fill, str]] = {
    "parent": (lambda each: each.writestr("../out.py", "x"), "outside the folder: ../out.py"),
    "deep parent": (lambda each: each.writestr("a/../../x", "x"), "outside the folder"),
    "windows parent": (lambda each: each.writestr("a\\..\\..\\x", "x"), "outside the folder"),
    "absolute": (lambda each: each.writestr("/etc/x", "x"), "absolute name: /etc/x"),
    "drive": (lambda each: each.writestr("C:/x", "x"), "absolute name: C:/x"),
    "link out": (lambda each: _link(each, "a", "../../etc/passwd"), "a link that leaves it: a"),
    "absolute link": (lambda each: _link(each, "a", "/etc/passwd"), "a link that leaves it: a"),
    "dangling link": (lambda each: _link(each, "a", "b"), "a link that leads nowhere: a"),
    "link to itself": (lambda each: _link(each, "a", "a"), "a link that leads nowhere: a"),
    "link to its folder": (
        lambda each: (each.writestr("d/f", "x"), _link(each, "d/a", "../d")),
        "leads nowhere",
    ),
    "file and folder": (
        lambda each: (each.writestr("a", "x"), each.writestr("a/b", "x")),
        "cannot be unpacked",
    ),
}


@for_each("fill, message", HOSTILE.values())
def test_a_hostile_archive_is_refused(
    tmp_path_factory: pytest.TempPathFactory, fill: Fill, message: str
) -> None:
    folder = tmp_path_factory.mktemp("archive")
    target = folder / "out"
    target.mkdir()
    with pytest.raises(BadArchive, match=message):
        unpack(_archive(folder, fill), target)
    assert sorted(path.name for path in folder.iterdir()) == ["code.zip", "out"]


def test_an_archive_that_fills_the_disk_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "_MOST_BYTES", 1000)
    monkeypatch.setattr(archives, "_MOST_ENTRIES", 10)
    target = tmp_path / "out"
    target.mkdir()
    with pytest.raises(BadArchive, match="has 1 entries of 1001 bytes, more than any package"):
        unpack(_archive(tmp_path, lambda each: each.writestr("a", "0" * 1001)), target)
    with pytest.raises(BadArchive, match="has 11 entries"):
        unpack(_archive(tmp_path, lambda each: [each.writestr(str(n), "") for n in range(11)]), target)
    assert list(target.iterdir()) == []


@for_each("content", [b"", b"PK", b"no zip at all", b"PK\x05\x06" + b"\xff" * 18])
def test_what_is_no_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "code.zip").write_bytes(content)
    with pytest.raises(BadArchive, match="cannot be unpacked"):
        unpack(tmp_path / "code.zip", tmp_path)


def test_an_archive_that_is_cut_off_is_refused(tmp_path: Path) -> None:
    path = _archive(tmp_path, lambda each: each.writestr("a.py", "x = 1\n" * 1000))
    whole = path.read_bytes()
    target = tmp_path / "out"
    target.mkdir()
    for size in range(0, len(whole), 7):
        path.write_bytes(whole[:size])
        with pytest.raises(BadArchive):
            unpack(path, target)
