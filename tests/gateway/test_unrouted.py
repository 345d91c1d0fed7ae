"""A request that no route takes is told in one line of the log, and a flood of them in few."""

import logging
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from berth.factory import create_app
from berth.gateway.flask_app import RouteMap
from berth.gateway.routing.head import RequestHead
from berth.gateway.unrouted import UnroutedLog
from berth.settings import Settings
from kit.servers import project_environ
from kit.transports import new_project, write_answer

NO_PATH = "no route has this path"
VERSION = [{"field": "http-header", "httpHeaderName": "X-Version", "values": ["2"]}]
RULE = {"method": "GET", "path": "/new", "priority": 1, "conditions": VERSION}


@contextmanager
def _client(folder: Path, stage: dict[str, Any], **functions: dict[str, Any]) -> Iterator[FlaskClient]:
    """A client of a project whose functions have these manifests."""
    project = new_project(folder / "project", dev=stage)
    for name, manifest in functions.items():
        write_answer(project, name, "return {}", *manifest.pop("keys", ()), isolation="inline", **manifest)
    app = create_app(Settings.from_environ(project_environ(project)))
    with closing(app.extensions["berth"]):
        yield app.test_client()


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[FlaskClient]:
    """A REST API of a few routes."""
    keys = ["GET /orders", "POST /orders", "GET /orders/{id}", "GET /hello"]
    with _client(tmp_path, {}, shop={"keys": keys}) as client:
        yield client


@pytest.mark.parametrize(
    ("method", "target", "why"),
    [
        (
            "GET",
            "/order/7?token=secret",
            f"{NO_PATH}; the nearest: GET /orders, POST /orders, GET /orders/{{id}}",
        ),
        ("GET", "/helo", f"{NO_PATH}; the nearest: GET /hello"),
        ("GET", "/favicon.ico", f"{NO_PATH}; there are: GET /orders, POST /orders, GET /orders/{{id}}, ..."),
        ("DELETE", "/orders", "the path has routes for GET, POST alone"),
        ("HEAD", "/hello", "the path has routes for GET alone"),
        ("PURGE", "/orders/7", "the path has routes for GET alone"),
    ],
)
def test_line_tells_what_was_asked_for_and_what_is_near(
    shop: FlaskClient, caplog: pytest.LogCaptureFixture, method: str, target: str, why: str
) -> None:
    reply = shop.open(target, method=method)
    asked = f"{method} {target.partition('?')[0]}"
    assert caplog.messages == [f"{reply.headers['x-amzn-RequestId']}: no route for {asked}: {why}"]
    assert caplog.records[0].levelno == logging.WARNING


def test_route_that_is_found_has_no_line(shop: FlaskClient, caplog: pytest.LogCaptureFixture) -> None:
    assert shop.get("/hello").status_code == 200
    assert caplog.messages == []


@pytest.mark.parametrize(
    ("stage", "functions", "why"),
    [
        ({}, {"asked": {}}, "no function of the stage has a route"),
        (
            {"stageInPath": True},
            {"hello": {"keys": ["GET /new"]}},
            "paths of this stage begin with /dev (stageInPath)",
        ),
        (
            {"api": "alb"},
            {"hello": {"routes": [RULE]}},
            f"{NO_PATH}, or its conditions are not met; the nearest: GET /new",
        ),
    ],
)
def test_line_tells_what_is_missing(
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    stage: dict[str, Any],
    functions: dict[str, Any],
    why: str,
) -> None:
    with _client(tmp_path, stage, **functions) as client:
        client.get("/new")
    assert [message.partition(": ")[2] for message in caplog.messages] == [f"no route for GET /new: {why}"]


def test_fault_of_a_function_is_told_with_its_route(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with _client(tmp_path, {}, shop={"keys": ["GET /orders/{id}"], "reservedConcurrency": 0}) as client:
        reply = client.get("/orders/secret")
    told = "GET /orders/{id} (shop): shop was throttled by its reserved concurrency of 0"
    assert caplog.messages == [f"{reply.headers['x-amzn-RequestId']}: {told}"]


def _head(target: str, method: str = "GET") -> RequestHead:
    return RequestHead({"RAW_URI": target, "REQUEST_METHOD": method}, None)


def test_client_cannot_begin_a_line_or_write_a_long_one(caplog: pytest.LogCaptureFixture) -> None:
    hostile = "/\x1b[2J\r\n6bf847fa: \x9b\u202e" + "x" * 10_000
    UnroutedLog(RouteMap()).tell("id", _head(hostile, "G\nE" * 100))
    (message,) = caplog.messages
    assert message.startswith(
        r"id: no route for G\nEG\nEG\nEG\nEG\nEG\nEG\n... /\x1b[2J\r\n6bf847fa: \x9b\u202exxx"
    )
    assert message.isprintable()
    assert len(message) < 400


def test_flood_has_twenty_lines_and_then_one_a_second(caplog: pytest.LogCaptureFixture) -> None:
    now = [100.0]
    unrouted = UnroutedLog(RouteMap(), lambda: now[0])
    for seconds in (0, 0.5, 0.5, 3600):
        now[0] += seconds
        for _ in range(1000):
            unrouted.tell("id", _head("/nowhere"))
    told = [message.partition(" has a route")[2] for message in caplog.messages]
    more = " ({} more such requests were not logged)"
    assert told == [*[""] * 20, more.format(1980), more.format(999), *[""] * 19]


def test_flood_from_several_threads_is_counted(caplog: pytest.LogCaptureFixture) -> None:
    now = [100.0]
    unrouted = UnroutedLog(RouteMap(), lambda: now[0])

    def ask() -> None:
        for _ in range(200):
            unrouted.tell("id", _head("/nowhere"))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(caplog.messages) == 20
    now[0] += 1
    unrouted.tell("id", _head("/nowhere"))
    assert "(780 more such requests were not logged)" in caplog.messages[-1]
