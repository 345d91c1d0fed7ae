"""A Lambda authorizer that runs on Lambda: Berth asks it through Invoke, and every failure refuses access."""

import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from kit.servers import Reply, Server, start_gunicorn, write_function

ARN = "arn:aws:lambda:eu-west-1:123456789012:function:gate:live"
OPEN = "def handler(event, context): return {'body': event['requestContext']['authorizer']['principalId']}"
ALLOWED = {
    "principalId": "ann",
    "policyDocument": {"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}},
}
DENIED = {
    "principalId": "ann",
    "policyDocument": {"Statement": {"Effect": "Deny", "Action": "*", "Resource": "*"}},
}
# What Lambda answers to a token: status, X-Amz-Function-Error, payload.
ANSWERS: dict[str, tuple[int, str | None, Any]] = {
    "allow": (200, None, ALLOWED),
    "deny": (200, None, DENIED),
    "raise-unauthorized": (200, "Unhandled", {"errorMessage": "Unauthorized", "errorType": "Exception"}),
    "raise": (200, "Unhandled", {"errorMessage": "boom", "errorType": "ValueError"}),
    "allow-but-error": (200, "Unhandled", ALLOWED),
    "no-json": (200, None, b"{"),
    "throttle": (429, None, {"message": "Rate Exceeded"}),
    "forbid": (403, None, {"message": "is not authorized to perform: lambda:InvokeFunction"}),
    "fail": (500, None, {"message": "internal"}),
}


class Lambda(HTTPServer):
    """Answers Invoke, one request after another, and keeps what it was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Invoked)
        self.asked: list[tuple[str, str, dict[str, Any]]] = []


class _Invoked(BaseHTTPRequestHandler):
    server: Lambda

    def do_POST(self) -> None:
        event = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append((self.path, self.headers["Authorization"], event))
        status, error, payload = ANSWERS[event["authorizationToken"]]
        body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        if error:
            self.send_header("X-Amz-Function-Error", error)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Write nothing."""


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[Lambda]:
    with Lambda() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def _start(project: Path, port: int) -> Server:
    write_function(
        project, "open", OPEN, routes=[{"method": "GET", "path": "/open", "authorizer": "elsewhere"}]
    )
    stage = {"authorizers": {"elsewhere": {"type": "TOKEN", "function": ARN, "resultTtlInSeconds": 0}}}
    (project / "manifests" / "dev.json").write_text(json.dumps(stage))
    environ = {
        "AWS_ENDPOINT_URL_LAMBDA": f"http://127.0.0.1:{port}",
        "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "secret",
    }
    return start_gunicorn(project, environ=environ)


def _call(server: Server, token: str) -> Reply:
    return server.send("GET", "/open", [("Authorization", token)])


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, elsewhere: Lambda) -> Iterator[Server]:
    project = tmp_path_factory.mktemp("project")
    (project / "functions").mkdir()
    (project / "manifests").mkdir()
    server = _start(project, elsewhere.server_port)
    yield server
    assert server.stop() == 0


def test_function_elsewhere_decides(server: Server, elsewhere: Lambda) -> None:
    reply = _call(server, "allow")
    assert (reply.status, reply.body) == (200, b"ann")
    path, authorization, event = elsewhere.asked[-1]
    assert path.replace("%3A", ":") == f"/2015-03-31/functions/{ARN}/invocations"
    assert authorization.startswith("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/")
    assert "/eu-west-1/lambda/aws4_request" in authorization
    assert event["type"] == "TOKEN"
    assert event["methodArn"].endswith("/dev/GET/open")


@pytest.mark.parametrize(
    ("token", "status", "body"),
    [
        (
            "deny",
            403,
            b'{"Message":"User is not authorized to access this resource with an explicit deny"}',
        ),
        ("raise-unauthorized", 401, b'{"message":"Unauthorized"}'),
        ("raise", 500, b'{"message":null}'),
        ("allow-but-error", 500, b'{"message":null}'),
        ("no-json", 500, b'{"message":null}'),
        ("throttle", 500, b'{"message":null}'),
        ("forbid", 500, b'{"message":null}'),
        ("fail", 500, b'{"message":null}'),
    ],
)
def test_request_is_refused_whatever_else_is_answered(
    server: Server, elsewhere: Lambda, token: str, status: int, body: bytes
) -> None:
    before = len(elsewhere.asked)
    reply = _call(server, token)
    assert (reply.status, reply.body) == (status, body)
    assert len(elsewhere.asked) == before + 1


def test_request_is_refused_when_lambda_is_not_to_be_had(project: Path) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # and does not listen
        with _start(project, nobody.getsockname()[1]) as server:
            assert _call(server, "allow").status == 500
            server.await_log("could not be invoked: EndpointConnectionError")
