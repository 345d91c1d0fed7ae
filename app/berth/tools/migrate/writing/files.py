"""Writing files: all of them or none, also if the import is interrupted."""

import difflib
import os
import shutil
import signal
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from berth.tools.migrate.writing.trees import Content

_SIGNALS = {signal.SIGINT, signal.SIGTERM}


@dataclass(frozen=True)
class Change:
    """One file to write, or with `content` None to remove; `path` is relative to the target."""

    path: str
    content: Content | None
    is_code: bool = False


@dataclass
class _Commit:
    """What is undone if one of the changes fails."""

    moved: list[tuple[Path, Path]] = field(default_factory=list)  # old files: from where, to where
    files: list[Path] = field(default_factory=list)
    folders: list[Path] = field(default_factory=list)

    def undo_files(self) -> None:
        """Put the old files back; while the folder that holds them is there."""
        for path in reversed(self.files):
            with suppress(OSError):
                path.unlink()
        for source, target in reversed(self.moved):
            with suppress(OSError):
                os.replace(target, source)

    def undo_folders(self) -> None:
        """Remove the folders that were made, as far as nobody else has put something into them."""
        for path in reversed(self.folders):
            with suppress(OSError):
                path.rmdir()


def write_changes(into: Path, changes: Iterable[Change]) -> None:
    """Make all changes below a folder, or none of them; raises OSError.

    Every content is written beside its place first. Then files only change their names, which is quick, and
    signals wait until that is done.
    """
    changes = list(changes)
    if not changes:
        return
    commit = _Commit()
    try:
        _make_folders(into, commit)
        with _staging(into) as folder:
            staged = [_stage(folder, number, each) for number, each in enumerate(changes)]
            with _undisturbed():
                _move(into, folder, changes, staged, commit)
    except BaseException:
        commit.undo_folders()
        raise


@contextmanager
def _staging(into: Path) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix=".berth-import-", dir=into))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _stage(folder: Path, number: int, change: Change) -> Path | None:
    if change.content is None:
        return None
    path = folder / str(number)
    path.write_bytes(change.content.read())
    path.chmod(0o755 if change.content.is_executable else 0o644)
    return path


def _move(
    into: Path, folder: Path, changes: list[Change], staged: list[Path | None], commit: _Commit
) -> None:
    try:
        for number, (change, content) in enumerate(zip(changes, staged, strict=True)):
            target = into / change.path
            if os.path.lexists(target):
                kept = folder / f"{number}.old"
                os.replace(target, kept)
                commit.moved.append((target, kept))
            if content is not None:
                _make_folders(target.parent, commit)
                os.replace(content, target)
                commit.files.append(target)
    except BaseException:
        commit.undo_files()
        raise
    commit.folders.clear()
    _remove_empty(into, changes)


def _make_folders(folder: Path, commit: _Commit) -> None:
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    for each in reversed(missing):
        each.mkdir()
        commit.folders.append(each)


def _remove_empty(into: Path, changes: Iterable[Change]) -> None:
    """Remove the folders that removed files leave empty."""
    for change in changes:
        if change.content is None:
            for folder in (into / change.path).parents:
                if folder == into or any(folder.iterdir()):
                    break
                folder.rmdir()


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Let signals wait."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def diff(into: Path, changes: Iterable[Change]) -> Iterator[str]:
    """The changes as a unified diff; a new file of code is one line."""
    for change in changes:
        old = _read(into / change.path)
        if change.content is not None and old is None and change.is_code:
            yield f"new file {change.path}\n"
            continue
        new = None if change.content is None else change.content.read()
        if b"\0" in (old or b"") + (new or b""):
            yield f"binary file {change.path} differs\n"
            continue
        before, after = ((each or b"").decode("utf-8", "replace") for each in (old, new))
        was, now = (change.path if each is not None else "/dev/null" for each in (old, new))
        lines = difflib.unified_diff(before.splitlines(), after.splitlines(), was, now, lineterm="")
        yield from (f"{line}\n" for line in lines)


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None
