"""What the machine has to give: a container's limits go before the host's."""

import os
import resource
from contextlib import suppress
from pathlib import Path

CGROUP = Path("/sys/fs/cgroup")


def usable_cpus(cgroup: Path = CGROUP) -> int:
    """How many CPUs this process may use at one time, at least one."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(allowed, round(_cpu_quota(cgroup) or allowed)))


def memory_bytes(cgroup: Path = CGROUP) -> int:
    """How much memory there is for everything in this container, or on this machine."""
    installed = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limits = (_number(cgroup / "memory.max"), _number(cgroup / "memory/memory.limit_in_bytes"))
    return int(min(installed, *(limit for limit in limits if limit is not None), installed))


def raise_descriptor_limit() -> None:
    """Allow this process as many open files as the system lets it: environments and connections need them."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):  # macOS calls the limit infinite and then refuses that value
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _cpu_quota(cgroup: Path) -> float | None:
    """The CPUs' worth of time of a cgroup: version 2's one file, or version 1's two."""
    words = (_read(cgroup / "cpu.max") or "").split()
    if len(words) == 2 and words[0] != "max":
        return int(words[0]) / int(words[1])
    quota, period = _number(cgroup / "cpu/cpu.cfs_quota_us"), _number(cgroup / "cpu/cpu.cfs_period_us")
    return quota / period if quota and period and quota > 0 else None


def _number(file: Path) -> int | None:
    text = _read(file)
    return int(text) if text and text.lstrip("-").isdigit() else None


def _read(file: Path) -> str | None:
    try:
        return file.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError):
        return None
