"""A server's processes as /proc shows them."""

import os
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_ZOMBIE_SECONDS = 5.0


@dataclass(frozen=True)
class Vitals:
    """What one worker uses at one moment."""

    megabytes: float
    descriptors: int
    environments: int


class ServerProcesses:
    """gunicorn's master, its workers, and their environments."""

    def __init__(self, master: int) -> None:
        self._master = master

    def workers(self) -> list[int]:
        """The workers."""
        return _children(self._master)

    def environments(self) -> list[int]:
        """The processes that run functions."""
        return [pid for worker in self.workers() for pid in _children(worker)]

    def everyone(self) -> list[int]:
        """Every process of the server."""
        return [self._master, *self.workers(), *self.environments()]

    def vitals(self) -> Vitals | None:
        """What the worker uses; None while there is none."""
        for worker in self.workers():
            with suppress(OSError):
                pages = int(Path(f"/proc/{worker}/statm").read_text().split()[1])
                descriptors = len(os.listdir(f"/proc/{worker}/fd"))
                return Vitals(pages * _PAGE_BYTES / 1e6, descriptors, len(_children(worker)))
        return None

    def await_no_zombie(self, problems: list[str]) -> None:
        """Give the server a moment to collect who has died; who has not been by then is a problem."""
        deadline = time.monotonic() + _ZOMBIE_SECONDS
        while (
            zombies := [pid for pid in self.everyone() if _is_zombie(pid)]
        ) and time.monotonic() < deadline:
            time.sleep(0.05)
        problems += [f"process {pid} is a zombie" for pid in zombies]


def _children(pid: int) -> list[int]:
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            found += map(int, task.read_text().split())
    return found


def _is_zombie(pid: int) -> bool:
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    return False
