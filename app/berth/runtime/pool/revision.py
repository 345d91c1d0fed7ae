"""Whether a function's files have changed, for the development server."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from berth.model.function import PACKAGES_FOLDER, Function


def source_revision(function: Function) -> int:
    """A number that changes when any file of the function is added, removed or written."""
    return hash(tuple(sorted(_file_marks(function.directory))))


def _file_marks(folder: Path) -> Iterator[tuple[str, int, int]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name == "__pycache__":
                continue
            # Installed packages are replaced as one folder, so its own time stamp is enough.
            if entry.is_dir() and entry.name != PACKAGES_FOLDER:
                yield from _file_marks(Path(entry.path))
                continue
            with suppress(FileNotFoundError):  # editors replace files
                status = entry.stat()
                yield entry.path, status.st_mtime_ns, status.st_size
