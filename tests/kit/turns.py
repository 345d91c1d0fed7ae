"""Turns for tests: one that promises an end within seconds runs while no other process runs a test."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO


class Turns:
    """Two locks that the processes of a run share, as files of one folder."""

    def __init__(self, folder: Path) -> None:
        self._door, self._room = (self._open(folder / name) for name in ("door", "room"))

    @staticmethod
    def _open(path: Path) -> IO[bytes]:
        return path.open("ab")

    @contextmanager
    def taken(self, *, alone: bool) -> Iterator[None]:
        """Wait for a turn. A test that wants to be alone keeps the door shut until the others have ended."""
        fcntl.flock(self._door, fcntl.LOCK_EX)
        try:
            fcntl.flock(self._room, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        finally:
            fcntl.flock(self._door, fcntl.LOCK_UN)
        try:
            yield
        finally:
            fcntl.flock(self._room, fcntl.LOCK_UN)

    def close(self) -> None:
        """Close both files."""
        self._door.close()
        self._room.close()
