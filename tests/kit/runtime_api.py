"""A Runtime API for one process of the real awslambdaric, which it asks and whose answers it keeps.

Spoken over a plain socket: `http.server` refuses header lines over 64 KiB, awslambdaric sends up to
1 MiB of them.
"""

import os
import queue
import socketserver
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from berth.model.function import Function
from berth.model.invocation import Invocation, InvocationResult

_ANSWER_SECONDS = 30


class RuntimeApi(socketserver.ThreadingTCPServer):
    """Hands out invocations one by one and keeps what is posted: the end of the path, and the body."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Connection)
        self.invocations: queue.SimpleQueue[Invocation | None] = queue.SimpleQueue()
        self.posted: queue.SimpleQueue[tuple[str, bytes]] = queue.SimpleQueue()

    @property
    def address(self) -> str:
        """What AWS_LAMBDA_RUNTIME_API says."""
        return f"127.0.0.1:{self.server_address[1]}"


class _Connection(socketserver.StreamRequestHandler):
    server: RuntimeApi

    def handle(self) -> None:
        with suppress(ConnectionError):
            while line := self.rfile.readline():
                self._answer(line.split()[1].decode("ascii"), self._read_body())

    def _read_body(self) -> bytes:
        length = 0
        while (line := self.rfile.readline()).strip():
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        return self.rfile.read(length)

    def _answer(self, path: str, body: bytes) -> None:
        if not path.endswith("/next"):
            self.server.posted.put((path, body))
            self._write("202 Accepted", {}, b"")
        elif invocation := self.server.invocations.get():
            self._write("200 OK", _headers(invocation), invocation.payload or b"{}")

    def _write(self, status: str, headers: dict[str, str | None], body: bytes) -> None:
        given = {name: value for name, value in headers.items() if value is not None}
        lines = [f"{name}: {value}\r\n" for name, value in {**given, "Content-Length": len(body)}.items()]
        self.wfile.write(f"HTTP/1.1 {status}\r\n{''.join(lines)}\r\n".encode() + body)


def _headers(invocation: Invocation) -> dict[str, str | None]:
    deadline = time.time() + invocation.function.timeout
    return {
        "Content-Type": "application/json",
        "Lambda-Runtime-Aws-Request-Id": invocation.request_id,
        "Lambda-Runtime-Deadline-Ms": str(int(deadline * 1000)),
        "Lambda-Runtime-Invoked-Function-Arn": invocation.invoked_function_arn,
        "Lambda-Runtime-Trace-Id": invocation.trace_id,
        "Lambda-Runtime-Client-Context": invocation.client_context,
        "Lambda-Runtime-Cognito-Identity": invocation.cognito_identity,
        "Lambda-Runtime-Aws-Tenant-Id": invocation.tenant_id,
    }


@dataclass
class Awslambdaric:
    """The runtime of one function; one that ended after a failed init phase is started again."""

    function: Function
    api: RuntimeApi
    process: subprocess.Popen[bytes] | None = None
    program: Sequence[str] = ()  # what starts it in place of Lambda's own command, with more variables
    variables: Mapping[str, str] = field(default_factory=dict)

    def invoke(self, invocation: Invocation) -> InvocationResult:
        """Run one invocation, as an environment would."""
        if self.process is None:
            self.process = self._start()
        self.api.invocations.put(invocation)
        path, payload = self.api.posted.get(timeout=_ANSWER_SECONDS)
        if path == "/2018-06-01/runtime/init/error":
            self.process.wait()
            self.process = None
            self.api.invocations.get()  # nobody asked for it
        return InvocationResult(payload, None if path.endswith("/response") else "Unhandled")

    def end(self) -> None:
        """End the process, which waits for its next invocation."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.api.invocations.put(None)

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            self.program or [sys.executable, "-m", "awslambdaric", self.function.handler],
            cwd=self.function.directory,
            env={**_environ(self.function, self.api.address), **self.variables},
            stdin=subprocess.DEVNULL,
        )


def _environ(function: Function, address: str) -> dict[str, str]:
    return {
        "AWS_EXECUTION_ENV": f"AWS_Lambda_python{sys.version_info.major}.{sys.version_info.minor}",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_size),
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{function.name}",
        "AWS_LAMBDA_LOG_STREAM_NAME": f"2026/11/23/[$LATEST]{'0' * 32}",
        "AWS_LAMBDA_RUNTIME_API": address,
        "LAMBDA_TASK_ROOT": str(function.directory),
        "PATH": os.defpath,
        "PYTHONDONTWRITEBYTECODE": "1",
        **function.environment,
    }


@contextmanager
def awslambdaric(
    function: Function, program: Sequence[str] = (), variables: Mapping[str, str] | None = None
) -> Iterator[Awslambdaric]:
    """The real runtime of a function; the process starts with its first invocation."""
    with RuntimeApi() as api:
        thread = threading.Thread(target=api.serve_forever, args=(0.01,))
        thread.start()
        runtime = Awslambdaric(function, api, program=program, variables=variables or {})
        try:
            yield runtime
        finally:
            runtime.end()
            api.shutdown()
            thread.join()
