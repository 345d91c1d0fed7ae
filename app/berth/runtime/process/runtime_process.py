"""One process that runs AWS's runtime, from its start to its end."""

import math
import socket
import time

from berth.errors import EnvironmentDied
from berth.model.invocation import Invocation, InvocationResult, Parted
from berth.model.value_class import value_class
from berth.runtime.environment import runtime_headers
from berth.runtime.limits.process_table import PeakMemory
from berth.runtime.process.channel import Channel, DeadlinePassed, Frame, ProcessEnded
from berth.runtime.process.frames import (
    ERROR,
    INIT_ERROR,
    MAX_RESPONSE_BYTES,
    PARTED_RESULT,
    RESULT,
    SIZE_BYTES,
    encode_head,
)
from berth.runtime.process.os_process import OsProcess

# An invocation this short can hardly use much new memory, and reading the peak costs a tenth of its time.
_TOO_SHORT_SECONDS = 0.01
_FRESH_SECONDS = 0.025
_EXIT_SECONDS = 2.0
_ENDINGS = frozenset({RESULT, PARTED_RESULT, ERROR})
_START_SECONDS = 30.0  # a machine on which a bare interpreter takes longer cannot run functions


@value_class
class Run:
    """One invocation that runs."""

    invocation: Invocation
    began: float  # by the monotonic clock
    seconds: float  # that it may take

    @property
    def deadline(self) -> float:
        """When its time is over, by the monotonic clock."""
        return self.began + self.seconds


class RuntimeProcess:
    """One process and the channel to it; each process has an object of its own."""

    def __init__(self, process: OsProcess, channel: Channel) -> None:
        self.pid = process.pid
        self._process = process
        self._channel = channel
        self._peak = PeakMemory(process.pid)
        self._fault: EnvironmentDied | None = None
        self._has_started = False
        self.most_memory = 0  # bytes
        self._peak_noted_at = 0.0

    def await_start(self, deadline: float = math.inf) -> None:
        """Wait until the interpreter runs; raises DeadlinePassed or EnvironmentDied."""
        if self._has_started:
            return
        latest = time.monotonic() + _START_SECONDS
        try:
            self._receive(min(deadline, latest))
        except DeadlinePassed:
            if deadline < latest:
                raise
            raise EnvironmentDied("Runtime did not start") from None
        self._has_started = True
        self.note_peak()

    def initialize(self, deadline: float) -> InvocationResult | None:
        """Import the function; returns None, or the error that the import raised.

        Raises DeadlinePassed or EnvironmentDied.
        """
        self.await_start(deadline)
        self._send(b"", b"", deadline)
        head, payload = self._receive(deadline)
        self.note_peak()
        if head == INIT_ERROR:
            # AWS's runtime exits after this error, and libraries that report errors send them at the exit.
            self.has_exited(max(0.0, min(_EXIT_SECONDS, deadline - time.monotonic())))
            return _checked(InvocationResult(bytes(payload), "Unhandled"))
        return None

    def begin(self, run: Run) -> socket.socket:
        """Send an invocation without waiting; await_result() sends what the socket does not take at once.

        Returns the socket that is ready for reading once look() may find a result. Raises BrokenPipeError if
        the process ends, or has closed its socket; await_result() may follow.
        """
        deadline_ms = int((time.time() + run.deadline - time.monotonic()) * 1000)
        head, content = runtime_headers(run.invocation, deadline_ms), run.invocation.content
        if isinstance(content, bytes):
            self._channel.offer(encode_head(head, None), content or b"{}")
        else:
            tail = (content.document, content.body) if content.body else (content.document,)
            self._channel.offer(encode_head(head, len(content.document)), *tail)
        return self._channel.connection

    def look(self, run: Run) -> InvocationResult | None:
        """Take the result of an invocation that was begun; None if it is not there yet.

        Raises ProcessEnded or EnvironmentDied if it will not come; then await_result() says why.
        """
        frame = self._channel.look()
        return _result_of(run.invocation, *frame) if frame else None

    def await_result(self, run: Run) -> InvocationResult:
        """Wait for the result of an invocation that was begun; raises DeadlinePassed or EnvironmentDied."""
        while True:
            result = _result_of(run.invocation, *self._receive(run.deadline))
            if result is not None:
                return result

    def note_peak(self, busy_seconds: float = math.inf) -> None:
        """Read the peak memory, unless it was read a moment ago and can hardly have changed."""
        now = time.monotonic()
        if busy_seconds > _TOO_SHORT_SECONDS or now - self._peak_noted_at > _FRESH_SECONDS:
            self._peak_noted_at = now
            self.most_memory = max(self.most_memory, self._peak.read())

    def is_alive(self) -> bool:
        """Whether the process runs and has not been killed for a fault."""
        return self._fault is None and not self._process.has_exited()

    def has_exited(self, seconds: float = 0) -> bool:
        """Whether the process has ended; waits for that at most this many seconds."""
        return self._process.has_exited(seconds)

    def kill(self) -> None:
        """Kill the process and its group."""
        self._process.kill_group()

    def resume(self) -> None:
        """Let the process go on after somebody has stopped it."""
        self._process.resume()

    def kill_for(self, fault: EnvironmentDied) -> None:
        """Kill the process and its group; the running invocation ends with this fault."""
        self._fault = fault
        self._process.kill_group()

    def close(self) -> None:
        """Kill the process, wait for its end, and close every descriptor."""
        self._process.collect()
        self._channel.close()
        self._peak.close()

    def _send(self, head: bytes, tail: bytes, deadline: float) -> None:
        try:
            self._channel.send(head, tail, deadline)
        except ProcessEnded:
            raise self._ending() from None

    def _receive(self, deadline: float) -> Frame:
        try:
            return self._channel.receive(deadline)
        except ProcessEnded:
            raise self._ending() from None

    def _ending(self) -> EnvironmentDied:
        return self._fault or EnvironmentDied(f"Runtime exited {self._process.ending()}")


def _result_of(invocation: Invocation, head: bytes, tail: bytes | memoryview) -> InvocationResult | None:
    """The result in a frame; None for a late frame of an earlier invocation.

    A process that an earlier handler started may send one.
    """
    kind = head[:1]
    if kind not in _ENDINGS:
        raise EnvironmentDied("Runtime sent an unreadable frame")
    if head[1:] != invocation.request_id.encode():
        return None
    if kind == PARTED_RESULT:
        return InvocationResult(_parts_of(tail, takes_parts=isinstance(invocation.content, Parted)))
    return InvocationResult(bytes(tail), "Unhandled" if kind == ERROR else None)


def _parts_of(data: bytes | memoryview, *, takes_parts: bool) -> Parted:
    """The parts of a result, after the length of the first; a function may have sent anything."""
    end = SIZE_BYTES + int.from_bytes(data[:SIZE_BYTES], "big")
    if not takes_parts or len(data) - SIZE_BYTES > MAX_RESPONSE_BYTES:
        raise EnvironmentDied("Runtime sent an unreadable frame")
    return Parted(bytes(data[SIZE_BYTES:end]), data[end:])


def _checked(failure: InvocationResult) -> InvocationResult:
    """Check that an init error has the runtime's shape, because the function can write to the socket, too."""
    try:
        if isinstance(failure.value["errorType"], str) and isinstance(failure.value["errorMessage"], str):
            return failure
    except (ValueError, TypeError, KeyError, RecursionError):
        pass
    raise EnvironmentDied("Runtime sent an unreadable init error")
