"""All processes of a server, and what they use, as Linux tells it in /proc."""

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from berth.runtime.process.template import NAME

_TICKS = os.sysconf("SC_CLK_TCK")
_USER_TIME = 11  # the field after the process's name and state; three further times follow it


def children(pid: int) -> list[int]:
    """The processes that one process has started and that still exist."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            found += map(int, task.read_text("ascii").split())
    return found


def environments(pid: int) -> list[int]:
    """The processes of functions that a server process has, without the template of them."""
    return [each for each in children(pid) if not _has_name(each, NAME)]


def _has_name(pid: int, name: str) -> bool:
    with suppress(OSError):
        return Path(f"/proc/{pid}/comm").read_text("utf-8", "replace").rstrip() == name
    return False


def tree(pid: int) -> list[int]:
    """A process and all its descendants."""
    found = [pid]
    for each in found:  # grows while it is gone through
        found += children(each)
    return found


def cpu_seconds(pids: Sequence[int]) -> float:
    """The CPU that processes have used so far, and the children that they have waited for."""
    ticks = 0
    for pid in pids:
        with suppress(OSError):
            ticks += sum(_cpu_ticks(Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")))
    return ticks / _TICKS


def memory_bytes(pids: Sequence[int], name: str = "Pss") -> int:
    """The memory of processes: PSS shares what several processes hold among them."""
    total = 0
    for pid in pids:
        with suppress(OSError, StopIteration):
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text("ascii").splitlines()
            total += next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:")) * 1024
    return total


def _cpu_ticks(stat: str) -> tuple[int, ...]:
    """User and system time of a process, then of its children that have ended."""
    fields = stat.rpartition(")")[2].split()
    return tuple(map(int, fields[_USER_TIME : _USER_TIME + 4]))
