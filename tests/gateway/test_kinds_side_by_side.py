"""Functions of every kind of API in one application: which function a request reaches."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from kit.servers import Reply
from kit.tables import for_each
from kit.transports import TRANSPORTS, Transport, isolation_for, new_project, open_transport, write_answer

# Each function answers with its name and what its event says of the path.
WHOSE = (
    "path = event.get('rawPath', event.get('path'))\n"
    "    return {{'statusCode': 200, 'body': f'{name} {{path}}'}}"
)
FUNCTIONS = {
    "rest-orders": ("rest", ["ANY /orders/{id}", "GET /orders"]),
    "http-orders": ("http", ["GET /orders/new", "POST /orders", "ANY /orders/{id}/lines"]),
    "http-rest": ("http", ["ANY $default"]),
    "alb-files": ("alb", ["GET /files/*"]),
    "http-files": ("http", ["GET /files/{name}", "PUT /files/{path+}"]),
    "url-hook": ("url", ["ANY /hook", "ANY /hook/{proxy+}"]),
}


@pytest.fixture(scope="module", params=TRANSPORTS)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Transport]:
    project = new_project(tmp_path_factory.mktemp("side") / "project")
    isolation = isolation_for(request.param)
    for name, (kind, routes) in FUNCTIONS.items():
        write_answer(project, name, WHOSE.format(name=name), *routes, isolation=isolation, api=kind)
    _write_rules(project, isolation)
    with open_transport(request.param, project) as opened:
        yield opened


def _write_rules(project: Path, isolation: str) -> None:
    """Rules of a load balancer that share a path, by their conditions."""
    conditions = {
        "blue": [{"field": "host-header", "values": ["*.blue.example", "blue"]}],
        "header": [{"field": "http-header", "httpHeaderName": "X-Version", "values": ["2.*"]}],
        "query": [{"field": "query-string", "values": [{"key": "version", "value": "2*"}]}],
        "method": [{"field": "http-request-method", "values": ["PUT", "PURGE"]}],
    }
    for priority, (name, asked) in enumerate(conditions.items(), 1):
        route = {"method": "ANY", "path": "/app/*", "priority": priority, "conditions": asked}
        answer = WHOSE.format(name=f"alb-{name}")
        write_answer(project, f"alb-{name}", answer, isolation=isolation, api="alb", routes=[route])
    write_answer(
        project, "alb-app", WHOSE.format(name="alb-app"), "ANY /app/*", isolation=isolation, api="alb"
    )


@for_each(
    "request_line, answer",
    [
        ("GET /orders", "rest-orders /orders"),
        ("POST /orders", "http-orders /orders"),
        ("GET /orders/7", "rest-orders /orders/7"),
        ("GET /orders/a%20b", "rest-orders /orders/a%20b"),
        ("GET /orders/new", "http-orders /orders/new"),
        ("PUT /orders/new", "rest-orders /orders/new"),
        ("GET /orders/7/lines", "http-orders /orders/7/lines"),
        ("GET /orders/7/lines/1", "http-rest /orders/7/lines/1"),
        ("GET /files/a%20b", "http-files /files/a b"),
        ("GET /files/a/b%20c", "alb-files /files/a/b%20c"),
        ("PUT /files/a/b", "http-files /files/a/b"),
        ("POST /hook/a%20b", "url-hook /hook/a%20b"),
        ("POST /hook/", "url-hook /hook/"),
        ("GET /", "http-rest /"),
        ("GET /a%3Fb", "http-rest /a"),
    ],
)
def test_more_specific_template_wins_whatever_its_kind(
    server: Transport, request_line: str, answer: str
) -> None:
    assert _answer(server.send(*request_line.split(" "))) == answer


@for_each(
    "method, target, headers, answer",
    [
        ("GET", "/app/x", [], "alb-app"),
        ("GET", "/app/x", [("Host", "www.blue.example")], "alb-blue"),
        ("GET", "/app/x", [("Host", "WWW.Blue.example:8000")], "alb-blue"),
        ("GET", "/app/x", [("Host", "blue.example")], "alb-app"),
        ("GET", "/app/x", [("X-Version", "2.1")], "alb-header"),
        ("GET", "/app/x", [("x-version", "1.2.1")], "alb-app"),
        ("GET", "/app/x?Version=2b", [], "alb-query"),
        ("GET", "/app/x?version=1&a=2", [], "alb-app"),
        ("PUT", "/app/x", [], "alb-method"),
        ("PURGE", "/app/x", [], "alb-method"),
        ("PUT", "/app/x?version=2", [("X-Version", "2.0"), ("Host", "blue")], "alb-blue"),
        ("BREW", "/app/x", [], "alb-app"),
    ],
)
def test_rule_is_chosen_by_its_conditions_in_the_order_of_priorities(
    server: Transport, method: str, target: str, headers: list[tuple[str, str]], answer: str
) -> None:
    assert _answer(server.send(method, target, headers)) == f"{answer} /app/x"


def test_method_override_counts_for_rest_apis_only(server: Transport) -> None:
    override = [("X-HTTP-Method-Override", "POST")]
    assert _answer(server.get("/orders/new", headers=override)) == "http-orders /orders/new"
    assert _answer(server.send("PUT", "/orders/7", override)) == "rest-orders /orders/7"
    # As GET the request would be rest-orders'; a REST API has no POST here, an HTTP API takes GET as GET.
    assert _answer(server.get("/orders", headers=override)) == "http-rest /orders"


def _answer(reply: Reply) -> str:
    assert reply.status == 200
    return reply.body.decode()


@pytest.fixture(scope="module", params=["gunicorn", "test-client"])
def staged(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Transport]:
    """A stage with a name, which requests carry in their path."""
    stage = {"stage": "prod", "stageInPath": True}
    project = new_project(tmp_path_factory.mktemp("staged") / "project", dev=stage)
    isolation = isolation_for(request.param)
    for kind in ("rest", "http", "alb", "url"):
        answer = WHOSE.format(name=kind)
        write_answer(project, kind, answer, f"GET /{kind}", isolation=isolation, api=kind)
    with open_transport(request.param, project) as opened:
        yield opened


@pytest.mark.parametrize(
    ("target", "answer"),
    [
        ("/prod/rest", "rest /rest"),
        ("/prod/http", "http /prod/http"),
        ("/alb", "alb /alb"),
        ("/url", "url /url"),
    ],
)
def test_stage_is_part_of_the_path_where_the_kind_has_stages(
    staged: Transport, target: str, answer: str
) -> None:
    assert _answer(staged.get(target)) == answer


@for_each("target", ["/rest", "/http", "/prod/alb", "/prod/url", "/production/rest"])
def test_path_without_its_stage_has_no_route(staged: Transport, target: str) -> None:
    assert staged.get(target).status == 403
