"""Frames between the server and an environment's process, and AWS's runtime client that speaks them.

This module is part of the process's program, see bootstrap.py. After the handler's module was imported, it
calls nothing that the handler may have replaced: what it needs of modules are global names of its own, and
its functions have builtins of their own.

A frame is a head and a tail, both raw bytes, after their lengths as 4-byte integers. A head that the process
sends is a letter, which says what the frame is, and the id of its invocation; its tail is what was returned.
A head that the server sends is an `InvocationHead` and the length of the event's first part, and its tail the
event; without a length the event is whole, see parts.py. No head begins the init phase.
"""

from __future__ import annotations

import builtins
import os
from collections.abc import Callable
from functools import partial
from marshal import dumps, loads
from os import _exit, close, getpid, read, readv, write

TYPE_CHECKING = False
if TYPE_CHECKING:  # AWS's runtime does not import `typing`
    from typing import Any

    InvocationHead = list[Any] | tuple[Any, ...]  # see berth.runtime.environment

# Python gives this dict as builtins to every function that this module defines below.
globals()["__builtins__"] = dict(vars(builtins))

STARTED, READY, RESULT, ERROR, INIT_ERROR = b"s", b"y", b"r", b"e", b"i"
PARTED_RESULT = b"p"  # its tail begins with the length of its JSON
SIZE_BYTES = 4  # what that takes
LENGTHS_BYTES = 8  # what a frame's two lengths take
_TWO_TO_32 = 1 << 32

# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html: 6 MB and some headroom.
MAX_RESPONSE_BYTES = 6_291_556
TOO_LARGE = (
    '{"errorMessage":"Response payload size exceeded maximum allowed payload size '
    f'({MAX_RESPONSE_BYTES} bytes).","errorType":"Function.ResponseSizeTooLarge"}}'
).encode()

_STDERR = 2
_PLAIN_MARSHAL = 2  # later versions look up each object among those already written, which takes time

_AT_ONCE_BYTES = 65_536  # that are read of a frame before its size is known, or written of one


def start_frame(head: bytes, tail_bytes: int) -> bytes:
    """A frame up to its tail."""
    return (len(head) * _TWO_TO_32 + tail_bytes).to_bytes(LENGTHS_BYTES, "big") + head


def encode_head(head: InvocationHead, document_bytes: int | None) -> bytes:
    """Encode the head of an invocation; both sides run the same interpreter, whose own format this is.

    `document_bytes` is the length of the event's first part, None if the event is whole.
    """
    return dumps((head, document_bytes), _PLAIN_MARSHAL)


def frame_lengths(data: bytes | bytearray) -> tuple[int, int]:
    """Read the lengths of a frame's head and tail from its first bytes."""
    return divmod(int.from_bytes(data[:LENGTHS_BYTES], "big"), _TWO_TO_32)


def read_exactly(connection: int, size: int, begun: bytes = b"") -> memoryview:
    """Read on until there are `size` bytes, `begun` included; raises EOFError if the socket is closed."""
    buffer = bytearray(size)
    buffer[: len(begun)] = begun
    view = memoryview(buffer)[len(begun) :]
    while view:
        count = readv(connection, (view,))
        if count == 0:
            raise EOFError
        view = view[count:]
    return memoryview(buffer)


def read_frame(connection: int) -> tuple[bytes, bytes | memoryview]:
    """Read one frame from the descriptor of a blocking socket; no other frame may follow it unasked."""
    data = read(connection, _AT_ONCE_BYTES)
    if not data:
        raise EOFError
    if len(data) < LENGTHS_BYTES:
        data = bytes(read_exactly(connection, LENGTHS_BYTES, data))
    head_size, tail_size = frame_lengths(data)
    end_of_head = LENGTHS_BYTES + head_size
    if len(data) < end_of_head:
        data = bytes(read_exactly(connection, end_of_head, data))
    head, tail = data[LENGTHS_BYTES:end_of_head], data[end_of_head:]
    return head, tail if len(tail) == tail_size else read_exactly(connection, tail_size, tail)


def write_all(descriptor: int, data: bytes) -> None:
    """Write all bytes to a blocking descriptor."""
    rest: bytes | memoryview = data
    while (count := write(descriptor, rest)) < len(rest):
        rest = memoryview(rest)[count:]


