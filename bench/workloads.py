"""What the peers are asked: one function each, its request, and the only right answer."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.samples import HELLO, HELLO_PATH, ROUTES_EACH, write_many, write_project
from berth.settings import Settings

# The servers' names on the command line.
FLOOR, FLASK, ARTICLE, FRAMEWORK, DIRTY, RIE = "floor", "flask", "p2", "framework", "dirty", "rie"
PROCESS, INLINE = "process", "inline"
EVERYONE = frozenset({FLOOR, FLASK, ARTICLE, FRAMEWORK, DIRTY, RIE, PROCESS, INLINE})

_MANY_FUNCTIONS = 200
_ECHO_BYTES = 10 * 1024
_BINARY_BYTES = 1024 * 1024
_BINARY = "application/octet-stream"

_ECHO = """
def lambda_handler(event, context):
    return {"statusCode": 200, "headers": {"Content-Type": "application/json"}, "body": event["body"]}
"""
_CPU = """
def lambda_handler(event, context):
    total = 0
    for number in range(400_000):
        total += number * number % 7
    return {"statusCode": 200, "body": str(total)}
"""
_SLEEP = """
import time


def lambda_handler(event, context):
    time.sleep(0.1)
    return {"statusCode": 200, "body": "rested"}
"""
_BLOB = f"""
def lambda_handler(event, context):
    return {{
        "statusCode": 200,
        "headers": {{"Content-Type": "{_BINARY}"}},
        "isBase64Encoded": event["isBase64Encoded"],
        "body": event["body"],
    }}
"""


@dataclass(frozen=True)
class Request:
    """One HTTP request."""

    target: str
    method: str = "GET"
    body: bytes = b""
    content_type: str = ""

    @property
    def headers(self) -> dict[str, str]:
        """The headers that a plain client sends."""
        own = {"Host": "localhost", "User-Agent": "bench", "Accept": self.content_type or "*/*"}
        return own | ({"Content-Type": self.content_type} if self.body else {})

    def wire(self) -> bytes:
        """Its bytes as they are sent."""
        headers = self.headers | ({"Content-Length": str(len(self.body))} if self.body else {})
        lines = [f"{self.method} {self.target} HTTP/1.1", *(f"{name}: {headers[name]}" for name in headers)]
        return "\r\n".join((*lines, "", "")).encode("ascii") + self.body


@dataclass(frozen=True)
class Workload:
    """One comparison: a function, the request to it, and how hard it is asked."""

    name: str
    title: str
    request: Request
    answer: bytes
    source: str  # of the function's app.py; its handler is app.lambda_handler
    connections: tuple[int, ...] = (8,)
    workers: int | None = None  # of gunicorn; None: as many as the command line says
    peers: frozenset[str] = EVERYONE
    at_once: int = 2  # calls that have to run at one time, for the peer that must know
    functions: int = 1
    is_start_of_interest: bool = False  # whether it is started more than once, for figures of its start
    function: str = "hello"
    stage: Mapping[str, Any] = field(default_factory=dict)  # the stage's manifest
    environ: Mapping[str, str] = field(default_factory=dict)  # for every server

    def write(self, folder: Path, isolation: str = "process") -> Settings:
        """Write its functions, in one isolation; the settings with which Berth serves them."""
        if self.functions > 1:
            return write_many(folder, self.functions * ROUTES_EACH, isolation)
        path = self.request.target.partition("?")[0]
        manifest = {
            "handler": "app.lambda_handler",
            "isolation": isolation,
            "routes": [{"method": self.request.method, "path": path}],
        }
        return write_project(folder, {self.function: (self.source, manifest)}, self.stage)


def plain_event(request: Request) -> dict[str, Any]:
    """The event of a request as a peer gets it that is sent events instead of requests."""
    path, _, query = request.target.partition("?")
    pairs = (pair.partition("=") for pair in query.split("&") if pair)
    is_binary = request.content_type == _BINARY
    body = base64.b64encode(request.body) if is_binary else request.body
    return {
        "httpMethod": request.method,
        "path": path,
        "headers": request.headers,
        "queryStringParameters": {name: value for name, _, value in pairs} or None,
        "pathParameters": None,
        "requestContext": {},
        "body": body.decode() or None,
        "isBase64Encoded": is_binary,
    }


def _cpu_answer() -> bytes:
    return str(sum(number * number % 7 for number in range(400_000))).encode()


_HELLO = (HELLO / "app.py").read_text("utf-8")
_GREETING = b'{"message": "Hello, Ada"}'
_GET = Request(HELLO_PATH)
_TEXT = json.dumps({"items": ["x" * 100] * (_ECHO_BYTES // 104)}).encode()
_BYTES = bytes(range(256)) * (_BINARY_BYTES // 256)
_LAST = f"/s{_MANY_FUNCTIONS - 1}/items"
_EVERY = (
    Workload("hello", f"GET {HELLO_PATH}", _GET, _GREETING, _HELLO, is_start_of_interest=True),
    Workload(
        "echo",
        f"POST /echo, {len(_TEXT)} bytes of JSON come back",
        Request("/echo", "POST", _TEXT, "application/json"),
        _TEXT,
        _ECHO,
        function="echo",
    ),
    Workload(
        "cpu",
        "GET /cpu, tens of milliseconds of pure Python",
        Request("/cpu"),
        _cpu_answer(),
        _CPU,
        connections=(1, 2),
        workers=1,
        function="cpu",
    ),
    Workload(
        "sleep",
        "GET /sleep, 0.1 s of waiting",
        Request("/sleep"),
        b"rested",
        _SLEEP,
        connections=(16,),
        at_once=16,
        peers=EVERYONE - {RIE},
        function="sleep",
    ),
    Workload(
        "binary",
        "POST /binary, 1 MiB, base64 in the event and in the result",
        Request("/binary", "POST", _BYTES, _BINARY),
        _BYTES,
        _BLOB,
        connections=(4,),
        function="binary",
        stage={"binaryMediaTypes": [_BINARY]},
    ),
    Workload(
        "hello2",
        f"GET {HELLO_PATH}, HTTP API 2.0",
        _GET,
        _GREETING,
        _HELLO,
        stage={"api": "http"},
    ),
    Workload(
        "many",
        f"GET {_LAST}, one of {_MANY_FUNCTIONS} functions with {ROUTES_EACH} routes each",
        Request(_LAST),
        b"ok",
        "",
        peers=EVERYONE - {FRAMEWORK, RIE},
        functions=_MANY_FUNCTIONS,
        is_start_of_interest=True,
    ),
    Workload(
        "logs",
        f"GET {HELLO_PATH}, JSON logs on",
        _GET,
        _GREETING,
        _HELLO,
        peers=frozenset({ARTICLE, PROCESS, INLINE}),
        environ={"BERTH_LOG_FORMAT": "json", "BENCH_LOG": "json"},
    ),
)
WORKLOADS = {each.name: each for each in _EVERY}
