"""A thread that runs short tasks one after the other, with less effort for each than an executor's."""

import threading
from collections.abc import Callable
from queue import SimpleQueue

_CLOSE_SECONDS = 2.0


class TaskThread:
    """Runs tasks in the order in which they come; the first one starts the thread.

    A server can end although a task runs on and on: nobody can end its thread.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._tasks: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    def begin(self, task: Callable[[], None]) -> None:
        """Have a task run that raises no exception."""
        if self._thread is None:
            self._start()
        self._tasks.put(task)

    def close(self) -> None:
        """Wait for the tasks that have begun, but no longer than two seconds."""
        if self._thread is not None:
            self._tasks.put(None)
            self._thread.join(_CLOSE_SECONDS)

    def _start(self) -> None:
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while (task := self._tasks.get()) is not None:
            task()
