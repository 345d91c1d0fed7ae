"""An environment as the memory limiter sees it: its present process, and since when an invocation runs."""

import math
from collections.abc import Callable

from berth.errors import EnvironmentDied
from berth.model.function import Function
from berth.runtime.process.runtime_process import RuntimeProcess

_MIB = 1024 * 1024


class LimitedProcess:
    """One environment, as the limiter's thread reads it and acts on it; see LimitedEnvironment.

    The limiter's thread calls the methods; the environment sets `process` and `busy_since`.
    """

    def __init__(self, function: Function, show_start: Callable[[], None]) -> None:
        self.name = function.name
        self.limit_bytes = function.memory_size * _MIB
        self.busy_since = math.inf
        self.process: RuntimeProcess | None = None
        self._show_start = show_start

    @property
    def group(self) -> int | None:
        """The process group, or None while there is no process."""
        process = self.process
        return process.pid if process is not None else None

    def note_memory(self, used: int, group: int) -> None:
        """Record how many bytes this process group uses now."""
        self._show_start()  # an invocation that lasts until a check is long enough to be announced
        if process := self._process_of(group):
            process.most_memory = max(process.most_memory, used)

    def kill_for(self, fault: EnvironmentDied, group: int) -> None:
        """Kill this process group for a fault."""
        if process := self._process_of(group):
            process.kill_for(fault)

    def resume(self, group: int) -> None:
        """Let the process go on after somebody has stopped it."""
        if process := self._process_of(group):
            process.resume()

    def _process_of(self, group: int) -> RuntimeProcess | None:
        process = self.process
        return process if process is not None and process.pid == group else None
