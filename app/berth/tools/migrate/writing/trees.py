"""The files of one piece of code, read from a folder, a file, an archive or a text."""

import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from pathlib import Path

from berth.manifest.document import shown
from berth.tools.migrate.model.application import CodeSource
from berth.tools.migrate.writing.archives import BadArchive, unpack
from berth.tools.migrate.writing.globs import PatternRefused, selected

# What no package needs: history, builds, and what an interpreter or another tool makes anew.
NEVER_COPIED = frozenset(
    {".git", ".aws-sam", ".serverless", "cdk.out", "node_modules", "__pycache__", "__MACOSX"}
)
_VIRTUAL_ENVIRONMENT = "pyvenv.cfg"
_MOST_FILES = 200_000
# The state of an import, and what one that was killed has left behind.
_OWN = ".berth-import"


class CodeRefused(Exception):
    """Raised for code that is not there or cannot be copied as it is; the text says why."""


@dataclass(frozen=True)
class Content:
    """What one file holds: `data`, or what is in the file `path`."""

    path: Path | None = None
    data: bytes = b""
    is_executable: bool = False

    def read(self) -> bytes:
        """Its bytes."""
        return self.data if self.path is None else self.path.read_bytes()

    @cached_property
    def size(self) -> int:
        """How many bytes it has."""
        return len(self.data) if self.path is None else self.path.stat().st_size


Files = Mapping[str, Content]


@dataclass(frozen=True)
class CodeTree:
    """The files of one code by their paths in it. `name` is what people call it.

    `folder` is set where the files are all of a folder on this machine. `all_names` also has the names at its
    top that patterns left out.
    """

    name: str
    files: Files
    folder: Path | None = None
    all_names: frozenset[str] = frozenset()

    @property
    def size(self) -> int:
        """How many bytes all files have."""
        return sum(each.size for each in self.files.values())

    def has_module(self, module: str) -> bool:
        """Whether Python would find this module (`a.b` or `a/b`) in it."""
        stem = module.replace(".", "/")
        forms = (f"{stem}.py", f"{stem}.pyc", f"{stem}/__init__.py", f"{stem}.so", f"{stem}.abi3.so")
        return any(form in self.files for form in forms) or any(
            path.startswith(f"{stem}.cpython-") for path in self.files
        )


@dataclass
class CodeReader:
    """Reads each code once. `unpacked` is an empty folder for archives; `outputs` are never read.

    `read` raises CodeRefused.
    """

    unpacked: Path
    outputs: frozenset[Path] = frozenset()
    _read: dict[tuple[object, ...], CodeTree] = field(default_factory=dict)

    def read(self, code: CodeSource) -> CodeTree:
        """The files of a code; the same tree for the same code."""
        key = identity(code)
        if key not in self._read:
            self._read[key] = self._tree(code)
        return self._read[key]

    def _tree(self, code: CodeSource) -> CodeTree:
        if code.text is not None:
            return CodeTree("index", {"index.py": Content(data=code.text.encode())})
        if code.file is not None:
            return CodeTree(code.file.stem, {code.file.name: _content(code.file)})
        if code.archive is not None:
            return self._of_archive(code.archive)
        if code.folder is None or not code.folder.is_dir():
            raise CodeRefused(f"there is no folder {shown(code.folder) if code.folder else 'of code'}")
        root = code.folder.resolve()
        return _filtered(root, _all(self._walk(root, (root,))), code.patterns)

    def _of_archive(self, archive: Path) -> CodeTree:
        if not archive.is_file():
            raise CodeRefused(f"there is no file {shown(archive)}")
        folder = self.unpacked / str(len(self._read))
        folder.mkdir()
        try:
            unpack(archive, folder)
        except BadArchive as bad:
            raise CodeRefused(f"{archive.name} {bad}") from bad
        return CodeTree(archive.stem, _all(self._walk(folder, (folder,))))

    def _walk(
        self, folder: Path, around: tuple[Path, ...], inside: str = ""
    ) -> Iterator[tuple[str, Content]]:
        """The files below a folder, sorted, with their paths in the root, the first of the folders around.

        `inside` is the folder's own path in the root.
        """
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError as failed:
            raise CodeRefused(f"{inside or folder.name} cannot be read: {failed.strerror}") from failed
        if inside and any(entry.name == _VIRTUAL_ENVIRONMENT for entry in entries):
            return
        for entry in entries:
            path, name = Path(entry.path), f"{inside}/{entry.name}".lstrip("/")
            if entry.name in NEVER_COPIED or entry.name.startswith(_OWN) or path in self.outputs:
                continue
            if entry.is_symlink():
                path = _followed(path, around, name)
            if path.is_dir():
                yield from self._walk(path, (*around, path), name)
            else:
                yield name, _content(path, name)


def identity(code: CodeSource) -> tuple[object, ...]:
    """What two codes have in common if they are one: the place of their files, and the patterns."""
    path = code.folder or code.file or code.archive
    if path is not None:
        return (path.resolve(), code.patterns)
    return (code.place, code.text, code.remote)


def _all(found: Iterator[tuple[str, Content]]) -> dict[str, Content]:
    """The files of a walk; links that lead to each other could make it endless."""
    files = dict(islice(found, _MOST_FILES + 1))
    if len(files) > _MOST_FILES:
        raise CodeRefused(f"has more than {_MOST_FILES} files")
    return files


def _filtered(root: Path, files: dict[str, Content], patterns: tuple[str, ...]) -> CodeTree:
    top = frozenset(name for name in files if "/" not in name)
    if not patterns:
        return CodeTree(root.name, files, root, top)
    try:
        kept = selected(files, patterns)
    except PatternRefused as refused:
        raise CodeRefused(str(refused)) from refused
    if not kept:
        raise CodeRefused(f"the patterns leave no file of {root.name}")
    return CodeTree(root.name, {name: files[name] for name in kept}, None, top)


def _followed(link: Path, around: tuple[Path, ...], name: str) -> Path:
    """What a symbolic link leads to; raises CodeRefused if that is not in the root, or around the link."""
    try:
        target = link.resolve(strict=True)
    except (OSError, RuntimeError) as broken:
        raise CodeRefused(f"{name} is a symbolic link that leads nowhere") from broken
    if not target.is_relative_to(around[0]):
        raise CodeRefused(f"{name} is a symbolic link that leaves the folder: copy what it leads to")
    if target in around:
        raise CodeRefused(f"{name} is a symbolic link to a folder around itself")
    return target


def _content(path: Path, name: str = "") -> Content:
    try:
        mode = path.stat().st_mode
    except OSError as failed:
        raise CodeRefused(f"{name or path.name} cannot be read: {failed.strerror}") from failed
    if not stat.S_ISREG(mode) or not os.access(path, os.R_OK):
        raise CodeRefused(f"{name or path.name} is no file that can be read")
    return Content(path, is_executable=bool(mode & 0o111))
