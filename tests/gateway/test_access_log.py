"""BERTH_ACCESS_LOG: one line for each request of an API, once it is answered."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from berth.factory import create_app
from berth.gateway.flask_app import GatewayApp
from berth.gateway.request import WIRE_BODY, BodyWanted
from berth.settings import Settings
from kit.servers import project_environ, start_gunicorn, write_function
from kit.transports import new_project, write_answer

CORS = {"allowOrigins": ["https://www.example.com"]}
AUTHORIZERS = {"gate": {"type": "TOKEN", "function": "gate", "identitySource": "method.request.header.Key"}}
GUARDED = [{"method": "GET", "path": "/guarded", "authorizer": "gate"}]
ANSWER = "return {'statusCode': 201, 'body': 'four'}"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project of inline functions, so that no process is started."""
    project = new_project(tmp_path / "project", dev={"cors": CORS, "authorizers": AUTHORIZERS})
    write_answer(project, "orders", ANSWER, "ANY /orders/{id}", isolation="inline")
    write_answer(project, "raises", "raise ValueError", "GET /raises", isolation="inline")
    write_answer(project, "gate", "raise Exception('Unauthorized')", isolation="inline")
    write_answer(project, "guarded", ANSWER, isolation="inline", routes=GUARDED)
    write_answer(project, "http", ANSWER, "GET /http", isolation="inline", api="http")
    return project


def _app(project: Path, access_log: str) -> GatewayApp:
    return create_app(Settings.from_environ({**project_environ(project), "BERTH_ACCESS_LOG": access_log}))


@pytest.fixture
def client(project: Path, request: pytest.FixtureRequest) -> Iterator[FlaskClient]:
    """A client of an application that keeps an access log, as JSON if nothing else is asked for."""
    app = _app(project, getattr(request, "param", "json"))
    yield app.test_client()
    app.extensions["berth"].close()


def _send(client: FlaskClient, method: str, path: str, **options: Any) -> TestResponse:
    """Send a request, and take its answer to the end."""
    with client.open(path, method=method, **options) as reply:
        assert reply.data is not None
        return reply


def _lines(capfd: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """The objects of the access log since the last look."""
    objects = [json.loads(line) for line in capfd.readouterr().out.splitlines() if line.startswith("{")]
    return [each for each in objects if each["type"] == "access"]


def test_line_tells_route_function_status_and_size(
    client: FlaskClient, capfd: pytest.CaptureFixture[str]
) -> None:
    headers = {"Authorization": "secret"}
    reply = _send(client, "POST", "/orders/secret?token=secret", headers=headers, data="secret")
    (line,) = _lines(capfd)
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line.pop("time"))
    assert line.pop("requestId") == reply.headers["x-amzn-RequestId"]
    assert line.pop("durationMs") > 0
    assert line == {
        "type": "access",
        "routeKey": "ANY /orders/{id}",
        "functionName": "orders",
        "status": 201,
        "environment": "cold",
        "responseLength": 4,
    }


def test_line_tells_whether_the_environment_was_warm(
    client: FlaskClient, capfd: pytest.CaptureFixture[str]
) -> None:
    for _ in range(3):
        _send(client, "GET", "/orders/7")
    assert [line["environment"] for line in _lines(capfd)] == ["cold", "warm", "warm"]


REQUESTS = {
    "function-error": ("GET", "/raises", {}, ["GET /raises", "raises", 502, "cold"]),
    "no-route": ("GET", "/nowhere", {}, [None, None, 403, None]),
    "authorizer-refuses": ("GET", "/guarded", {"Key": "a"}, ["GET /guarded", "guarded", 401, None]),
    "options-of-cors": ("OPTIONS", "/raises", {}, ["OPTIONS /raises", "raises", 200, None]),
    "preflight": (
        "OPTIONS",
        "/http",
        {"Origin": "https://www.example.com", "Access-Control-Request-Method": "GET"},
        [None, None, 204, None],
    ),
}


