"""The one thread of a server process that reads what all environments print."""

import os
import selectors
import threading
import time
from contextlib import suppress

from berth.runtime.logs.log_writer import LogWriter
from berth.runtime.logs.output_pipe import PIPE_BYTES, OutputPipe

# What is printed stays in its pipe for a moment: most invocations end within it, and then the
# request's own thread takes the output along.
_PAUSE_SECONDS = 0.002
_CLOSE_SECONDS = 1.0


class OutputReader:
    """Reads a little of every pipe in turn, so that no flood stalls another's output.

    It also writes what the LogWriter could not at once; while that blocks nothing is read, and a
    function that prints more has to wait.
    """

    def __init__(self, descriptor: int) -> None:
        self.writer = LogWriter(descriptor, self._wake)
        self._selector = selectors.DefaultSelector()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None
        self._bell = -1  # the pipe that wakes the thread, from _start() on
        self._button = -1
        self._is_closed = False

    def add(self, pipe: OutputPipe) -> None:
        """Read a pipe from now on."""
        self._start()
        self._selector.register(pipe, selectors.EVENT_READ, pipe)

    def remove(self, pipe: OutputPipe) -> None:
        """Take what the pipe still holds, and close it."""
        with suppress(KeyError, ValueError):  # the server is ending
            self._selector.unregister(pipe)
        pipe.close()

    def close(self) -> None:
        """Write what waits and end the thread; it must have no pipes any more."""
        with self._starting:
            self._is_closed = True
            thread, self._thread = self._thread, None
        if thread is not None:
            self._ring()
            thread.join(_CLOSE_SECONDS)
        self.writer.flush(_CLOSE_SECONDS)
        if thread is None:
            self._selector.close()
        elif not thread.is_alive():
            self._selector.close()
            os.close(self._bell)
            os.close(self._button)

    def _start(self) -> None:
        with self._starting:
            if self._thread is None and not self._is_closed:
                self._bell, self._button = os.pipe()
                os.set_blocking(self._button, False)
                self._selector.register(self._bell, selectors.EVENT_READ)
                self._thread = threading.Thread(target=self._run, name="berth-output", daemon=True)
                self._thread.start()

    def _wake(self) -> None:
        self._start()
        if self._thread is not None:
            self._ring()

    def _ring(self) -> None:
        with suppress(BlockingIOError):
            os.write(self._button, b"!")

    def _run(self) -> None:
        is_flooded = False
        while not self._is_closed:
            ready = self._selector.select()
            if not is_flooded:
                time.sleep(_PAUSE_SECONDS)
            pipes = [key.data for key, _ in ready if key.data is not None]
            if len(pipes) < len(ready):
                os.read(self._bell, PIPE_BYTES)
            is_flooded = sum(pipe.read() for pipe in pipes) >= PIPE_BYTES // 2
            self.writer.flush()
