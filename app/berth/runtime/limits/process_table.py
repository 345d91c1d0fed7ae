"""How much memory and how many processes a process group uses, read from /proc.

A system without /proc, such as macOS, has no figures.
"""

import os
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from berth.model.value_class import value_class

PROC = Path("/proc")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
# The lines of smaps_rollup, and those of status.
_PRIVATE = (b"Pss_Anon:", b"Pss_Shmem:", b"SwapPss:", b"RssAnon:", b"RssShmem:", b"VmSwap:")


@value_class
class Usage:
    """How much one process group uses now."""

    pids: tuple[int, ...]
    resident_bytes: int  # pages that processes share are counted more than once
    tasks: int  # processes and threads
    is_stopped: bool = False  # somebody has stopped the process that leads the group


@value_class
class _Stat:
    group: int
    tasks: int
    resident_bytes: int
    is_stopped: bool


class ProcessTable:
    """Finds the members of process groups; remembers known processes, so that only new ones are read."""

    def __init__(self, proc: Path = PROC) -> None:
        self._proc = proc
        self._groups: dict[int, int] = {}  # the group of each process of the machine, by pid
        self._newest = b""

    @property
    def is_readable(self) -> bool:
        """Whether this system has a /proc."""
        return (self._proc / "self/stat").exists()

    def usage(self, leaders: Collection[int]) -> dict[int, Usage]:
        """The usage of each group with one of these leaders; a group that has ended is left out."""
        self._look_for_new()
        members: dict[int, list[tuple[int, _Stat]]] = {}
        candidates = [pid for pid, group in self._groups.items() if group in leaders or pid in leaders]
        for pid in candidates:
            stat = self._read(pid)
            if stat is not None:
                self._groups[pid] = stat.group
                members.setdefault(stat.group, []).append((pid, stat))
        return {group: _sum(found) for group, found in members.items() if group in leaders}

    def private_bytes(self, pids: Collection[int]) -> int:
        """The memory of processes, with shared memory counted once and unchanged file pages not at all.

        Lambda's limit is counted in the same way: the kernel can drop unchanged file pages at any time.
        """
        return sum(self._read_private(pid) for pid in pids)

    def _look_for_new(self) -> None:
        # The last number of loadavg is the newest process or thread. If it is the same, none was added.
        newest = _read_bytes(self._proc / "loadavg").rpartition(b" ")[2]
        if newest and newest == self._newest:
            return
        try:
            listed = {int(name) for name in os.listdir(self._proc) if name.isdigit()}
        except OSError:  # for example, the server has no free file descriptor now
            return
        self._newest = newest
        for gone in self._groups.keys() - listed:
            del self._groups[gone]
        for pid in listed - self._groups.keys():
            stat = self._read(pid)
            if stat is not None:
                self._groups[pid] = stat.group

    def _read(self, pid: int) -> _Stat | None:
        # The process name, in parentheses, may contain any character; the numbers follow it.
        fields = _read_bytes(self._proc / str(pid) / "stat").rpartition(b") ")[2].split()
        if len(fields) < 22 or fields[0] in {b"Z", b"X"}:
            return None
        return _Stat(int(fields[2]), int(fields[17]), int(fields[21]) * _PAGE_BYTES, fields[0] == b"T")

    def _read_private(self, pid: int) -> int:
        lines = _read_bytes(self._proc / str(pid) / "smaps_rollup").splitlines()
        if not lines:  # an old kernel, or a process that is hidden: shared memory counts for each process
            lines = _read_bytes(self._proc / str(pid) / "status").splitlines()
        found = [int(line.split()[1]) * 1024 for line in lines if line.startswith(_PRIVATE)]
        if not found:  # the resident size is too high, but it is a limit
            stat = self._read(pid)
            return stat.resident_bytes if stat is not None else 0
        return sum(found)


def _sum(members: list[tuple[int, _Stat]]) -> Usage:
    return Usage(
        tuple(pid for pid, _ in members),
        sum(stat.resident_bytes for _, stat in members),
        sum(stat.tasks for _, stat in members),
        any(stat.is_stopped for pid, stat in members if pid == stat.group),
    )


def _read_bytes(path: Path) -> bytes:
    with suppress(OSError):
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            return os.read(descriptor, 65_536)
        finally:
            os.close(descriptor)
    return b""


class PeakMemory:
    """Reads the peak memory of one process; keeps the file open because it is read often."""

    def __init__(self, pid: int, proc: Path = PROC) -> None:
        try:
            self._status = os.open(proc / str(pid) / "status", os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            self._status = -1

    def read(self) -> int:
        """The peak in bytes; 0 if the system does not report it or the process has ended."""
        with suppress(OSError):
            return _peak(os.pread(self._status, 4096, 0)) if self._status >= 0 else 0
        return 0

    def close(self) -> None:
        """Close the file."""
        if self._status >= 0:
            os.close(self._status)
            self._status = -1


def _peak(status: bytes) -> int:
    start = status.find(b"\nVmHWM:")
    return int(status[start + 7 :].split(None, 1)[0]) * 1024 if start >= 0 else 0
