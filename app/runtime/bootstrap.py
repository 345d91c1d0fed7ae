"""The program of an execution environment's process: AWS's own runtime over a private socket.

It is run by path with `python -P -S` and imports the standard library and awslambdaric only. The
server's own packages must not be importable here: a user's `app/` folder would lose to them.

A frame is a head (JSON) and a tail (raw bytes), each preceded by its length as a 4-byte integer.
"""

import importlib
import importlib.machinery
import json
import os
import pkgutil
import site
import socket
import struct
import sys
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

LENGTHS = struct.Struct("!II")
STARTED, READY, RESULT, ERROR, INIT_ERROR = "started", "ready", "result", "error", "init_error"

# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html: 6 MB and some headroom.
MAX_RESPONSE_BYTES = 6_291_556
TOO_LARGE = (
    '{"errorMessage":"Response payload size exceeded maximum allowed payload size '
    f'({MAX_RESPONSE_BYTES} bytes).","errorType":"Function.ResponseSizeTooLarge"}}'
).encode()

_SERVER_ROOT = str(Path(__file__).resolve().parents[2])


def encode_frame(head: dict[str, Any], tail: bytes = b"") -> bytes:
    """One frame, ready to be sent."""
    text = json.dumps(head, separators=(",", ":")).encode()
    return b"".join((LENGTHS.pack(len(text), len(tail)), text, tail))


def read_exactly(connection: socket.socket, size: int) -> bytearray:
    """Read exactly so many bytes; raises EOFError if the other side is gone."""
    buffer = bytearray(size)
    view = memoryview(buffer)
    while view:
        count = connection.recv_into(view)
        if count == 0:
            raise EOFError
        view = view[count:]
    return buffer


def read_frame(connection: socket.socket) -> tuple[dict[str, Any], bytes]:
    """Read one frame from a blocking socket."""
    head_size, tail_size = LENGTHS.unpack(read_exactly(connection, LENGTHS.size))
    head = json.loads(read_exactly(connection, head_size))
    return head, bytes(read_exactly(connection, tail_size))


def limited_response(result_data: bytes | str) -> tuple[str, bytes]:
    """A result to post, or the error that Lambda makes of one over its limit."""
    data = result_data if isinstance(result_data, bytes) else result_data.encode("utf-8")
    if len(data) <= MAX_RESPONSE_BYTES:
        return RESULT, data
    print(TOO_LARGE.decode(), file=sys.stderr)
    return ERROR, TOO_LARGE


def search_path(task_root: str, environ: dict[str, str], interpreter: Sequence[str]) -> list[str]:
    """The module search path: the function, its packages, then what the interpreter has."""
    given = [entry for entry in environ.get("PYTHONPATH", "").split(os.pathsep) if entry]
    others = [entry for entry in interpreter if entry not in given]
    return [task_root, os.path.join(task_root, ".packages"), *given, *others]


def request_attributes(head: dict[str, Any], event: bytes) -> dict[str, Any]:
    """What awslambdaric wants to know of an invocation, from its frame."""
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


