"""The thread that ends execution environments which use more memory or processes than they may."""

import logging
import threading
import time
from typing import Protocol

from berth.errors import EnvironmentDied, OutOfMemory
from berth.runtime.limits.process_table import ProcessTable, Usage

_PERIOD_SECONDS = 0.025
_PERIODS_BETWEEN_ALL = 40  # all environments are checked once a second, those that run long in every period
_CLOSE_SECONDS = 2.0
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html: processes and threads.
MAX_TASKS = 1024

log = logging.getLogger("berth")


class LimitedEnvironment(Protocol):
    """What the limiter needs from an environment."""

    name: str
    limit_bytes: int
    busy_since: float  # when the running invocation began, by the monotonic clock; infinite while none runs

    @property
    def group(self) -> int | None:
        """The process group, or None while there is no process."""
        ...

    def note_memory(self, used: int, group: int) -> None:
        """Record how many bytes this process group uses now."""
        ...

    def kill_for(self, fault: EnvironmentDied, group: int) -> None:
        """Kill this process group; a running invocation ends with this fault."""
        ...

    def resume(self, group: int) -> None:
        """Let the process that leads this group go on after somebody has stopped it."""
        ...


class MemoryLimiter:
    """Kills environments that use more than they may; one thread checks all of them."""

    def __init__(self, table: ProcessTable | None = None) -> None:
        self._table = table or ProcessTable()
        self._environments: set[LimitedEnvironment] = set()
        self._suspects: set[int] = set()
        self._starting = threading.Lock()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None

    def add(self, environment: LimitedEnvironment) -> None:
        """Check an environment from now on."""
        with self._starting:
            self._environments.add(environment)
            if self._thread is None and not self._closing.is_set():
                if not self._table.is_readable:
                    log.warning("memorySize is not enforced on this system: it has no /proc")
                    self._closing.set()
                    return
                self._thread = threading.Thread(target=self._run, name="berth-memory-limiter", daemon=True)
                self._thread.start()

    def remove(self, environment: LimitedEnvironment) -> None:
        """Stop checking an environment."""
        with self._starting:
            self._environments.discard(environment)

    def close(self) -> None:
        """End the thread."""
        self._closing.set()
        with self._starting:
            thread, self._thread = self._thread, None
        if thread is not None:
            thread.join(_CLOSE_SECONDS)

    def _run(self) -> None:
        period = 0
        while not self._closing.wait(_PERIOD_SECONDS):
            period = (period + 1) % _PERIODS_BETWEEN_ALL
            try:
                self.look(idle_too=period == 0)
            except Exception:  # the thread must survive, or no limit would be enforced any more
                log.exception("looking at what environments use failed")

    def look(self, *, idle_too: bool = True) -> None:
        """Check every environment once, or only those whose invocation has run for a period already."""
        with self._starting:
            before = time.monotonic() - _PERIOD_SECONDS
            limited = {
                each.group: each for each in self._environments if idle_too or each.busy_since < before
            }
        by_group = {group: each for group, each in limited.items() if group is not None}
        if by_group:
            usages = self._table.usage(by_group.keys())
            for group, usage in usages.items():
                self._judge(group, by_group[group], usage)
            self._suspects -= by_group.keys() - usages.keys()

    def _judge(self, group: int, environment: LimitedEnvironment, usage: Usage) -> None:
        used = usage.resident_bytes
        if used > environment.limit_bytes:
            used = self._table.private_bytes(usage.pids)
        environment.note_memory(used, group)
        if usage.is_stopped:
            log.warning("%s: its process goes on: somebody has stopped it", environment.name)
            environment.resume(group)
        if usage.tasks > MAX_TASKS:
            log.warning("%s: ended: more than %d processes and threads", environment.name, MAX_TASKS)
            environment.kill_for(EnvironmentDied("Runtime exited with error: signal: killed"), group)
        elif used <= environment.limit_bytes:
            self._suspects.discard(group)
        elif len(usage.pids) == 1 or group in self._suspects:
            environment.kill_for(OutOfMemory(), group)
        else:
            # Between fork and exec a new process seems to use all its parent's memory, so the group is
            # killed only if the next check finds the same.
            self._suspects.add(group)
