"""The server's stdout, which all environments share; writing to it never blocks a request."""

import logging
import os
import select
import stat
import threading
import time
from collections import deque
from collections.abc import Callable
from functools import cached_property

STDOUT = 1

# A pipe that is ready for writing takes this many bytes without blocking.
_AT_ONCE = select.PIPE_BUF
# So many bytes may wait while nobody reads stdout, as happens with a container's log driver in blocking
# mode; what is written beyond them is lost.
_MOST_WAITING = 16 * 1024 * 1024

_Chunk = bytes | memoryview

log = logging.getLogger("berth")


class LogWriter:
    """Writes chunks in order: at once if the descriptor takes them, else from a thread that may block."""

    def __init__(self, descriptor: int, wake: Callable[[], None]) -> None:
        self._descriptor = descriptor
        self._wake = wake  # asks the thread that may block to call flush()
        self._counting = threading.Lock()
        self._writing = threading.Lock()
        self._waiting: deque[_Chunk] = deque()
        self._waiting_bytes = 0
        self._lost_bytes = 0
        self._is_held = False
        self._poller = select.poll()
        self._poller.register(descriptor, select.POLLOUT)

    def write(self, chunk: bytes) -> None:
        """Write a chunk at once, or keep it for the thread that may block."""
        if not chunk:
            return
        with self._counting:
            if self._waiting_bytes > _MOST_WAITING:
                self._lost_bytes += len(chunk)
                return
            self._waiting_bytes += len(chunk)
            self._waiting.append(chunk)
        if not self._is_held:
            self._write_at_once()

    def hold(self) -> None:
        """Keep back what is written until release(), which the same thread calls soon."""
        self._is_held = True

    def release(self) -> None:
        """Write what was kept back since hold(); does nothing without it."""
        was_held, self._is_held = self._is_held, False
        if was_held and self._waiting:
            self._write_at_once()

    def _write_at_once(self) -> None:
        """Write what waits, unless another thread is writing: that one looks for more before it ends."""
        is_ready = True
        while is_ready and self._waiting and self._writing.acquire(blocking=False):
            try:
                is_ready = self._put_all(self._write_some)
            finally:
                self._writing.release()
        if not is_ready:
            self._wake()

    def flush(self, seconds: float | None = None) -> None:
        """Write every waiting chunk; blocks for at most this many seconds, or without a limit if None."""
        deadline = None if seconds is None else time.monotonic() + seconds
        if not self._writing.acquire(timeout=-1 if seconds is None else seconds):
            return
        try:
            is_ready = self._put_all(lambda chunk: self._write_patiently(chunk, deadline))
        finally:
            self._writing.release()
        if is_ready:  # what other threads have brought since the last look
            self._write_at_once()
        with self._counting:
            lost, self._lost_bytes = self._lost_bytes, 0
        if lost:
            log.warning("%d bytes of function logs were lost: nobody reads the server's output", lost)

    def _put_all(self, put: Callable[[_Chunk], int]) -> bool:
        """Write what waits; False if the descriptor takes no more."""
        while self._waiting:
            block = self._take_first()
            count = put(block)
            if count < len(block):
                self._give_back(memoryview(block)[count:])
            if count == 0:
                return False
        return True

    def _take_first(self) -> _Chunk:
        """Take what waits longest, joined with what comes next as far as it is written at once."""
        with self._counting:
            chunks = [self._waiting.popleft()]
            size = len(chunks[0])
            while self._waiting and size + len(self._waiting[0]) <= _AT_ONCE:
                size += len(self._waiting[0])
                chunks.append(self._waiting.popleft())
            self._waiting_bytes -= size
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)

    def _give_back(self, rest: memoryview) -> None:
        """Let what was not written wait again, before all others."""
        with self._counting:
            self._waiting_bytes += len(rest)
            self._waiting.appendleft(rest)

    def _write_some(self, chunk: _Chunk) -> int:
        """Write without blocking and return how many bytes were written; a pipe may take a part only."""
        if self._is_file:
            return self._write(chunk)
        if not self._poller.poll(0):
            return 0
        return self._write(_piece(chunk))

    def _write_patiently(self, chunk: _Chunk, deadline: float | None) -> int:
        seconds = None if deadline is None else max(0.0, deadline - time.monotonic())
        if not self._poller.poll(None if seconds is None else seconds * 1000):
            return 0
        return self._write(_piece(chunk))

    def _write(self, chunk: _Chunk) -> int:
        try:
            return os.write(self._descriptor, chunk)
        except BlockingIOError:
            return 0
        except OSError:  # the reader is gone or the disk is full: drop the chunk and go on serving
            return len(chunk)

    @cached_property
    def _is_file(self) -> bool:
        return stat.S_ISREG(os.fstat(self._descriptor).st_mode)


def _piece(chunk: _Chunk) -> _Chunk:
    """The part to write at once: whole lines if possible, because other workers write to the same stdout."""
    piece = chunk[:_AT_ONCE]
    newline = bytes(piece).rfind(b"\n")
    return piece[: newline + 1] if newline >= 0 else piece
