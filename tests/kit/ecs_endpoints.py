"""A server that plays what ECS gives a task: the metadata endpoint and the agent."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PROTECTION = "/agent/task-protection/v1/state"
CONTAINER = {
    "LogOptions": {
        "awslogs-group": "/ecs/orders",
        "awslogs-region": "eu-central-1",
        "awslogs-stream": "web/app/0a1b2c",
    },
    "Limits": {"CPU": 256, "Memory": 4096},
}
TASK = {"TaskARN": "arn:aws:ecs:eu-central-1:210987654321:task/main/0a1b2c", "Family": "orders"}


@dataclass
class EcsEndpoints:
    """What was asked of it; `slow` and `broken` name paths that it does not answer, or with status 500."""

    port: int = 0
    asked: list[tuple[str, str, Any]] = field(default_factory=list)
    slow: set[str] = field(default_factory=set)
    broken: set[str] = field(default_factory=set)
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _over: threading.Event = field(default_factory=threading.Event)

    @property
    def environ(self) -> dict[str, str]:
        """The variables that lead a container here."""
        root = f"http://127.0.0.1:{self.port}"
        return {"ECS_CONTAINER_METADATA_URI_V4": f"{root}/v4/id", "ECS_AGENT_URI": f"{root}/agent"}

    @property
    def protection(self) -> list[bool]:
        """The states asked of the agent so far."""
        return [body["ProtectionEnabled"] for method, path, body in self.asked if path == PROTECTION]

    def await_protection(self, states: list[bool], seconds: float = 30) -> None:
        """Wait until exactly these states have been asked for."""
        with self._changed:
            self._changed.wait_for(lambda: len(self.protection) >= len(states), seconds)
        assert self.protection == states

    def answer(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        """Status and document for one request."""
        with self._changed:
            self.asked.append((method, path, body))
            self._changed.notify_all()
        if path in self.slow:
            self._over.wait(60)
        if path in self.broken:
            return 500, {"failure": "it is on fire"}
        if path == PROTECTION and method == "PUT":
            return 200, {"protection": {"ProtectionEnabled": body["ProtectionEnabled"]}}
        return 200, {"/v4/id": CONTAINER, "/v4/id/task": TASK}[path]

    def close(self) -> None:
        """End all requests that still wait for an answer."""
        self._over.set()


@contextmanager
def ecs_endpoints() -> Iterator[EcsEndpoints]:
    """Serve the endpoints on a free port until the end of the block."""
    endpoints = EcsEndpoints()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, document = endpoints.answer(self.command, self.path, json.loads(body or "null"))
            content = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_PUT = do_GET

        def log_message(self, *arguments: object) -> None:
            return

    with _listening(Handler) as server:
        endpoints.port = server.server_port
        yield endpoints
        endpoints.close()


@contextmanager
def _listening(handler: type[BaseHTTPRequestHandler]) -> Iterator[ThreadingHTTPServer]:
    class Quiet(ThreadingHTTPServer):
        daemon_threads = False  # so that close waits for them

        def handle_error(self, *arguments: object) -> None:
            return  # a client that did not wait for its answer

    with Quiet(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
