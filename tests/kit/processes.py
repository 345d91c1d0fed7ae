"""A server's processes as /proc shows them, and when they have ended."""

import os
import select
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from berth.runtime.process.template import NAME


def children(pid: int) -> list[int]:
    """The processes that a process started, those of all its threads."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(FileNotFoundError, ProcessLookupError):  # the thread ended meanwhile
            found += map(int, task.read_text().split())
    return found


def descendants(pid: int) -> list[int]:
    """The processes that a process started, and all that those started."""
    return [each for child in children(pid) for each in (child, *descendants(child))]


def environments(pid: int) -> list[int]:
    """The processes of functions that a server process has, without the template of them."""
    return [each for each in children(pid) if not is_template(each)]


def is_template(pid: int) -> bool:
    """Whether a process is the template of a server's environments."""
    with suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/comm").read_text() == f"{NAME}\n"
    return False


class Ends:
    """The ends of some processes, noticed even when a number has been given away again."""

    def __init__(self, descriptors: dict[int, int]) -> None:
        self._descriptors = descriptors

    def missing(self, seconds: float) -> list[int]:
        """Wait for all ends; the processes that still run after so many seconds."""
        deadline = time.monotonic() + seconds
        return [pid for pid in self._descriptors if not self._has_ended(pid, deadline)]

    def _has_ended(self, pid: int, deadline: float) -> bool:
        seconds = max(0.0, deadline - time.monotonic())
        return bool(select.select([self._descriptors[pid]], [], [], seconds)[0])


@contextmanager
def watching(*pids: int) -> Iterator[Ends]:
    """Watch processes that run now."""
    with ExitStack() as stack:
        descriptors = {}
        for pid in pids:
            descriptors[pid] = os.pidfd_open(pid)
            stack.callback(os.close, descriptors[pid])
        yield Ends(descriptors)
