"""Unpacking archives of code. Whoever made one may be hostile: nothing is written outside the folder."""

import lzma
import posixpath
import re
import shutil
import stat
import zipfile
import zlib
from pathlib import Path

# Lambda takes 250 MB unpacked. What is larger than this is no package, but an archive made to fill a disk.
_MOST_BYTES = 1024 * 1024 * 1024
_MOST_ENTRIES = 100_000
_LONGEST_CHAIN = 10
_LONGEST_TARGET = 4096
_NEVER = "__MACOSX"
_DAMAGED = (
    zipfile.BadZipFile,
    NotImplementedError,  # a compression that Python lacks
    RuntimeError,  # an encrypted entry
    ValueError,
    EOFError,
    zlib.error,
    lzma.LZMAError,
)


class BadArchive(Exception):
    """Raised for an archive that cannot be unpacked, or must not be."""


def unpack(archive: Path, folder: Path) -> None:
    """Unpack a zip into an empty folder; raises BadArchive.

    Files that could be run still can be. A link becomes a copy of what it leads to.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            _Unpacking(opened, folder).run()
    except _DAMAGED as damaged:
        raise BadArchive(f"cannot be unpacked: {damaged}") from damaged
    except OSError as failed:
        raise BadArchive(f"cannot be unpacked: {failed.strerror or failed}") from failed


class _Unpacking:
    """One archive on its way into a folder."""

    def __init__(self, archive: zipfile.ZipFile, folder: Path) -> None:
        self._archive = archive
        self._folder = folder
        self._entries: dict[str, zipfile.ZipInfo] = {}

    def run(self) -> None:
        entries = self._archive.infolist()
        size = sum(each.file_size for each in entries)
        if len(entries) > _MOST_ENTRIES or size > _MOST_BYTES:
            raise BadArchive(f"has {len(entries)} entries of {size} bytes, more than any package")
        for entry in entries:
            name = _safe_name(entry.filename)
            if name and not entry.is_dir() and _NEVER not in name.split("/"):
                self._entries[name] = entry
        for name, entry in self._entries.items():
            if _is_link(entry):
                self._follow(name)
            else:
                self._write(name, entry)

    def _write(self, name: str, entry: zipfile.ZipInfo) -> None:
        path = self._folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with self._archive.open(entry) as packed, path.open("wb") as unpacked:
            shutil.copyfileobj(packed, unpacked)
        path.chmod(0o755 if (entry.external_attr >> 16) & 0o111 else 0o644)

    def _follow(self, link: str) -> None:
        """Write a copy of the file, or of the files below the folder, that a link leads to."""
        target = link
        for _ in range(_LONGEST_CHAIN):
            entry = self._entries.get(target)
            if entry is None or not _is_link(entry):
                break
            target = self._target(target, entry)
        below = [each for each in self._entries if each.startswith(f"{target}/")]
        if entry is not None and not _is_link(entry):
            self._write(link, entry)
        elif entry is not None or not below or link.startswith(f"{target}/"):
            raise BadArchive(f"has a link that leads nowhere: {link}")
        for each in below if entry is None else ():
            if not _is_link(self._entries[each]):
                self._write(f"{link}{each[len(target) :]}", self._entries[each])

    def _target(self, name: str, link: zipfile.ZipInfo) -> str:
        if link.file_size > _LONGEST_TARGET:
            raise BadArchive(f"has a link that leads nowhere: {name}")
        text = self._archive.read(link).decode("utf-8", "replace")
        target = posixpath.normpath(posixpath.join(posixpath.dirname(name), text))
        if target == ".." or target.startswith(("/", "../")):
            raise BadArchive(f"has a link that leaves it: {name}")
        return target


def _is_link(entry: zipfile.ZipInfo) -> bool:
    return stat.S_ISLNK(entry.external_attr >> 16)


def _safe_name(name: str) -> str:
    """The name of an entry below the folder; empty for the folder itself. Raises BadArchive."""
    parts = name.replace("\\", "/").split("/")
    if parts[0] == "" or re.match("[A-Za-z]:", name):
        raise BadArchive(f"has an entry with an absolute name: {name}")
    if ".." in parts:
        raise BadArchive(f"has an entry outside the folder: {name}")
    return "/".join(part for part in parts if part not in ("", "."))
