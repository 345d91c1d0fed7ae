"""The program that runs in an environment's process: AWS's own runtime over a private socket.

The server runs it by path with `python -P -S`. It imports the standard library and awslambdaric only,
so that no package of the server takes the place of a module that the function brings.

A frame is a head (JSON) and a tail (raw bytes), each preceded by its length as a 4-byte integer.
"""

import importlib
import importlib.machinery
import json
import os
import signal
import site
import socket
import struct
import sys
from collections.abc import Mapping, Sequence
from types import ModuleType, SimpleNamespace
from typing import Any, NamedTuple

LENGTHS = struct.Struct("!II")
STARTED, INIT, READY, RESULT, ERROR, INIT_ERROR = (
    "started",
    "init",
    "ready",
    "result",
    "error",
    "init_error",
)

# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html: 6 MB and some headroom.
MAX_RESPONSE_BYTES = 6_291_556
TOO_LARGE = (
    '{"errorMessage":"Response payload size exceeded maximum allowed payload size '
    f'({MAX_RESPONSE_BYTES} bytes).","errorType":"Function.ResponseSizeTooLarge"}}'
).encode()

# The value of `ulimit -n` on Lambda: a function that leaks descriptors fails at the same number.
_MAX_DESCRIPTORS = 1024
_PR_SET_PDEATHSIG = 1
_SANDBOX = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "sandbox", "child.py")


class Place(NamedTuple):
    """What the server tells a new process about where it runs."""

    connection: int  # the descriptor of the private socket
    server: int  # the process that started this one
    server_packages: Sequence[str]
    layers: Sequence[str]
    sandbox: Mapping[str, Any] | None = None  # how the process shuts itself in; None if it does not


def encode_frame(head: dict[str, Any], tail: bytes = b"") -> bytes:
    """Encode one frame, ready to be sent."""
    text = json.dumps(head, separators=(",", ":")).encode()
    return b"".join((LENGTHS.pack(len(text), len(tail)), text, tail))


def read_exactly(connection: socket.socket, size: int) -> bytearray:
    """Read exactly `size` bytes; raises EOFError if the other side has closed the socket."""
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
    """The result to post; a result over Lambda's limit becomes Lambda's error for it."""
    data = result_data if isinstance(result_data, bytes) else result_data.encode("utf-8")
    if len(data) <= MAX_RESPONSE_BYTES:
        return RESULT, data
    print(TOO_LARGE.decode(), file=sys.stderr)
    return ERROR, TOO_LARGE


def site_folders(task_root: str, environ: Mapping[str, str], layers: Sequence[str]) -> list[str]:
    """The folders that hold the function's own modules and `.pth` files: its own, its packages', its layers'.

    If the user sets PYTHONPATH, the layers are not on the path, as on Lambda.
    """
    own = [task_root, os.path.join(task_root, ".packages")]
    if environ.get("PYTHONPATH"):
        return own
    roots = [*reversed([_layer_modules(layer) for layer in layers]), "/opt/python"]
    version = f"lib/python{sys.version_info.major}.{sys.version_info.minor}/site-packages"
    return [*own, *(os.path.join(root, version) for root in roots), *roots]


def _layer_modules(layer: str) -> str:
    """The folder of a layer that Lambda unpacks to /opt/python: `python` in the layer, or else the layer."""
    inner = os.path.join(layer, "python")
    return inner if os.path.isdir(inner) else layer


def search_path(folders: Sequence[str], environ: Mapping[str, str], interpreter: Sequence[str]) -> list[str]:
    """The module search path: the function's folders, PYTHONPATH, then the interpreter's own path."""
    given = [entry for entry in environ.get("PYTHONPATH", "").split(os.pathsep) if entry]
    others = [entry for entry in interpreter if entry not in given]
    return list(dict.fromkeys([*folders, *given, *others]))


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


def _import_runtime(server_packages: Sequence[str]) -> None:
    """Import AWS's runtime before a module in the function's folder can replace one that it needs."""
    sys.path += [entry for entry in server_packages if entry not in sys.path]
    # awslambdaric's HTTP client is not needed, and its import would load a C++ library.
    sys.modules["runtime_client"] = None  # type: ignore[assignment]
    importlib.import_module("awslambdaric.bootstrap")
    del sys.modules["runtime_client"]


