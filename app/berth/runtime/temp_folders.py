"""Temporary folders of execution environments, and the removal of those that killed servers left."""

import fcntl
import logging
import math
import os
import tempfile
import threading
import time
import uuid
from collections.abc import Generator
from contextlib import suppress
from itertools import islice
from pathlib import Path

_PREFIX = "berth-environments-"
_AT_ONCE = 500  # files that a request may wait for
_BATCH = 4096
_CLOSE_SECONDS = 1.0
# A Unix socket's path has 107 bytes at most, and libraries make theirs some folders below this one.
_NAME_LETTERS = 8

log = logging.getLogger("berth")


class TempFolders:
    """One folder for each environment, inside a root folder that belongs to this server process.

    The server process holds a lock on its root folder for as long as it lives. The kernel releases
    the lock however the process ends, so another server can tell which root folders it may remove.
    """

    def __init__(self, parent: str | None = None) -> None:
        self._parent = parent  # None: the system's folder for temporary files
        self._starting = threading.Lock()
        self._root: Path | None = None
        self._lock = -1
        self._sweeper: threading.Thread | None = None
        self._latest = math.inf  # when removing ends, whatever is left then
        self._is_closed = False

    def create(self, function_name: str) -> Path:
        """Make an empty folder that only this user can enter; raises OSError if it cannot be made."""
        with self._starting:
            if self._is_closed:
                raise OSError("the server is ending")
            if self._root is None or not self._root.exists():  # `rm -rf /tmp/*` is common on Lambda
                self._unlock()
                self._sweep_abandoned()
                self._root, self._lock = _create_root(self._parent)
            return Path(tempfile.mkdtemp(prefix=f"{function_name[:_NAME_LETTERS]}-", dir=self._root))

    def remove(self, folder: Path) -> None:
        """Remove a folder with its contents; of very many files the next server removes the rest."""
        self._take(_removals(folder))

    def end_within(self, seconds: float) -> None:
        """Let every removal end after so many seconds, those included that have begun."""
        self._latest = min(self._latest, time.monotonic() + seconds)

    def close(self) -> None:
        """Remove the root folder with everything in it; of very many files what a second is enough for."""
        self.end_within(_CLOSE_SECONDS)
        with self._starting:
            self._is_closed = True
            sweeper, self._sweeper = self._sweeper, None
            if self._root is not None:
                self.remove(self._root)
            self._unlock()
        if sweeper is not None:
            sweeper.join()

    def _sweep_abandoned(self) -> None:
        """Remove what killed servers left: a little at once, and very much in a thread of its own."""
        steps = _abandoned(Path(self._parent or tempfile.gettempdir()))
        if sum(1 for _ in islice(steps, _AT_ONCE)) == _AT_ONCE and self._sweeper is None:
            self._sweeper = threading.Thread(
                target=self._take, args=(steps,), name="berth-sweeper", daemon=True
            )
            self._sweeper.start()

    def _take(self, steps: Generator[None, None, None]) -> None:
        """Take the steps of a removal one by one until it is done or, after the first few, too late."""
        for count, _ in enumerate(steps):
            if count >= _AT_ONCE and time.monotonic() > self._latest:
                steps.close()

    def _unlock(self) -> None:
        lock, self._lock = self._lock, -1
        if lock >= 0:
            os.close(lock)


def sweep(folder: Path) -> None:
    """Remove a folder with its contents, without following links; log what cannot be removed."""
    for _ in _removals(folder):
        pass


def _removals(folder: Path) -> Generator[None, None, None]:
    """The steps of removing a folder: each removes one file or folder inside it."""
    try:
        if folder.is_symlink():
            folder.unlink()
        elif folder.exists():
            yield from _removals_inside(folder)
    except OSError as failed:
        log.warning("%s could not be removed: %s", folder, failed)


def _removals_inside(folder: Path) -> Generator[None, None, None]:
    """Remove a tree of any depth: each inner folder is first moved to the top, so that paths stay short."""
    os.chmod(folder, 0o700)  # the function may have removed its own access rights
    pending = [str(folder)]
    while pending:
        with os.scandir(pending[-1]) as entries:
            some = [(entry.path, entry.is_dir(follow_symlinks=False)) for entry in islice(entries, _BATCH)]
        if not some:
            os.rmdir(pending.pop())
        for path, is_folder in some:
            if is_folder:
                os.chmod(path, 0o700)
                pending.append(str(folder / uuid.uuid4().hex))
                os.rename(path, pending[-1])
            else:
                with suppress(FileNotFoundError):  # a process that left its group may still remove files here
                    os.unlink(path)
            yield


def _create_root(parent: str | None) -> tuple[Path, int]:
    while True:
        root = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))
        try:
            lock = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
        except FileNotFoundError:
            continue  # another server has removed the folder before it was opened
        fcntl.flock(lock, fcntl.LOCK_EX)
        if root.exists():  # another server may have removed the folder before it was locked
            return root, lock
        os.close(lock)


def _abandoned(parent: Path) -> Generator[None, None, None]:
    """The steps of removing the root folders of servers that were killed."""
    for root in parent.glob(f"{_PREFIX}*"):
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
                yield from _removals(root)
        finally:
            os.close(lock)
