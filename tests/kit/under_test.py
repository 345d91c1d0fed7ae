"""Functions under test, invoked through the one door, and their results as Lambda would word them."""

import os
import re
import socket
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import awslambdaric

from berth.invoke.invoker import Invoker
from berth.model.function import Function
from berth.model.invocation import Invocation, InvocationResult
from berth.runtime.sandbox.kernel import Kernel
from berth.testing.values import make_function

KINDS = ("process", "inline")
FUNCTIONS = Path(__file__).resolve().parents[1] / "functions_under_test"
_RUNTIME = Path(awslambdaric.__file__).parents[1]
_RUNTIME_LINE = re.compile(rb'(/var/runtime/[^"]*\\", line )\d+')
_REPETITION = re.compile(rb"(\[Previous line repeated )\d+")
_IMPORT_FRAME = re.compile(rb'"  File \\"[^"]*\bimportlib\b[^"]*\\", line (?:[^"\\]|\\.)*"(?:, )?')


def kernel_under_test() -> Kernel | None:
    """The kernel's means that sandboxes may use: BERTH_TEST_LANDLOCK=5 stands for an older kernel."""
    landlock = os.environ.get("BERTH_TEST_LANDLOCK")
    return Kernel(int(landlock), None, can_hide=True) if landlock else None


def build_function(
    folder: str,
    handler: str,
    isolation: str = "process",
    *,
    timeout: int = 10,
    environment: Mapping[str, str] | None = None,
    **changes: Any,
) -> Function:
    """A function of `functions_under_test`, named as its folder."""
    fields: dict[str, Any] = {
        "handler": handler,
        "timeout": timeout,
        "environment": environment or {},
        "isolation": isolation,
    }
    return make_function(folder, FUNCTIONS / folder, **fields | changes)


def invoke(invoker: Invoker, function: Function, event: bytes = b"{}", **options: str) -> InvocationResult:
    """Invoke with a new request id; the result is worded as on Lambda."""
    invocation = Invocation(function, event, str(uuid.uuid4()), **options)
    result = invoker.invoke(invocation)
    return replace(result, content=as_on_lambda(result.payload, function, invocation.request_id))


def as_on_lambda(payload: bytes, function: Function, request_id: str) -> bytes:
    """The payload with Lambda's paths, and without numbers that differ from run to run."""
    payload = payload.replace(request_id.encode(), b"<id>")
    payload = payload.replace(str(function.directory).encode(), b"/var/task")
    payload = payload.replace(str(_RUNTIME).encode(), b"/var/runtime")
    return _REPETITION.sub(rb"\1N", _RUNTIME_LINE.sub(rb"\1N", payload))


def without_import_frames(result: InvocationResult) -> InvocationResult:
    """The result without the stack trace's frames of Python's import system, which differ by version."""
    return replace(result, content=_IMPORT_FRAME.sub(b"", result.payload))


def pick_up(lifeline: socket.socket) -> socket.socket:
    """The next connection that a function made; fails after ten seconds."""
    connection, _ = lifeline.accept()
    connection.settimeout(10)
    return connection


def read_line(connection: socket.socket) -> bytes:
    """What was sent up to a line's end, without it."""
    sent = b""
    while not sent.endswith(b"\n"):
        piece = connection.recv(1)
        assert piece, f"hung up after {sent!r}"
        sent += piece
    return sent[:-1]


def read_to_end(connection: socket.socket) -> bytes:
    """What was sent until the last process that held the connection has ended."""
    sent = b""
    while piece := connection.recv(64):
        sent += piece
    return sent


def await_that(condition: Callable[[], object], seconds: float = 10) -> None:
    """Wait until a condition is true; fails after so many seconds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition did not become true"
        time.sleep(0.005)
