"""The private socket between the server and the process of one environment."""

import json
import select
import socket
import time
from typing import Any

from berth.errors import EnvironmentDied
from berth.runtime.process.frames import LENGTHS_BYTES, encode_frame, frame_lengths
from berth.runtime.process.os_process import OsProcess
from berth.runtime.process.overtime import Overtime

_MAX_HEAD_BYTES = 64 * 1024
_MAX_TAIL_BYTES = 16 * 1024 * 1024  # an error's stack trace may be longer than a result
_LONGEST_POLL = 86_400.0  # seconds; poll() takes milliseconds as a C int
_POLL_WITHOUT_PIDFD = 0.02  # seconds


class DeadlinePassed(Exception):
    """Raised when the deadline passes before the process answers, and no overtime is granted."""


class ProcessEnded(Exception):
    """Raised when the process ends before it sends the whole frame."""


class Channel:
    """Sends frames to a process and receives its frames; each wait ends at a deadline or with the process."""

    def __init__(self, connection: socket.socket, process: OsProcess, overtime: Overtime) -> None:
        connection.setblocking(False)
        self._connection = connection
        self._process = process
        self._overtime = overtime
        self._lifted: float | None = None  # the last deadline for which overtime was granted
        self._poller = select.poll()
        self._poller.register(connection, select.POLLIN)
        self._longest = _POLL_WITHOUT_PIDFD
        if process.descriptor is not None:
            self._poller.register(process.descriptor, select.POLLIN)
            self._longest = _LONGEST_POLL

    def close(self) -> None:
        """Close the server's ends."""
        self._connection.close()
        self._overtime.close()

    def send(self, head: dict[str, Any], tail: bytes, deadline: float) -> None:
        """Send one frame; raises DeadlinePassed or ProcessEnded."""
        rest = memoryview(encode_frame(head, tail))
        while rest:
            try:
                rest = rest[self._connection.send(rest) :]
            except BlockingIOError:
                self._poller.modify(self._connection, select.POLLOUT)
                self._wait(deadline)
                self._poller.modify(self._connection, select.POLLIN)
            except (BrokenPipeError, ConnectionResetError):
                self._await_end(deadline)

    def receive(self, deadline: float) -> tuple[dict[str, Any], bytes]:
        """Receive one frame; raises DeadlinePassed, ProcessEnded, or EnvironmentDied if it cannot be read."""
        head_size, tail_size = frame_lengths(self._receive_exactly(LENGTHS_BYTES, deadline))
        if head_size > _MAX_HEAD_BYTES or tail_size > _MAX_TAIL_BYTES:
            raise EnvironmentDied("Runtime sent a frame that is too large")
        frame = self._receive_exactly(head_size + tail_size, deadline)
        try:
            head = dict(json.loads(frame[:head_size]))
        except (ValueError, TypeError, RecursionError):
            raise EnvironmentDied("Runtime sent an unreadable frame") from None
        return head, bytes(frame[head_size:])

    def _receive_exactly(self, size: int, deadline: float) -> bytearray:
        buffer = bytearray(size)
        view = memoryview(buffer)
        while view:
            if time.monotonic() > deadline:  # the process may send bytes without end
                self._remaining(deadline)
            try:
                count = self._connection.recv_into(view)
            except BlockingIOError:
                self._wait(deadline)
                continue
            except ConnectionResetError:
                count = 0
            if count == 0:
                self._await_end(deadline)
            view = view[count:]
        return buffer

    def _wait(self, deadline: float) -> None:
        """Wait until the socket is ready."""
        ready = dict(self._poller.poll(min(self._remaining(deadline), self._longest) * 1000))
        # A process may answer and then end: its answer counts, so the socket is checked first.
        if self._connection.fileno() not in ready and self._process.has_exited():
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
