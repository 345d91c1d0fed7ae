"""No spelling of a path leads past the guard of the route that the path can be read as."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from kit.servers import Reply, write_function
from kit.tables import for_each
from kit.transports import ECHO, TRANSPORTS, Transport, isolation_for, new_project, open_transport

KEY = "0123456789abcdef0123"
STAGE = {
    "authorizers": {"gate": {"type": "REQUEST", "function": "gate", "resultTtlInSeconds": 0}},
    "apiKeys": [{"id": "partner", "environment": "TEST_KEY"}],
}
# Lets nobody in, and counts nothing: whoever is asked says no.
GATE = """
def handler(event, context):
    raise Exception("Unauthorized")
"""
APIS: dict[str, dict[str, Any]] = {
    "rest": {"api": "rest"},
    "http1": {"api": "http", "payloadFormatVersion": "1.0"},
    "http2": {"api": "http"},
}
HIDDEN = [
    *("%61dmin/x", "admin%2Fx", "%2561dmin/x", "admin%252Fx", "public/../admin/x", "public/%2e%2e/admin/x"),
    *("public/..;a=1/admin/x", "admin;a=1/x", "admin//x", "./admin/x", "admin%3Ba=1/x", "admin%5Cx"),
    *("public%2F..%2Fadmin%2Fx", "public/..%5Cadmin/x", "public/.%2e/admin/x%3Fy", "%2Fadmin/x"),
]


@pytest.fixture(scope="module", params=TRANSPORTS)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Transport]:
    project = new_project(tmp_path_factory.mktemp("guards") / "project", dev=STAGE)
    isolation = isolation_for(request.param)
    write_function(project, "gate", GATE, "GET /gate", isolation=isolation)
    for name, api in APIS.items():
        routes: list[dict[str, Any]] = [
            {"method": "ANY", "path": f"/{name}/{{proxy+}}"},
            {"method": "ANY", "path": f"/{name}/admin/{{proxy+}}", "authorizer": "gate"},
        ]
        if name == "rest":
            routes.append({"method": "ANY", "path": f"/{name}/key/{{proxy+}}", "apiKeyRequired": True})
        write_function(project, name, ECHO, isolation=isolation, routes=routes, **api)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TEST_KEY", KEY)
        with open_transport(request.param, project) as opened:
            yield opened


def _is_refused(reply: Reply) -> bool:
    return reply.status in {401, 403}


@pytest.mark.parametrize("name", APIS)
@for_each("path", HIDDEN)
def test_guarded_path_is_refused_in_every_spelling(server: Transport, name: str, path: str) -> None:
    assert _is_refused(server.get(f"/{name}/{path}"))


@for_each("path", ["%6bey/x", "key%2Fx", "public/%2e%2e/key/x", "key;a/x", "key//x"])
def test_path_that_needs_a_key_is_refused_in_every_spelling(server: Transport, path: str) -> None:
    reply = server.get(f"/rest/{path}")
    assert (reply.status, reply.body) == (403, b'{"message":"Forbidden"}')


@pytest.mark.parametrize("path", ["a%20b", "caf%C3%A9", "a//b", "a/../b", "a;v=1/b", "a%2Fb", "admins/x"])
@for_each("name", APIS)
def test_open_path_is_served_in_every_spelling(server: Transport, name: str, path: str) -> None:
    assert server.get(f"/{name}/{path}").status == 200


def test_rest_api_shows_the_path_as_it_was_sent(server: Transport) -> None:
    event = json.loads(server.get("/rest/a%2Fb").body)
    assert (event["path"], event["pathParameters"]) == ("/rest/a%2Fb", {"proxy": "a%2Fb"})


def test_http_api_is_matched_by_the_path_that_it_shows(server: Transport) -> None:
    event = json.loads(server.get("/http2/a%2Fb").body)
    assert (event["rawPath"], event["pathParameters"]) == ("/http2/a/b", {"proxy": "a/b"})
