"""A stage of REST and HTTP APIs behind API Gateway: what it tells decides, not what arrives on the wire."""

from collections.abc import Iterator
from typing import Any

import pytest

from kit.servers import write_function
from kit.transports import ECHO, Transport, new_project, open_transport

PREFIX, TOKEN = "X-Berth-0123456789abcdef-", "a" * 32
GATEWAY = {
    "trust": "token",
    "prefix": {"environment": "TEST_PREFIX"},
    "tokens": [{"environment": "TEST_TOKEN"}],
}
STAGE = {"gateway": GATEWAY, "authorizersRunIn": "gateway"}
REST = {"Api-Kind": "rest", "Stage": "prod", "Domain-Name": "z9.execute-api.eu-west-1.amazonaws.com"}
HTTP = {**REST, "Api-Kind": "http", "Stage": "$default"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Transport]:
    folder = tmp_path_factory.mktemp("behind")
    project = new_project(folder / "project", dev=STAGE)
    write_function(project, "rest", ECHO, "ANY /{proxy+}", "GET /orders/{id}", isolation="inline")
    write_function(project, "http", ECHO, "ANY $default", api="http", isolation="inline")
    write_function(project, "job", ECHO, "POST /job", isolation="inline", invocation="async")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TEST_PREFIX", PREFIX)
        patch.setenv("TEST_TOKEN", TOKEN)
        patch.setenv("BERTH_QUEUE_URL", f"sqlite:///{folder}/events.db")
        with open_transport("test-client", project) as opened:
            yield opened


def _headers(told: dict[str, str]) -> list[tuple[str, str]]:
    return [(f"{PREFIX}{name}", value) for name, value in {"Token": TOKEN, **told}.items()]


def _event(server: Transport, path: str, told: dict[str, str]) -> dict[str, Any]:
    reply = server.get(path, headers=_headers(told))
    assert reply.status == 200, reply.body
    event: dict[str, Any] = reply.json()
    return event


def test_request_for_a_route_of_one_kind_is_never_anothers(server: Transport) -> None:
    assert _event(server, "/anything", {**REST, "Path": "/prod/anything"})["resource"] == "/{proxy+}"
    event = _event(server, "/anything", {**HTTP, "Path": "/anything", "Route-Key": "$default"})
    assert (event["version"], event["routeKey"]) == ("2.0", "$default")


def test_kind_without_a_route_is_not_served_by_the_other(server: Transport) -> None:
    told = _headers({**REST, "Path": "/prod/"})
    assert server.get("/", headers=told).status == 403


def test_path_is_the_clients(server: Transport) -> None:
    told = {**REST, "Path": "/prod/a%2Fb/", "Resource-Path": "/{proxy+}"}
    event = _event(server, "/prod/a/b", told)
    assert (event["path"], event["requestContext"]["path"]) == ("/a%2Fb/", "/prod/a%2Fb/")
    assert event["pathParameters"] == {"proxy": "a%2Fb"}


def test_path_has_the_base_path_of_a_custom_domain(server: Transport) -> None:
    told = {**REST, "Domain-Name": "api.example.com", "Path": "/shop/orders/7"}
    event = _event(server, "/prod/orders/7", {**told, "Resource-Path": "/orders/{id}"})
    assert (event["path"], event["requestContext"]["path"]) == ("/shop/orders/7", "/shop/orders/7")
    assert (event["resource"], event["pathParameters"]) == ("/orders/{id}", {"id": "7"})


def test_template_of_the_other_kind_is_not_believed(server: Transport) -> None:
    told = {**HTTP, "Path": "/orders/7", "Route-Key": "$default", "Resource-Path": "/orders/{forged}"}
    assert "pathParameters" not in _event(server, "/orders/7", told)
    told = {**REST, "Path": "/prod/orders/7", "Route-Key": "GET /orders/{forged}"}
    event = _event(server, "/orders/7", told)
    assert (event["resource"], event["pathParameters"]) == ("/orders/{id}", {"id": "7"})


def test_page_is_found_with_the_stage_in_front(server: Transport) -> None:
    accepted = server.send("POST", "/prod/job", _headers({**REST, "Path": "/prod/job"}))
    page = accepted.get("Location") or ""
    assert page.startswith("/prod/_berth/invocations/")
    for wire in (page, page.removeprefix("/prod")):
        assert server.get(wire, headers=_headers({**REST, "Path": page})).status == 200
        assert server.get(wire).status == 403