class _WithoutServer(importlib.machinery.FileFinder):
    """Finds everything in its folder but `app`, which there is the server's."""

    def find_spec(
        self, fullname: str, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        return None if fullname == "app" else super().find_spec(fullname, target)


_real_path = lru_cache(os.path.realpath)


def hide_server() -> list[importlib.machinery.FileFinder]:
    """Make the server's `app` impossible to import, and return the finders that now pass it over."""
    folders = [entry for entry in sys.path if _real_path(entry) == _SERVER_ROOT]
    found = map(pkgutil.get_importer, folders)
    finders = [finder for finder in found if isinstance(finder, importlib.machinery.FileFinder)]
    for finder in finders:
        finder.__class__ = _WithoutServer
    return finders


def _import_runtime(server_packages: list[str]) -> None:
    """Import AWS's runtime before the function's folder can shadow what it needs."""
    sys.path += [entry for entry in server_packages if entry not in sys.path]
    # awslambdaric's HTTP client is not used; importing it would start a C++ library.
    sys.modules["runtime_client"] = None  # type: ignore[assignment]
    importlib.import_module("awslambdaric.bootstrap")
    del sys.modules["runtime_client"]


def _enter_task_root(server_packages: list[str]) -> None:
    """Do what Lambda's bootstrap and Python's `site` do, without the server's own packages."""
    task_root = os.environ["LAMBDA_TASK_ROOT"]
    interpreter = [entry for entry in sys.path if entry not in server_packages]
    sys.path[:] = search_path(task_root, dict(os.environ), interpreter)
    for folder in filter(os.path.isdir, sys.path[:2]):
        site.addsitedir(folder)  # `.pth` files; the folder itself is on the path already
    if importlib.machinery.PathFinder.find_spec("simplejson", sys.path[:2]):
        _forget("simplejson")  # awslambdaric keeps its own; the function imports the one it brought
    sys.path += [entry for entry in server_packages if entry not in sys.path]
    hide_server()
    site.setquit()
    site.sethelper()
    # Lambda leaves its runtime directory here for the function's own child processes.
    os.environ.setdefault("PYTHONPATH", os.environ["LAMBDA_RUNTIME_DIR"])


def _forget(package: str) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == package]:
        del sys.modules[name]


class FrameClient:
    """The Runtime API as frames over one socket that only this process may use."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._owner = os.getpid()
        self._is_ready = False
        os.register_at_fork(after_in_child=connection.close)

    def wait_next_invocation(self) -> Any:
        """Wait for an invocation; the first call tells the server that the init phase is over."""
        if not self._is_ready:
            self._is_ready = True
            self._send({"type": READY})
        self._leave_if_forked()
        try:
            head, event = read_frame(self._connection)
        except EOFError:
            os._exit(0)  # The server is gone. Lambda runs no atexit handlers either.
        return SimpleNamespace(**request_attributes(head, event))

    def post_invocation_result(self, invoke_id: str, result_data: bytes | str, *_: Any) -> None:
        """Post what the handler returned, unless it is over Lambda's limit."""
        kind, payload = limited_response(result_data)
        self._send({"type": kind, "requestId": invoke_id}, payload)

    def post_invocation_error(self, invoke_id: str, error_response_data: str, *_: Any) -> None:
        """Post what the handler raised."""
        self._send({"type": ERROR, "requestId": invoke_id}, error_response_data.encode("utf-8"))

    def post_init_error(self, error_response_data: Any, *_: Any) -> None:
        """Post why the function cannot be imported."""
        from awslambdaric.lambda_runtime_marshaller import to_json

        self._send({"type": INIT_ERROR}, to_json(error_response_data).encode("utf-8"))

    def _send(self, head: dict[str, Any], tail: bytes = b"") -> None:
        self._leave_if_forked()
        self._connection.sendall(encode_frame(head, tail))

    def _leave_if_forked(self) -> None:
        """A process the handler forked has no business with the runtime."""
        if os.getpid() != self._owner:
            os._exit(0)


def _connect(connection: socket.socket) -> Any:
    """A client that also is what awslambdaric documents: users replace its marshaller."""
    from awslambdaric.lambda_runtime_client import BaseLambdaRuntimeClient

    return type("LambdaRuntimeClient", (FrameClient, BaseLambdaRuntimeClient), {})(connection)


def main(arguments: list[str]) -> None:
    """Serve invocations on the socket whose descriptor is the first argument."""
    connection = socket.socket(fileno=int(arguments[0]))
    connection.set_inheritable(False)
    _import_runtime(arguments[1:])
    client = _connect(connection)
    _enter_task_root(arguments[1:])
    del sys.argv[1:]
    connection.sendall(encode_frame({"type": STARTED}))
    from awslambdaric import bootstrap

    bootstrap.run(os.environ["_HANDLER"], client)


if __name__ == "__main__":
    main(sys.argv[1:])
