"""The thread that reads what all environments of a server process print."""

import os
import selectors
import threading
import time
from contextlib import suppress

from berth.runtime.logs.log_writer import LogWriter
from berth.runtime.logs.output_pipe import PIPE_BYTES, OutputPipe

# The thread leaves output in its pipe for a moment. Most invocations end within it, and then the
# request's own thread takes the output, which saves a switch between threads.
_PAUSE_SECONDS = 0.002
_CLOSE_SECONDS = 1.0


class OutputReader:
    """Reads a little of every pipe in turn, so that an environment that floods its pipe delays no other.

    The thread also writes the chunks that the LogWriter had to keep. While that blocks, no pipe is
    read, and a function that fills its pipe has to wait.
    """

    def __init__(self, descriptor: int) -> None:
        self.writer = LogWriter(descriptor, self._wake)
        self._selector = selectors.DefaultSelector()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None
        self._bell = -1  # _start() opens the pipe that wakes the thread: this is its reading end
        self._button = -1  # its writing end
        self._is_closed = False

    def add(self, pipe: OutputPipe) -> None:
        """Read a pipe from now on; starts the thread with the first one."""
        self._start()
        self._selector.register(pipe, selectors.EVENT_READ, pipe)

    def remove(self, pipe: OutputPipe) -> None:
        """Stop reading a pipe: take what it still holds, and close it."""
        with suppress(KeyError, ValueError):  # the server is ending
            self._selector.unregister(pipe)
        pipe.close()

    def close(self) -> None:
        """Write what waits and end the thread; every pipe must have been removed before."""
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
