"""Private temporary folders of execution environments, and the sweeping of what others left."""

import fcntl
import logging
import os
import tempfile
import threading
import uuid
from contextlib import suppress
from pathlib import Path

_PREFIX = "berth-environments-"

log = logging.getLogger("berth")


class TempFolders:
    """One folder for each environment, in one that belongs to this server process.

    The process holds a lock on that one as long as it lives, however it ends: so the next server
    knows what it may sweep.
    """

    def __init__(self) -> None:
        self._starting = threading.Lock()
        self._root: Path | None = None
        self._lock = -1
        self._is_closed = False

    def create(self, function_name: str) -> Path:
        """Make an empty folder only this user can enter; raises OSError if there is no place for it."""
        with self._starting:
            if self._is_closed:
                raise OSError("the server is ending")
            if self._root is None or not self._root.exists():  # `rm -rf /tmp/*` is common on Lambda
                self._unlock()
                _sweep_abandoned()
                self._root, self._lock = _create_root()
            return Path(tempfile.mkdtemp(prefix=f"{function_name}-", dir=self._root))

    def close(self) -> None:
        """Remove everything."""
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
    """Remove a folder whatever its contents are, following no link; what cannot be removed is logged."""
    try:
        if folder.is_symlink():
            folder.unlink()
        elif folder.exists():
            _remove(folder)
    except OSError as failed:
        log.warning("%s could not be removed: %s", folder, failed)


def _remove(folder: Path) -> None:
    """Remove a tree of any depth: every folder in it is first moved to the top."""
    os.chmod(folder, 0o700)  # a function may have taken its own rights away
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
                with suppress(FileNotFoundError):  # a process that escaped may be at work here, too
                    os.unlink(path)


def _create_root() -> tuple[Path, int]:
    while True:
        root = Path(tempfile.mkdtemp(prefix=_PREFIX))
        lock = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
        fcntl.flock(lock, fcntl.LOCK_EX)
        if root.exists():  # another server may have swept it before it was locked
            return root, lock
        os.close(lock)


def _sweep_abandoned() -> None:
    """Remove the folders of servers that were killed."""
    for root in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        try:
            lock = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        except OSError:
            continue  # not ours, or gone
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            continue  # its server lives
        else:
            if os.fstat(lock).st_uid == os.getuid():
                sweep(root)
        finally:
            os.close(lock)