def _enter_task_root(server_packages: Sequence[str], layers: Sequence[str]) -> None:
    """Prepare `sys.path` and the builtins as Lambda's bootstrap and Python's `site` module do."""
    folders = site_folders(os.environ["LAMBDA_TASK_ROOT"], os.environ, layers)
    folders = [folder for folder in folders if os.path.isdir(folder)]
    interpreter = [entry for entry in sys.path if entry not in server_packages]
    sys.path[:] = search_path(folders, os.environ, interpreter)
    for folder in folders:
        site.addsitedir(folder)  # `.pth` files; the folder itself is on the path already
    if importlib.machinery.PathFinder.find_spec("simplejson", folders):
        _forget("simplejson")  # awslambdaric has imported its own; the function imports the one it brings
    sys.path += [entry for entry in server_packages if entry not in sys.path]
    site.setquit()
    site.sethelper()
    # Lambda sets this variable for the function's own child processes.
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
        """Wait for an invocation; the first call tells the server that the function has been imported."""
        if not self._is_ready:
            self._is_ready = True
            self._send({"type": READY})
        self._leave_if_forked()
        try:
            head, event = read_frame(self._connection)
        except EOFError:
            os._exit(0)  # The server has ended. Lambda runs no atexit handlers either.
        return SimpleNamespace(**request_attributes(head, event))

    def post_invocation_result(self, invoke_id: str, result_data: bytes | str, *_: Any) -> None:
        """Post what the handler returned, or an error if that is over Lambda's limit."""
        kind, payload = limited_response(result_data)
        self._send({"type": kind, "requestId": invoke_id}, payload)

    def post_invocation_error(self, invoke_id: str, error_response_data: str, *_: Any) -> None:
        """Post what the handler raised."""
        self._send({"type": ERROR, "requestId": invoke_id}, error_response_data.encode("utf-8"))

    def post_init_error(self, error_response_data: Any, *_: Any) -> None:
        """Post the error that the function's import raised."""
        from awslambdaric.lambda_runtime_marshaller import to_json

        self._send({"type": INIT_ERROR}, to_json(error_response_data).encode("utf-8"))

    def _send(self, head: dict[str, Any], tail: bytes = b"") -> None:
        self._leave_if_forked()
        self._connection.sendall(encode_frame(head, tail))

    def _leave_if_forked(self) -> None:
        """End the process if the handler forked it: only the original process may use the socket."""
        if os.getpid() != self._owner:
            os._exit(0)


def _connect(connection: socket.socket) -> Any:
    """Make a client of awslambdaric's documented base class, because users replace its marshaller."""
    from awslambdaric.lambda_runtime_client import BaseLambdaRuntimeClient

    return type("LambdaRuntimeClient", (FrameClient, BaseLambdaRuntimeClient), {})(connection)


def die_with(parent: int, signal_number: int = signal.SIGKILL) -> None:
    """Have the kernel send this process a signal when the thread that started it ends."""
    try:
        import ctypes

        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal_number)
    except (ImportError, AttributeError):
        return  # macOS has no prctl
    if os.getppid() != parent:
        os._exit(1)  # the parent ended before the kernel was told


def _enter_sandbox(sandbox: Mapping[str, Any] | None) -> None:
    """Shut this process in, before a line of the function's code runs; the process ends if that fails."""
    if sandbox is None:
        return
    # The module is loaded by its path, because no folder of the server is on the module search path.
    loader = importlib.machinery.SourceFileLoader("_sandbox", _SANDBOX)
    module = ModuleType(loader.name)
    module.__file__ = _SANDBOX
    loader.exec_module(module)
    module.enter(module.Sandbox(**sandbox))


def _limit_descriptors() -> None:
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = _MAX_DESCRIPTORS if hard == resource.RLIM_INFINITY else min(_MAX_DESCRIPTORS, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _await_init(connection: socket.socket) -> None:
    """Wait until the server asks for the init phase; before that, no code of the function runs."""
    try:
        read_frame(connection)
    except EOFError:
        os._exit(0)


def main(arguments: list[str]) -> None:
    """Serve invocations as the first argument, a Place as JSON, describes."""
    place = Place(**json.loads(arguments[0]))
    _enter_sandbox(place.sandbox)
    die_with(place.server)
    _limit_descriptors()
    connection = socket.socket(fileno=place.connection)
    connection.set_inheritable(False)
    _import_runtime(place.server_packages)
    client = _connect(connection)
    # awslambdaric writes log records as frames to this descriptor. It is a copy of stdout, so prints and
    # records keep their order, and a handler that closes stdout can still log.
    os.environ["_LAMBDA_TELEMETRY_LOG_FD"] = str(os.dup(1))
    connection.sendall(encode_frame({"type": STARTED}))
    _await_init(connection)
    del sys.argv[1:]
    _enter_task_root(place.server_packages, place.layers)
    from awslambdaric import bootstrap

    bootstrap.run(os.environ["_HANDLER"], client)


if __name__ == "__main__":
    main(sys.argv[1:])