@pytest.mark.parametrize(("method", "path", "headers", "told"), REQUESTS.values(), ids=REQUESTS)
def test_request_that_no_function_answered_has_a_line(
    client: FlaskClient,
    capfd: pytest.CaptureFixture[str],
    method: str,
    path: str,
    headers: dict[str, str],
    told: list[object],
) -> None:
    reply = _send(client, method, path, headers=headers)
    (line,) = _lines(capfd)
    assert [line[name] for name in ("routeKey", "functionName", "status", "environment")] == told
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", line["requestId"])
    assert line["requestId"] == reply.headers.get("x-amzn-RequestId", line["requestId"])
    assert line["responseLength"] == len(reply.data)


def test_answer_to_head_has_no_bytes(client: FlaskClient, capfd: pytest.CaptureFixture[str]) -> None:
    _send(client, "HEAD", "/orders/7")
    assert [(line["status"], line["responseLength"]) for line in _lines(capfd)] == [(201, 0)]


def test_health_check_has_no_line(client: FlaskClient, capfd: pytest.CaptureFixture[str]) -> None:
    assert _send(client, "GET", "/_berth/health/live").status_code == 200
    assert _lines(capfd) == []


@pytest.mark.parametrize("client", ["text"], indirect=True)
def test_line_is_like_lambdas_report_when_it_is_text(
    client: FlaskClient, capfd: pytest.CaptureFixture[str]
) -> None:
    _send(client, "GET", "/orders/7")
    _send(client, "GET", "/nowhere")
    found = [line for line in capfd.readouterr().out.splitlines() if line.startswith("ACCESS ")]
    figures = re.compile(r"(RequestId|Time|Duration): [^\t ]+")
    assert [figures.sub(r"\1: N", line) for line in found] == [
        "ACCESS RequestId: N\tTime: N\tRoute: ANY /orders/{id}\tFunction: orders\tStatus: 201"
        "\tDuration: N ms\tEnvironment: cold\tBytes: 4",
        "ACCESS RequestId: N\tTime: N\tRoute: -\tFunction: -\tStatus: 403"
        "\tDuration: N ms\tEnvironment: -\tBytes: 42",
    ]


class UnreadBody:
    """A body that a server has not received yet."""

    kept = None
    loan = None
    seconds = 0.0

    def demand(self, limit: int) -> None:
        """Ask for the body."""
        raise BodyWanted


def test_request_that_waits_for_its_body_has_one_line_for_all_the_work(
    client: FlaskClient, capfd: pytest.CaptureFixture[str]
) -> None:
    body = UnreadBody()
    with pytest.raises(BodyWanted):
        client.post("/orders/7", data="x", environ_overrides={WIRE_BODY: body})
    assert body.seconds > 0
    assert _lines(capfd) == []
    body.seconds = 1000.0
    _send(client, "GET", "/orders/7", environ_overrides={WIRE_BODY: body})
    assert [line["durationMs"] >= 1_000_000 for line in _lines(capfd)] == [True]


def test_application_is_the_same_without_an_access_log(project: Path) -> None:
    app = _app(project, "off")
    assert "wsgi_app" not in vars(app)
    assert app.after_request_funcs == {}


@pytest.mark.system
def test_gunicorn_writes_the_line_once_the_answer_is_sent(tmp_path: Path) -> None:
    project = new_project(tmp_path / "project")
    write_function(project, "hello", f"def handler(event, context):\n    {ANSWER}\n", "POST /hello")
    with start_gunicorn(project, environ={"BERTH_ACCESS_LOG": "json"}) as server:
        assert server.send("POST", "/hello?token=secret", body=b"x" * 100_000).status == 201
        server.await_log('"type":"access"')
        (line,) = [json.loads(each) for each in server.log if '"type":"access"' in each]
        told = [line[name] for name in ("functionName", "status", "environment", "responseLength")]
        assert told == ["hello", 201, "cold", 4]
        assert "secret" not in "".join(server.log)
