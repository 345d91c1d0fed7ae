"""The revision of a function's files, by which the development server sees that they were edited."""

import os
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import suppress

from berth.model.function import PACKAGES_FOLDER, Function
from berth.runtime.search import given_path

# Nobody edits these while a function is served, and they are large.
_PASSED_OVER = frozenset({"__pycache__", "node_modules", ".git", ".venv"})
# A link may lead to a whole disk: of what lies behind links, no more entries than this are looked at.
_MOST_LINKED = 2_000

Mark = tuple[str, int, int]


def source_revision(function: Function) -> int:
    """Compute a number that changes when a file of the function is added, removed or written.

    The function's files are those of its code, of the folder with its packages, of its layers and of the
    folders in its PYTHONPATH.
    """
    own = map(str, (function.code, function.directory, *function.layers))
    given = given_path(function, function.environment)
    return hash(tuple(sorted(_file_marks([*own, *given]))))


def _file_marks(folders: Iterable[str]) -> Iterator[Mark]:
    """Read each folder once, even if a link leads back to it; what lies behind links comes last."""
    own, linked = deque(folders), deque[str]()
    visited: set[tuple[int, int]] = set()
    linked_left = _MOST_LINKED
    while own or (linked and linked_left > 0):
        is_linked = not own
        for entry in _entries((own or linked).popleft(), visited):
            linked_left -= is_linked
            with suppress(OSError):  # a link to itself, or a file that an editor replaces at this moment
                # Installing packages replaces their whole folder, so its own time stamp is enough.
                if entry.is_dir() and entry.name != PACKAGES_FOLDER:
                    (linked if is_linked or entry.is_symlink() else own).append(entry.path)
                else:
                    status = entry.stat()
                    yield entry.path, status.st_mtime_ns, status.st_size


def _entries(folder: str, visited: set[tuple[int, int]]) -> list[os.DirEntry[str]]:
    """The entries of a folder that can be read and has not been visited; others have none."""
    try:
        status = os.stat(folder)
        place = status.st_dev, status.st_ino
        if place in visited:
            return []
        visited.add(place)
        with os.scandir(folder) as entries:
            return [entry for entry in entries if entry.name not in _PASSED_OVER]
    except OSError:
        return []
