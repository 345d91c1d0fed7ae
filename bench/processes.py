"""All processes of a server, and what they use, as Linux tells it in /proc."""

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from berth.runtime.process.template import NAME

_TICKS = os.sysconf("SC_CLK_TCK")
_USER_TIME = 12  # where it is in what stat_fields() returns; three further times follow it


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
        # User and system time of the process, then of its children that have ended.
        ticks += sum(map(int, stat_fields(pid)[_USER_TIME : _USER_TIME + 4]))
    return ticks / _TICKS


def memory_bytes(pids: Sequence[int], name: str = "Pss") -> int:
    """The memory of processes: PSS shares what several processes hold among them."""
    total = 0
    for pid in pids:
        with suppress(OSError, StopIteration):
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text("ascii").splitlines()
            total += next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:")) * 1024
    return total


def stat_fields(pid: int) -> list[str]:
    """The fields of /proc/[pid]/stat from the process's name on; nothing if there is no such process."""
    with suppress(OSError):
        name, _, fields = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")
        return [name.partition("(")[2], *fields.split()]
    return []
