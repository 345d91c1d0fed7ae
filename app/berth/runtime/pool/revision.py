"""The revision of a function's files, by which the development server sees that they were edited."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from berth.model.function import PACKAGES_FOLDER, Function


def source_revision(function: Function) -> int:
    """Compute a number that changes when any file of the function is added, removed or written."""
    return hash(tuple(sorted(_file_marks(function.directory))))


def _file_marks(folder: Path) -> Iterator[tuple[str, int, int]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name == "__pycache__":
                continue
            # Installing packages replaces their whole folder, so its own time stamp is enough.
            if entry.is_dir() and entry.name != PACKAGES_FOLDER:
                yield from _file_marks(Path(entry.path))
                continue
            with suppress(FileNotFoundError):  # an editor may be replacing the file at this moment
                status = entry.stat()
                yield entry.path, status.st_mtime_ns, status.st_size
