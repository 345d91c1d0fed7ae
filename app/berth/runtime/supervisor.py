"""The supervisor: the threads and folders that all execution environments of a server process share.

Lambda has a supervisor, too: it starts runtimes, collects their logs and enforces limits.
"""

import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from typing import TypeVar

from berth.host.task_protection import TaskProtection
from berth.model.function import Function
from berth.runtime.environment import Instance
from berth.runtime.limits.memory_limiter import MemoryLimiter
from berth.runtime.logs.environment_log import EnvironmentLog
from berth.runtime.logs.log_format import find_format
from berth.runtime.logs.output_reader import OutputReader
from berth.runtime.outcome import log_source
from berth.runtime.sandbox.confinement import Confinement
from berth.runtime.sandbox.kernel import Kernel
from berth.runtime.search import server_packages
from berth.runtime.task_thread import TaskThread
from berth.runtime.temp_folders import TempFolders
from berth.settings import Settings

T = TypeVar("T")
log = logging.getLogger("berth")

_SECONDS_TO_REMOVE = 1.0  # of the time that the end of a server may take


class Supervisor:
    """Starts processes, reads their output, limits their memory and cleans up after them.

    Each of its threads is started when the first environment needs it.
    """

    def __init__(
        self,
        settings: Settings,
        descriptor: int,
        kernel: Kernel | None = None,
        packages: tuple[str, ...] = (),
    ) -> None:
        self.settings = settings
        self.packages = packages or server_packages()  # the folders of what is installed for all functions
        self._log_format = find_format(settings.log_format, descriptor)
        self.output = OutputReader(descriptor)
        self.limiter = MemoryLimiter()
        self.confinement = Confinement(settings, kernel)
        self.folders = TempFolders(self.confinement.temp_parent)
        agent = settings.agent_uri
        self._protection = TaskProtection(agent, settings.protect_after) if agent else None
        # The kernel kills a child when the *thread* that started it ends, so one thread starts them all.
        self._spawner = ThreadPoolExecutor(1, "berth-spawner")
        # A large process takes time to end, and neither a request nor a new process should wait for it.
        self._background = ThreadPoolExecutor(1, "berth-background")
        # One inline function runs at a time, so one thread is enough for all of them.
        self.inline_thread = TaskThread("berth-inline")
        self._at_end = ExitStack()

    def open_log(self, function: Function, instance: Instance) -> EnvironmentLog:
        """Make the log of one environment; it writes to the descriptor that all environments share."""
        return EnvironmentLog(self._log_format, log_source(function, instance), self.output.writer.write)

    def protect(self, function: Function) -> object:
        """Protect the ECS task from scale-in while a long invocation runs; elsewhere this does nothing.

        unprotect() takes what this returns.
        """
        return self._protection.begin(is_long=function.long_running) if self._protection else None

    def unprotect(self, invocation: object) -> None:
        """Count an invocation that protect() has counted no more."""
        if self._protection is not None:
            self._protection.end(invocation)

    def launch(self, start: Callable[[], T]) -> Future[T]:
        """Start a process in the thread that starts them all; raises RuntimeError if the server is ending."""
        return self._spawner.submit(start)

    def at_end(self, task: Callable[[], None]) -> None:
        """Have close() run a task, once no process is started any more."""
        self._at_end.callback(task)

    def in_background(self, task: Callable[[], None]) -> None:
        """Run a task that no request waits for, such as the cleaning after a process."""
        try:
            self._background.submit(task).add_done_callback(_log_failure)
        except RuntimeError:  # the server is ending, and the thread takes no more tasks
            task()

    def close(self) -> None:
        """End every thread and remove every folder; all environments must have been retired before."""
        self.folders.end_within(_SECONDS_TO_REMOVE)
        self.limiter.close()
        self._background.shutdown()
        self._spawner.shutdown()
        self._at_end.close()
        self.output.close()
        self.folders.close()
        if self._protection is not None:
            self._protection.close()
        self.inline_thread.close()  # last: a function that goes on takes time from the others


def _log_failure(done: "Future[None]") -> None:
    if (failed := done.exception()) is not None:
        log.error("a task in the background has failed", exc_info=failed)
