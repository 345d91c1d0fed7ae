"""What all processes of one environment share: its log, its output pipe, its temporary folder, its limits."""

import math
import time
from contextlib import ExitStack
from pathlib import Path

from berth.model.function import Function
from berth.runtime.environment import Instance
from berth.runtime.logs.output_pipe import OutputPipe
from berth.runtime.process.limited_process import LimitedProcess
from berth.runtime.supervisor import Supervisor


class Resources:
    """The resources of one environment; open() and close() take and give back what the system lends."""

    def __init__(self, function: Function, supervisor: Supervisor, instance: Instance) -> None:
        self.log = supervisor.open_log(function, instance)
        self.pipe = OutputPipe(self.log)
        self.limited = LimitedProcess(function, self.log.show_start)
        self._function = function
        self._supervisor = supervisor
        self._folder: Path | None = None
        self._protection: object = None  # of the task, while an invocation runs; see Supervisor.protect()

    @property
    def folder(self) -> Path:
        """The temporary folder."""
        assert self._folder is not None, "the environment is open"
        return self._folder

    def open(self, on_failure: ExitStack) -> None:
        """Make the folder and the pipe; raises OSError. `on_failure` undoes what was done."""
        supervisor = self._supervisor
        self._folder = folder = supervisor.folders.create(self._function.name)
        on_failure.callback(supervisor.folders.remove, folder)
        self.pipe.open()
        on_failure.callback(self.pipe.close)
        supervisor.output.add(self.pipe)
        on_failure.callback(supervisor.output.remove, self.pipe)
        supervisor.limiter.add(self.limited)
        on_failure.callback(supervisor.limiter.remove, self.limited)

    def close(self) -> None:
        """Close the pipe, and limit nothing any more; the folder stays until its processes have ended."""
        self._supervisor.limiter.remove(self.limited)
        self._supervisor.output.remove(self.pipe)

    def remove_folder(self) -> None:
        """Remove the temporary folder."""
        self._supervisor.folders.remove(self.folder)

    def occupy(self) -> None:
        """Begin the time of an invocation, for the memory limiter and the ECS agent."""
        self.limited.busy_since = time.monotonic()
        self._protection = self._supervisor.protect(self._function)

    def vacate(self) -> None:
        """End the time of an invocation."""
        self.limited.busy_since = math.inf
        self._supervisor.unprotect(self._protection)