def write_frame(connection: int, head: bytes, *tail: bytes) -> None:
    """Write one frame to the descriptor of a blocking socket; the tail may come in several pieces."""
    size = sum(map(len, tail))
    start = start_frame(head, size)
    if size < _AT_ONCE_BYTES:
        write_all(connection, b"".join((start, *tail)))
        return
    for piece in (start, *tail):
        write_all(connection, piece)


def limited_response(result_data: bytes | str) -> tuple[bytes, bytes]:
    """The result to post; a result over Lambda's limit becomes Lambda's error for it."""
    data = result_data if isinstance(result_data, bytes) else result_data.encode("utf-8")
    if len(data) <= MAX_RESPONSE_BYTES:
        return RESULT, data
    _unless_closed(write_all, _STDERR, TOO_LARGE + b"\n")
    return ERROR, TOO_LARGE


class InvocationRequest:
    """One invocation, with the attributes that awslambdaric reads from its own InvocationRequest."""

    def __init__(self, head: InvocationHead, event: bytes) -> None:
        request_id, trace_id, arn, deadline_ms, client_context, cognito_identity, tenant_id = head
        self.invoke_id = request_id
        self.x_amzn_trace_id = trace_id
        self.invoked_function_arn = arn
        self.deadline_time_in_ms = deadline_ms
        self.client_context = client_context
        self.cognito_identity = cognito_identity
        self.tenant_id = tenant_id
        self.content_type = "application/json"
        self.event_body = event
        self.invocation_id = None


class FrameMethods:
    """The methods of AWS's runtime client, spoken as frames over a socket that only this process may use."""

    _to_json: Callable[[object], str]
    _parts: Any  # see parts.py
    _connection: int
    _owner: int
    _is_ready = False

    def wait_next_invocation(self) -> Any:
        """Wait for an invocation; the first call tells the server that the function has been imported."""
        if not self._is_ready:
            self._is_ready = True
            self._send(READY)
        self._leave_if_forked()
        try:
            head, data = read_frame(self._connection)
        except EOFError:
            _exit(0)  # The server has ended. Lambda runs no atexit handlers either.
        invocation, size = loads(head)  # noqa: S302 - the server's own
        if size is None:
            event = self._parts.event(bytes(data))
        else:
            event = self._parts.event(bytes(data[:size]), data[size:])
        return InvocationRequest(invocation, event)

    def post_invocation_result(
        self,
        invoke_id: str,
        result_data: Any,
        content_type: str = "application/json",
        invocation_id: str | None = None,
    ) -> None:
        """Post what the handler returned, or an error if that is over Lambda's limit."""
        if self._parts.are_in(result_data):
            document, body = result_data
            size = len(document).to_bytes(SIZE_BYTES, "big")
            self._send(PARTED_RESULT + invoke_id.encode(), size, document, body)
        else:
            kind, payload = limited_response(result_data)
            self._send(kind + invoke_id.encode(), payload)

    def post_invocation_error(
        self, invoke_id: str, error_response_data: str, xray_fault: str, invocation_id: str | None = None
    ) -> None:
        """Post what the handler raised."""
        self._send(ERROR + invoke_id.encode(), error_response_data.encode("utf-8"))

    def post_init_error(self, error_response_data: Any, error_type_override: str | None = None) -> None:
        """Post the error that the function's import raised."""
        self._send(INIT_ERROR, self._to_json(error_response_data).encode("utf-8"))

    def _send(self, head: bytes, *tail: bytes) -> None:
        self._leave_if_forked()
        write_frame(self._connection, head, *tail)

    def _leave_if_forked(self) -> None:
        """End the process if the handler forked it: only the original process may use the socket."""
        if getpid() != self._owner:
            _exit(0)

    def use(self, connection: int, to_json: Callable[[object], str], parts: Any) -> None:
        """Speak on this socket, which processes that the handler forks do not keep."""
        self._connection, self._to_json, self._owner, self._parts = connection, to_json, getpid(), parts
        os.register_at_fork(after_in_child=partial(_unless_closed, close, connection))


def _unless_closed(act: Callable[..., None], *arguments: object) -> None:
    """Do something with a descriptor that the handler may have closed."""
    try:  # noqa: SIM105 - contextlib looks builtins up that the handler may have replaced
        act(*arguments)
    except OSError:
        pass
