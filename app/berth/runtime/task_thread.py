"""A thread that runs short tasks one after the other, with less effort for each than an executor's."""

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from queue import SimpleQueue
from typing import TypeVar

T = TypeVar("T")

_CLOSE_SECONDS = 0.1


class TaskThread:
    """Runs tasks in the order in which they come; the first one starts the thread.

    A server can end although a task runs on and on: nobody can end its thread.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._tasks: deque[Callable[[], object]] = deque()
        self._told: SimpleQueue[bool] = SimpleQueue()  # whether to go on, once something is to be done
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    def begin(self, task: Callable[[], object]) -> None:
        """Have the thread run a task, and do not wait; the task must not raise an exception.

        Raises RuntimeError if no thread can be started.
        """
        if self._thread is None:
            self._start()
        self._tasks.append(task)
        self._told.put(True)

    def call(self, task: Callable[[], T]) -> T:
        """Have the thread run a task, and wait for what it returns or raises."""
        if threading.current_thread() is self._thread:
            return task()
        done: Future[T] = Future()
        self.begin(partial(_settle, done, task))
        return done.result()

    def close(self) -> None:
        """End the thread; a task that still runs is not waited for."""
        if self._thread is not None:
            self._told.put(False)
            self._thread.join(_CLOSE_SECONDS)

    def _start(self) -> None:
        with self._starting:
            if self._thread is None:
                thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                thread.start()
                self._thread = thread

    def _run(self) -> None:
        goes_on = True
        while goes_on:
            # Libraries for time limits raise exceptions in other threads, sometimes after the task has ended.
            # Such an exception is dropped: the thread is waiting then, and no task has left the list.
            with suppress(BaseException):
                while self._tasks:
                    self._tasks.popleft()()
                goes_on = self._told.get()


def _settle(done: "Future[T]", task: Callable[[], T]) -> None:
    try:
        done.set_result(task())
    except BaseException as failed:  # noqa: BLE001 - the thread that waits raises it
        done.set_exception(failed)
