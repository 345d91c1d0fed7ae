"""The short lane takes the view's steps without Flask, wherever nobody has asked Flask for more."""

import json
import select
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import flask
import pytest
from flask import Flask, signals

from berth.factory import create_app
from berth.gateway.flask_app import GatewayApp
from berth.gateway.routing.head import LISTENER, RAW_HEADERS
from berth.gateway.short_lane import Passage, ShortLane
from berth.model.http import HttpResponse
from berth.settings import Settings
from kit.servers import project_environ, write_function
from kit.transports import ECHO, new_project

CORS = {"allowOrigins": ["https://www.example.com"]}
GATE = {"type": "TOKEN", "function": "gate", "identitySource": "method.request.header.Key"}
MODEL = {"application/json": {"type": "object"}}
PROCESS = {"isolation": "process"}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    project = new_project(tmp_path_factory.mktemp("lane"), dev={"cors": CORS, "authorizers": {"gate": GATE}})
    write_function(project, "echo", ECHO, "ANY /echo/{id}", "GET /other")
    write_function(project, "cold", ECHO, "GET /cold")
    write_function(project, "fails", "def handler(event, context):\n    raise ValueError\n", "GET /fails")
    routes = [
        {"method": "GET", "path": "/guarded", "authorizer": "gate"},
        {"method": "POST", "path": "/checked", "requestModels": MODEL},
        {"method": "GET", "path": "/required", "requestParameters": {"method.request.querystring.a": True}},
    ]
    write_function(project, "gate", ECHO)
    write_function(project, "guarded", ECHO, routes=routes)
    return project


@pytest.fixture
def app(project: Path) -> Iterator[GatewayApp]:
    """An application whose function `echo` is warm."""
    app = create_app(Settings.from_environ(project_environ(project)))
    assert app.test_client().get("/echo/1").status_code == 200
    yield app
    app.extensions["berth"].close()


def _begin(app: GatewayApp, method: str, target: str, body: bytes = b"") -> Passage | None:
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "RAW_URI": target,
        "SERVER_PROTOCOL": "HTTP/1.1",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8000",
        "REMOTE_ADDR": "203.0.113.7",
        "wsgi.url_scheme": "http",
        RAW_HEADERS: [("Host", "h"), ("x-Sent", "1"), ("Content-Type", "text/plain")],
        LISTENER: ("127.0.0.1", 8000),
    }
    return ShortLane(app).begin(environ, body)


def _await(passage: Passage | None) -> HttpResponse:
    assert passage is not None
    while (response := passage.look()) is None:
        select.select([passage.connection], [], [], 10)
    return response


def test_request_of_a_warm_function_is_answered(app: GatewayApp):
    response = _await(_begin(app, "POST", "/echo/7?a=b", b"sent"))
    event = json.loads(response.body)
    assert response.status == 200
    assert event["pathParameters"] == {"id": "7"}
    assert event["queryStringParameters"] == {"a": "b"}
    assert event["headers"]["x-Sent"] == "1"
    assert event["body"] == "sent"
    assert event["requestContext"]["identity"]["sourceIp"] == "203.0.113.7"


def test_environment_is_free_again_once_the_answer_is_there(app: GatewayApp):
    for _ in range(3):
        _await(_begin(app, "GET", "/echo/1"))
    both = [_begin(app, "GET", "/echo/1"), _begin(app, "GET", "/echo/1")]
    assert [passage is None for passage in both] == [False, True]
    _await(both[0])


def test_answer_that_is_a_fault_is_left_to_the_view(app: GatewayApp):
    app.test_client().get("/fails")
    passage = _begin(app, "GET", "/fails")
    with pytest.raises(Exception, match="Unhandled"):
        _await(passage)


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("GET", "/cold"),
        ("GET", "/nowhere"),
        ("GET", "/guarded"),
        ("POST", "/checked"),
        ("GET", "/required"),
        ("OPTIONS", "/echo/1"),
        ("GET", "/echo/1?{"),
        ("GET", "/_berth/health/live"),
        ("GET", "/echo/1/_berth/health/live"),
    ],
)
def test_view_serves(app: GatewayApp, method: str, target: str):
    assert app.test_client().open("/guarded", method="GET").status_code == 401
    assert _begin(app, method, target) is None
    _await(_begin(app, "GET", "/echo/1"))  # what was borrowed is given back


def _after(app: GatewayApp) -> None:
    app.after_request_funcs[None] = [lambda response: response]


def _before(app: GatewayApp) -> None:
    app.before_request_funcs[None].append(lambda: None)


def _teardown(app: GatewayApp) -> None:
    app.teardown_request_funcs[None] = [lambda error: None]


def _values(app: GatewayApp) -> None:
    app.url_value_preprocessors[None] = [lambda endpoint, values: None]


def _middleware(app: GatewayApp) -> None:
    app.wsgi_app = app.wsgi_app  # type: ignore[method-assign]


def _debugging(app: GatewayApp) -> None:
    app.debug = True


def _replaced_view(app: GatewayApp) -> None:
    app.view_functions["echo.any_echo_id"] = lambda **parameters: flask.Response("mine")


def _inline(app: GatewayApp) -> None:
    app.testing = True


@pytest.mark.parametrize(
    "more", [_after, _before, _teardown, _values, _middleware, _debugging, _replaced_view, _inline]
)
def test_lane_steps_aside_where_the_application_does_more(
    app: GatewayApp, more: Callable[[GatewayApp], None]
):
    more(app)
    assert _begin(app, "GET", "/echo/1") is None


def test_lane_steps_aside_while_somebody_listens_to_flasks_signals(app: GatewayApp):
    def listen(sender: Flask, **_: object) -> None: ...

    with signals.request_started.connected_to(listen):
        assert _begin(app, "GET", "/echo/1") is None
    _await(_begin(app, "GET", "/echo/1"))


def test_lane_steps_aside_where_monitoring_has_replaced_flasks_methods(
    app: GatewayApp, monkeypatch: pytest.MonkeyPatch
):
    plain = Flask.full_dispatch_request
    monkeypatch.setattr(Flask, "full_dispatch_request", lambda self: plain(self))
    assert _begin(app, "GET", "/echo/1") is None
