"""Frames between the server and an environment's process, and AWS's runtime client that speaks them.

This module is part of the process's program, see bootstrap.py. After the handler's module was imported, it
calls nothing that the handler may have replaced: what it needs of modules are global names of its own, and
its functions have builtins of their own.

A frame is a head (JSON) and a tail (raw bytes), each preceded by its length as a 4-byte integer.
"""

from __future__ import annotations

import builtins
import json
import os
from collections.abc import Callable, Mapping
from functools import partial
from json.encoder import encode_basestring_ascii as quoted
from os import _exit, close, getpid, readv, write
from types import SimpleNamespace

TYPE_CHECKING = False
if TYPE_CHECKING:  # AWS's runtime does not import `typing`
    from typing import Any

# Python gives this dict as builtins to every function that this module defines below.
globals()["__builtins__"] = dict(vars(builtins))

STARTED, INIT, READY, RESULT, ERROR, INIT_ERROR = (
    "started",
    "init",
    "ready",
    "result",
    "error",
    "init_error",
)
LENGTHS_BYTES = 8  # what a frame's two lengths take

# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html: 6 MB and some headroom.
MAX_RESPONSE_BYTES = 6_291_556
TOO_LARGE = (
    '{"errorMessage":"Response payload size exceeded maximum allowed payload size '
    f'({MAX_RESPONSE_BYTES} bytes).","errorType":"Function.ResponseSizeTooLarge"}}'
).encode()

_STDERR = 2

_scan_json = vars(json.JSONDecoder())["scan_once"]  # compiled code, which looks nothing up in the json module


def encode_frame(head: Mapping[str, str | int | None], tail: bytes = b"") -> bytes:
    """Encode one frame, ready to be sent."""
    members = [f"{quoted(name)}:{_json_text(value)}" for name, value in head.items()]
    text = f"{{{','.join(members)}}}".encode()
    return b"".join((_length(text), _length(tail), text, tail))


def _json_text(value: str | int | None) -> str:
    if value is None:
        return "null"
    return quoted(value) if isinstance(value, str) else str(int(value))


def _length(part: bytes) -> bytes:
    return len(part).to_bytes(4, "big")


def frame_lengths(data: bytes | bytearray) -> tuple[int, int]:
    """Read the lengths of a frame's head and tail from its first bytes."""
    return int.from_bytes(data[:4], "big"), int.from_bytes(data[4:], "big")


def read_exactly(connection: int, size: int) -> bytearray:
    """Read exactly `size` bytes; raises EOFError if the other side has closed the socket."""
    buffer = bytearray(size)
    view = memoryview(buffer)
    while view:
        count = readv(connection, (view,))
        if count == 0:
            raise EOFError
        view = view[count:]
    return buffer


def read_frame(connection: int) -> tuple[dict[str, Any], bytes]:
    """Read one frame from the descriptor of a blocking socket."""
    head_size, tail_size = frame_lengths(read_exactly(connection, LENGTHS_BYTES))
    head, _ = _scan_json(read_exactly(connection, head_size).decode(), 0)
    return head, bytes(read_exactly(connection, tail_size))


def write_all(descriptor: int, data: bytes) -> None:
    """Write all bytes to a blocking descriptor."""
    view = memoryview(data)
    while view:
        view = view[write(descriptor, view) :]


def limited_response(result_data: bytes | str) -> tuple[str, bytes]:
    """The result to post; a result over Lambda's limit becomes Lambda's error for it."""
    data = result_data if isinstance(result_data, bytes) else result_data.encode("utf-8")
    if len(data) <= MAX_RESPONSE_BYTES:
        return RESULT, data
    _unless_closed(write_all, _STDERR, TOO_LARGE + b"\n")
    return ERROR, TOO_LARGE


def request_attributes(head: dict[str, Any], event: bytes) -> dict[str, Any]:
    """Make the attributes of an invocation that awslambdaric reads from the head of its frame."""
    return {
        "invoke_id": head["requestId"],
        "x_amzn_trace_id": head.get("traceId"),
        "invoked_function_arn": head["arn"],
        "deadline_time_in_ms": head["deadlineMs"],
        "client_context": head.get("clientContext"),
        "cognito_identity": head.get("cognitoIdentity"),
        "tenant_id": head.get("tenantId"),
        "content_type": "application/json",
        "event_body": event,
        "invocation_id": None,
    }


class FrameMethods:
    """The methods of AWS's runtime client, spoken as frames over a socket that only this process may use."""

    _to_json: Callable[[object], str]
    _connection: int
    _owner: int
    _is_ready = False

    def wait_next_invocation(self) -> Any:
        """Wait for an invocation; the first call tells the server that the function has been imported."""
        if not self._is_ready:
            self._is_ready = True
            self._send({"type": READY})
        self._leave_if_forked()
        try:
            head, event = read_frame(self._connection)
        except EOFError:
            _exit(0)  # The server has ended. Lambda runs no atexit handlers either.
        return SimpleNamespace(**request_attributes(head, event))

    def post_invocation_result(
        self,
        invoke_id: str,
        result_data: bytes | str,
        content_type: str = "application/json",
        invocation_id: str | None = None,
    ) -> None:
        """Post what the handler returned, or an error if that is over Lambda's limit."""
        kind, payload = limited_response(result_data)
        self._send({"type": kind, "requestId": invoke_id}, payload)

    def post_invocation_error(
        self, invoke_id: str, error_response_data: str, xray_fault: str, invocation_id: str | None = None
    ) -> None:
        """Post what the handler raised."""
        self._send({"type": ERROR, "requestId": invoke_id}, error_response_data.encode("utf-8"))

    def post_init_error(self, error_response_data: Any, error_type_override: str | None = None) -> None:
        """Post the error that the function's import raised."""
        self._send({"type": INIT_ERROR}, self._to_json(error_response_data).encode("utf-8"))

    def _send(self, head: dict[str, str | int | None], tail: bytes = b"") -> None:
        self._leave_if_forked()
        write_all(self._connection, encode_frame(head, tail))

    def _leave_if_forked(self) -> None:
        """End the process if the handler forked it: only the original process may use the socket."""
        if getpid() != self._owner:
            _exit(0)

    def use(self, connection: int, to_json: Callable[[object], str]) -> None:
        """Speak on this socket, which processes that the handler forks do not keep."""
        self._connection, self._to_json, self._owner = connection, to_json, getpid()
        os.register_at_fork(after_in_child=partial(_unless_closed, close, connection))


def _unless_closed(act: Callable[..., None], *arguments: object) -> None:
    """Do something with a descriptor that the handler may have closed."""
    try:  # noqa: SIM105 - contextlib looks builtins up that the handler may have replaced
        act(*arguments)
    except OSError:
        pass
