"""Temporary folders of execution environments, and the removal of those that killed servers left."""

import fcntl
import logging
import os
import tempfile
import threading
import uuid
from contextlib import suppress
from pathlib import Path

_PREFIX = "berth-environments-"
# A Unix socket's path has 107 bytes at most, and libraries make theirs some folders below this one.
_NAME_LETTERS = 8

log = logging.getLogger("berth")


class TempFolders:
    """One folder for each environment, inside a root folder that belongs to this server process.

    The server process holds a lock on its root folder for as long as it lives. The kernel releases
    the lock however the process ends, so another server can tell which root folders it may remove.
    """

    def __init__(self) -> None:
        self._starting = threading.Lock()
        self._root: Path | None = None
        self._lock = -1
        self._is_closed = False

    def create(self, function_name: str) -> Path:
        """Make an empty folder that only this user can enter; raises OSError if it cannot be made."""
        with self._starting:
            if self._is_closed:
                raise OSError("the server is ending")
            if self._root is None or not self._root.exists():  # `rm -rf /tmp/*` is common on Lambda
                self._unlock()
                _sweep_abandoned()
                self._root, self._lock = _create_root()
            return Path(tempfile.mkdtemp(prefix=f"{function_name[:_NAME_LETTERS]}-", dir=self._root))

    def close(self) -> None:
        """Remove the root folder and everything in it."""
        with self._starting:
            self._is_closed = True
            if self._root is not None:
                sweep(self._root)
            self._unlock()

    def _unlock(self) -> None:
        lock, self._lock = self._lock, -1
        if lock >= 0:
            os.close(lock)


def sweep(folder: Path) -> None:
    """Remove a folder with its contents, without following links; log what cannot be removed."""
    try:
        if folder.is_symlink():
            folder.unlink()
        elif folder.exists():
            _remove(folder)
    except OSError as failed:
        log.warning("%s could not be removed: %s", folder, failed)


def _remove(folder: Path) -> None:
    """Remove a tree of any depth: each inner folder is first moved to the top, so that paths stay short."""
    os.chmod(folder, 0o700)  # the function may have removed its own access rights
    pending = [str(folder)]
    while pending:
        with os.scandir(pending[-1]) as entries:
            children = [(entry.path, entry.is_dir(follow_symlinks=False)) for entry in entries]
        if not children:
            os.rmdir(pending.pop())
        for path, is_folder in children:
            if is_folder:
                os.chmod(path, 0o700)
                pending.append(str(folder / uuid.uuid4().hex))
                os.rename(path, pending[-1])
            else:
                with suppress(FileNotFoundError):  # a process that left its group may still remove files here
                    os.unlink(path)


def _create_root() -> tuple[Path, int]:
    while True:
        root = Path(tempfile.mkdtemp(prefix=_PREFIX))
        lock = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
        fcntl.flock(lock, fcntl.LOCK_EX)
        if root.exists():  # another server may have removed the folder before it was locked
            return root, lock
        os.close(lock)


def _sweep_abandoned() -> None:
    """Remove the root folders of servers that were killed."""
    for root in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        try:
            lock = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        except OSError:
            continue  # another user's folder, or one that has just been removed
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            continue  # the server that owns the folder is running
        else:
            if os.fstat(lock).st_uid == os.getuid():
                sweep(root)
        finally:
            os.close(lock)
