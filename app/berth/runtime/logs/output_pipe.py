"""The pipe that an environment prints to, cut into lines and log records."""

import fcntl
import os
import select
import struct
import sys
import termios
import threading
import time

from berth.runtime.logs.environment_log import EnvironmentLog

PIPE_BYTES = 65_536  # Linux's default capacity
_LARGEST_PIPE = 1_048_576  # a function may set the capacity as high as this

# A log frame of Lambda's runtimes: type, length, microseconds since 1970, then the message. The type
# begins with bytes that are not UTF-8. https://github.com/aws/aws-lambda-python-runtime-interface-client
_FRAME = struct.Struct("!IIQ")
_FRAME_MARK = b"\xa5\x5a\x00"
_CLOCK_SKEW = 86_400  # seconds
# A longer line is cut: CloudWatch takes no longer event, and no line may fill the server's memory.
_LONGEST_LINE = 1_048_576


class OutputPipe:
    """The one pipe for stdout, stderr and log records, which keeps their order."""

    def __init__(self, environment_log: EnvironmentLog) -> None:
        self._log = environment_log
        self._lock = threading.Lock()
        self._buffer = bytearray()
        self._poller = select.poll()
        self._searched = 0  # no frame begins before this position of the buffer
        self._is_open = False
        self._reading = -1
        self.writing = -1  # the end that processes print to

    def open(self) -> None:
        """Make the pipe's two ends."""
        self._reading, self.writing = os.pipe()
        os.set_blocking(self._reading, False)
        self._poller.register(self._reading, select.POLLIN)
        self._is_open = True

    def fileno(self) -> int:
        """The descriptor of the reading end, for selectors."""
        return self._reading

    def read(self) -> int:
        """Take what the pipe holds, and return how many bytes that was; any thread may call this."""
        with self._lock:
            return self._take() if self._is_open else 0

    def finish(self, *, has_ended: bool = False) -> None:
        """Take everything written so far, and end a line that has no line end yet.

        An incomplete record is ended only if the process has ended, because a thread of a running
        process may still be writing the rest.
        """
        with self._lock:
            if self._is_open:
                # Only what the pipe holds now is taken, because a process that never stops printing
                # must not delay the answer. Most often it is nothing, which poll() tells in the least time.
                rest = min(_bytes_in(self._reading), _LARGEST_PIPE) if self._poller.poll(0) else 0
                while rest > 0 and (taken := self._take()):
                    rest -= taken
                if has_ended and self._find_frame() == (0, True):
                    self._drop(_FRAME.size)
                if self._buffer and (has_ended or self._find_frame()[0] > 0):
                    self._emit(len(self._buffer))  # an incomplete line; nobody will write its end

    def close(self) -> None:
        """Take what was written, and close both ends."""
        self.finish(has_ended=True)
        with self._lock:
            if self._is_open:
                self._is_open = False
                os.close(self._reading)
                os.close(self.writing)

    def _take(self) -> int:
        try:
            block = os.read(self._reading, PIPE_BYTES)
        except BlockingIOError:
            return 0
        self._buffer += block
        while self._buffer and self._hand_on():
            pass
        return len(block)

    def _hand_on(self) -> bool:
        """Log what is complete at the buffer's start; returns False if the rest of it must arrive first."""
        end, is_frame = self._find_frame()
        if is_frame and end == 0:
            return self._take_frame()
        newline = self._buffer.rfind(b"\n", 0, end)
        if is_frame or (newline < 0 and end > _LONGEST_LINE):
            self._emit(end)
        elif newline >= 0:
            self._emit(newline + 1)
        else:
            return False
        return True

    def _find_frame(self) -> tuple[int, bool]:
        """Where the text ends, and whether a whole frame head follows it; if not, a part of one may."""
        start = self._buffer.find(_FRAME_MARK, self._searched)
        while 0 <= start <= len(self._buffer) - _FRAME.size:
            microseconds = _FRAME.unpack_from(self._buffer, start)[2]
            if abs(microseconds / 1e6 - time.time()) < _CLOCK_SKEW:
                return start, True
            self._searched = start + 1  # these bytes were printed; they only look like a frame
            start = self._buffer.find(_FRAME_MARK, self._searched)
        return (start if start >= 0 else len(self._buffer)), False

    def _take_frame(self) -> bool:
        _, length, _ = _FRAME.unpack_from(self._buffer)
        if length > _LONGEST_LINE:
            self._drop(_FRAME.size)  # the message is logged as text, in pieces
            return True
        end = _FRAME.size + length
        if len(self._buffer) < end:
            return False
        self._log.record(bytes(self._buffer[_FRAME.size : end]))
        self._drop(end)
        return True

    def _emit(self, end: int) -> None:
        block = bytes(self._buffer[:end])
        self._drop(end)
        self._log.lines(block if block.endswith(b"\n") else block + b"\n")

    def _drop(self, end: int) -> None:
        del self._buffer[:end]
        self._searched = max(0, self._searched - end)


def _bytes_in(descriptor: int) -> int:
    count = fcntl.ioctl(descriptor, termios.FIONREAD, b"\0" * 4)
    return int.from_bytes(count, sys.byteorder)
