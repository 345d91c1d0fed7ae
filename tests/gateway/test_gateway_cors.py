"""CORS that a stage configures: preflight requests, and the headers of other responses."""

from collections.abc import Iterator

import pytest

from kit.servers import Reply
from kit.tables import for_each
from kit.transports import TRANSPORTS, Transport, isolation_for, new_project, open_transport, write_answer

ORIGIN = "https://www.example.com"
CORS = {
    "allowOrigins": [ORIGIN],
    "allowMethods": ["GET", "POST"],
    "allowHeaders": ["Authorization", "X-A"],
    "exposeHeaders": ["Date", "X-B"],
    "allowCredentials": True,
    "maxAge": 300,
}
OWN = (
    "method = event.get('httpMethod') or event['requestContext']['http']['method']\n"
    "    headers = {'access-control-allow-origin': '*', 'Access-Control-Max-Age': '5', 'X-B': 'b'}\n"
    "    return {'statusCode': 200, 'body': method, 'headers': headers}"
)


@pytest.fixture(scope="module", params=TRANSPORTS)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Transport]:
    project = new_project(tmp_path_factory.mktemp("cors") / "project", dev={"cors": CORS, "api": "http"})
    isolation = isolation_for(request.param)
    for kind in ("rest", "http", "url", "alb"):
        routes = [f"GET /{kind}", f"POST /{kind}", f"ANY /{kind}/any"]
        write_answer(project, kind, OWN, *routes, isolation=isolation, api=kind)
    write_answer(project, "own", OWN, "OPTIONS /rest/own", "GET /rest/own", isolation=isolation, api="rest")
    with open_transport(request.param, project) as opened:
        yield opened


def _preflight(server: Transport, path: str, origin: str = ORIGIN, method: str = "POST") -> Reply:
    headers = [("Origin", origin), ("Access-Control-Request-Method", method)]
    return server.send("OPTIONS", path, headers)


def _cors(reply: Reply) -> dict[str, str]:
    return {name: value for name, value in reply.headers if name.lower().startswith("access-control-")}


PREFLIGHT = {
    "Access-Control-Allow-Origin": ORIGIN,
    "Access-Control-Allow-Methods": "GET,POST",
    "Access-Control-Allow-Headers": "Authorization,X-A",
    "Access-Control-Allow-Credentials": "true",
    "Access-Control-Max-Age": "300",
}


@for_each(
    "path, status",
    [("/http", 204), ("/http/any", 204), ("/nowhere", 204), ("/url", 200), ("/url/any", 200)],
)
def test_preflight_is_answered_by_the_gateway(server: Transport, path: str, status: int) -> None:
    reply = _preflight(server, path)
    assert (reply.status, reply.body) == (status, b"")
    assert _cors(reply) == PREFLIGHT


@pytest.mark.parametrize("path", ["/http", "/url"])
def test_preflight_of_another_origin_is_told_nothing(server: Transport, path: str) -> None:
    assert _cors(_preflight(server, path, origin="https://evil.example")) == {}


@pytest.mark.parametrize("path", ["/http/any", "/url/any"])
def test_options_is_the_functions_when_it_is_no_preflight(server: Transport, path: str) -> None:
    reply = server.send("OPTIONS", path, [("Origin", ORIGIN)])
    assert (reply.status, reply.body) == (200, b"OPTIONS")


@pytest.mark.parametrize("path", ["/http", "/url"])
def test_functions_own_cors_headers_are_replaced(server: Transport, path: str) -> None:
    reply = server.get(path, headers=[("Origin", ORIGIN)])
    assert _cors(reply) == {
        "Access-Control-Allow-Origin": ORIGIN,
        "Access-Control-Allow-Credentials": "true",
        "Access-Control-Expose-Headers": "Date,X-B",
    }
    assert reply.get("X-B") == "b"


@pytest.mark.parametrize("headers", [[], [("Origin", "https://evil.example")]])
@pytest.mark.parametrize("path", ["/http", "/url"])
def test_nothing_is_added_without_an_origin_that_is_allowed(
    server: Transport, path: str, headers: list[tuple[str, str]]
) -> None:
    assert _cors(server.get(path, headers=headers)) == {}


@pytest.mark.parametrize("path", ["/rest", "/alb"])
def test_functions_own_cors_headers_stay_where_the_gateway_has_no_part_in_them(
    server: Transport, path: str
) -> None:
    reply = server.get(path, headers=[("Origin", ORIGIN)])
    assert _cors(reply) == {"access-control-allow-origin": "*", "Access-Control-Max-Age": "5"}


@pytest.mark.parametrize("path", ["/rest", "/rest/any"])
@pytest.mark.parametrize("origin", [ORIGIN, "https://evil.example", ""])
def test_rest_api_has_a_mock_for_options(server: Transport, path: str, origin: str) -> None:
    headers = [("Origin", origin)] if origin else []
    reply = server.send("OPTIONS", path, headers)
    assert (reply.status, reply.body) == (200, b"{}\n")
    assert reply.get("Content-Type") == "application/json"
    assert _cors(reply) == PREFLIGHT


def test_rest_api_has_no_mock_where_the_function_has_the_method(server: Transport) -> None:
    assert _preflight(server, "/rest/own").body == b"OPTIONS"


def test_balancer_leaves_a_preflight_to_the_function(server: Transport) -> None:
    assert _preflight(server, "/alb/any").body == b"OPTIONS"


@pytest.mark.parametrize(
    ("path", "methods"),
    [("/rest", "GET,OPTIONS,POST"), ("/rest/any", "DELETE,GET,HEAD,OPTIONS,PATCH,POST,PUT")],
)
@pytest.mark.parametrize("transport", ["test-client"])
def test_mock_allows_the_methods_of_its_resource_when_the_stage_names_none(
    tmp_path_factory: pytest.TempPathFactory, transport: str, path: str, methods: str
) -> None:
    project = new_project(
        tmp_path_factory.mktemp("methods") / "project", dev={"cors": {"allowOrigins": ["*"]}}
    )
    write_answer(project, "one", OWN, "GET /rest", "ANY /rest/any", isolation="inline")
    write_answer(project, "two", OWN, "POST /rest", isolation="inline")
    with open_transport(transport, project) as server:
        reply = server.send("OPTIONS", path)
    assert _cors(reply) == {"Access-Control-Allow-Origin": "*", "Access-Control-Allow-Methods": methods}
