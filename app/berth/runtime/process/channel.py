"""The private socket between the server and the process of one environment."""

import select
import socket
import time
from collections.abc import Iterable
from contextlib import suppress

from berth.errors import EnvironmentDied
from berth.runtime.environment import LONG_BYTES, LongResult
from berth.runtime.process.frames import LENGTHS_BYTES, frame_lengths, start_frame
from berth.runtime.process.os_process import OsProcess
from berth.runtime.process.overtime import Overtime

_MAX_HEAD_BYTES = 64 * 1024
_MAX_TAIL_BYTES = 16 * 1024 * 1024  # an error's stack trace may be longer than a result
_LONGEST_POLL = 86_400.0  # seconds; poll() takes milliseconds as a C int
_POLL_WITHOUT_PIDFD = 0.02  # seconds
_BUFFER_BYTES = 32 * 1024  # while no larger frame arrives

Frame = tuple[bytes, bytes | memoryview]  # head and tail


class DeadlinePassed(Exception):
    """Raised when the deadline passes before the process answers, and no overtime is granted."""


class ProcessEnded(Exception):
    """Raised when the process ends before it sends the whole frame."""


class Channel:
    """Sends frames to a process and receives its frames; each wait ends at a deadline or with the process."""

    def __init__(self, connection: socket.socket, process: OsProcess, overtime: Overtime) -> None:
        connection.setblocking(False)
        self.connection = connection  # it is ready for reading once look() finds something new
        self._process = process
        self._overtime = overtime
        self._lifted: float | None = None  # the last deadline for which overtime was granted
        self._unsent: list[bytes | memoryview] = []
        self._buffer = bytearray(_BUFFER_BYTES)
        self._filled = 0
        self._whole = LENGTHS_BYTES  # how many bytes the next frame takes, as far as that is known
        self._poller = select.poll()
        self._poller.register(connection, select.POLLIN)
        self._longest = _POLL_WITHOUT_PIDFD
        if process.descriptor is not None:
            self._poller.register(process.descriptor, select.POLLIN)
            self._longest = _LONGEST_POLL

    def close(self) -> None:
        """Close the server's ends."""
        self.connection.close()
        self._overtime.close()

    def send(self, head: bytes, tail: bytes, deadline: float) -> None:
        """Send one frame; raises DeadlinePassed or ProcessEnded."""
        with suppress(BrokenPipeError, ConnectionResetError):  # _send_rest() waits for the process's end
            self.offer(head, tail)
        self._send_rest(deadline)

    def offer(self, head: bytes, *tail: bytes | memoryview) -> None:
        """Send as much of a frame as the socket takes at once; receive() sends the rest.

        The tail may come in several pieces. Raises BrokenPipeError if the process has closed its socket.
        """
        self._unsent = [start_frame(head, sum(map(len, tail))), *tail]
        try:  # noqa: SIM105 - contextlib takes longer than all else here
            self._send_some()
        except BlockingIOError:
            pass

    def receive(self, deadline: float) -> Frame:
        """Receive one frame; raises DeadlinePassed, ProcessEnded, or EnvironmentDied if it is too large."""
        self._send_rest(deadline)
        while (frame := self._next_frame()) is None:
            if time.monotonic() > deadline:  # the process may send bytes without end
                self._remaining(deadline)
            self._wait(deadline)
            if not self._take():
                self._await_end(deadline)
        return frame

    def look(self) -> Frame | None:
        """Take the next frame without waiting; None if it is not there yet.

        Raises ProcessEnded or EnvironmentDied if it will not come, and LongResult if it is large.
        """
        while (frame := self._next_frame()) is None:
            if self._whole > LONG_BYTES:
                raise LongResult
            known = self._filled
            if not self._take():
                raise ProcessEnded
            if self._filled == known:
                return None
        return frame

    def _send_rest(self, deadline: float) -> None:
        while self._unsent:
            try:
                self._send_some()
            except BlockingIOError:
                self._poller.modify(self.connection, select.POLLOUT)
                self._wait(deadline)
                self._poller.modify(self.connection, select.POLLIN)
            except (BrokenPipeError, ConnectionResetError):
                self._await_end(deadline)

    def _send_some(self) -> None:
        sent, pieces = self.connection.sendmsg(self._unsent), self._unsent
        self._unsent = _after(sent, pieces) if sent < sum(map(len, pieces)) else []

    def _take(self) -> bool:
        """Take some of what has arrived; False if nothing more can arrive."""
        if self._whole > len(self._buffer):
            self._buffer += bytes(self._whole - len(self._buffer))
        free = memoryview(self._buffer)[self._filled :] if self._filled else self._buffer
        try:
            count = self.connection.recv_into(free)
        except BlockingIOError:
            return True
        except ConnectionResetError:
            return False
        self._filled += count
        return count > 0

    def _next_frame(self) -> Frame | None:
        """The first frame of what was taken, if it is whole."""
        if self._filled < self._whole:
            return None
        head_size, tail_size = frame_lengths(self._buffer)
        if head_size > _MAX_HEAD_BYTES or tail_size > _MAX_TAIL_BYTES:
            raise EnvironmentDied("Runtime sent a frame that is too large")
        end_of_head = LENGTHS_BYTES + head_size
        self._whole = end_of_head + tail_size
        if self._filled < self._whole:
            return None
        view = memoryview(self._buffer)
        rest = bytes(view[self._whole : self._filled])
        tail: bytes | memoryview
        if len(self._buffer) > _BUFFER_BYTES:  # its tail keeps the buffer
            head, tail = bytes(view[LENGTHS_BYTES:end_of_head]), view[end_of_head : self._whole]
            self._buffer = bytearray(max(_BUFFER_BYTES, len(rest)))
        else:
            data = bytes(view[: self._whole])
            head, tail = data[LENGTHS_BYTES:end_of_head], data[end_of_head:]
        if rest:
            self._buffer[: len(rest)] = rest
        self._filled, self._whole = len(rest), LENGTHS_BYTES
        return head, tail

    def _wait(self, deadline: float) -> None:
        """Wait until the socket is ready."""
        ready = dict(self._poller.poll(min(self._remaining(deadline), self._longest) * 1000))
        # A process may answer and then end: its answer counts, so the socket is checked first.
        if self.connection.fileno() not in ready and self._process.has_exited():
            raise ProcessEnded

    def _await_end(self, deadline: float) -> None:
        """Wait for the end of a process that closed its socket, and raise ProcessEnded then."""
        while not self._process.has_exited():
            self._process.has_exited(min(_LONGEST_POLL, self._remaining(deadline)))
        raise ProcessEnded

    def _remaining(self, deadline: float) -> float:
        """The seconds until the deadline; a deadline for which overtime was granted once is none any more."""
        remaining = deadline - time.monotonic()
        if remaining > 0:
            return remaining
        if deadline != self._lifted and not self._overtime.is_granted(self._process):
            raise DeadlinePassed
        self._lifted = deadline
        return _LONGEST_POLL


def _after(sent: int, pieces: Iterable[bytes | memoryview]) -> list[bytes | memoryview]:
    """What is left of the pieces once so many bytes are sent."""
    left: list[bytes | memoryview] = []
    for piece in pieces:
        if sent < len(piece):
            left.append(memoryview(piece)[sent:])
        sent = max(0, sent - len(piece))
    return left
