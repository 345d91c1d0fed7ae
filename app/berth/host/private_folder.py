"""A folder that belongs to the server alone, inside a folder that everybody may write to."""

import os
import stat
from contextlib import suppress
from pathlib import Path


def make_private_folder(folder: Path) -> None:
    """Make a folder that only this user can enter, unless it is there.

    Raises OSError if it cannot be made, or if what is there may be somebody else's work.
    """
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    if problem := private_folder_problem(folder):
        raise PermissionError(problem)


def private_folder_problem(folder: Path) -> str | None:
    """Why a folder, or a file in it, may be somebody else's work; None if it is this user's or not there."""
    for path in (folder, *_entries(folder)):
        try:
            found = path.lstat()
        except FileNotFoundError:
            continue
        if stat.S_ISLNK(found.st_mode):
            return f"{path} is a symbolic link"
        if found.st_uid != os.getuid():
            return f"{path} belongs to another user"
        if found.st_mode & 0o077 and path == folder:
            return f"{path} is open to other users"
    return None


def _entries(folder: Path) -> list[Path]:
    """What is in a folder; nothing if it is not there, or if it is a link that leads elsewhere."""
    return list(folder.iterdir()) if folder.is_dir() and not folder.is_symlink() else []
