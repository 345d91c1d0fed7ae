"""Private temporary folders of execution environments, and the sweeping of what others left."""

import fcntl
import logging
import os
import shutil
import tempfile
import threading
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

    def create(self, function_name: str) -> Path:
        """Make an empty folder only this user can enter; raises OSError if there is no place for it."""
        with self._starting:
            if self._root is None:
                _sweep_abandoned()
                self._root, self._lock = _create_root()
        return Path(tempfile.mkdtemp(prefix=f"{function_name}-", dir=self._root))

    def close(self) -> None:
        """Remove everything."""
        with self._starting:
            root, self._root = self._root, None
            if root is not None:
                sweep(root)
                os.close(self._lock)


def sweep(folder: Path) -> None:
    """Remove a folder whatever its contents are, following no link."""
    shutil.rmtree(folder, ignore_errors=True)
    if folder.exists():
        _open_folders(folder)
        shutil.rmtree(folder, ignore_errors=True)
    if folder.exists():
        log.warning("%s could not be removed", folder)


def _open_folders(folder: Path) -> None:
    """A function may have taken its own rights away."""
    os.chmod(folder, 0o700)
    for parent, names, _ in os.walk(folder):
        for name in names:
            path = os.path.join(parent, name)
            if not os.path.islink(path):
                os.chmod(path, 0o700)


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
