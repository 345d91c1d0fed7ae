"""Which route a request reaches, through Flask's test client."""

from collections.abc import Iterator

import pytest

from kit.servers import Reply
from kit.tables import for_each
from kit.transports import Client, new_project, open_transport, write_answer

MISSING = b'{"message":"Missing Authentication Token"}'
ROUTES = (
    "GET /",
    "GET /items",
    "POST /items",
    "GET /items/{id}",
    "GET /items/special",
    "PUT /items/special/parts",
    "DELETE /items/{id}/parts/{part}",
    "ANY /items/{rest+}",
    "GET /Case",
    "HEAD /head",
    "GET /v1.0/a-b_c:d",
    "ANY /any",
    "PATCH /any",
    "GET /files/{path+}",
    "GET /named/{gateway}/{route}/{self}/{a.b-c}",
)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """One function for each route, which answers with the route's name and the path parameters."""
    project = new_project(tmp_path_factory.mktemp("routing") / "project")
    for number, route in enumerate(ROUTES):
        answer = f"return {{'body': {route!r}, 'headers': event['pathParameters']}}"
        write_answer(project, f"route-{number}", answer, route, isolation="inline")
    with open_transport("test-client", project) as opened:
        yield opened


@pytest.fixture(scope="module")
def staged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    project = new_project(tmp_path_factory.mktemp("staged") / "project", dev={"stageInPath": True})
    answer = "return {'body': f\"{event['path']} {event['requestContext']['path']}\"}"
    write_answer(project, "paths", answer, "GET /", "GET /{proxy+}", isolation="inline")
    with open_transport("test-client", project) as opened:
        yield opened


@for_each(
    "request_line, route",
    [
        ("GET /", "GET /"),
        ("GET /items", "GET /items"),
        ("POST /items", "POST /items"),
        ("GET /items/", "GET /items"),
        ("GET /items/7", "GET /items/{id}"),
        ("GET /items/7/", "GET /items/{id}"),
        ("GET /items/special", "GET /items/special"),
        ("GET /items/Special", "GET /items/{id}"),
        ("PUT /items/special", "ANY /items/{rest+}"),
        ("PUT /items/special/parts", "PUT /items/special/parts"),
        ("GET /items/special/parts", "ANY /items/{rest+}"),
        ("DELETE /items/special/parts/1", "DELETE /items/{id}/parts/{part}"),
        ("DELETE /items/7/parts/1/2", "ANY /items/{rest+}"),
        ("GET /items/7%2Fparts", "GET /items/{id}"),
        ("GET /items/a/b/c", "ANY /items/{rest+}"),
        ("GET /v1.0/a-b_c:d", "GET /v1.0/a-b_c:d"),
        ("GET /any", "ANY /any"),
        ("PATCH /any", "PATCH /any"),
    ],
)
def test_most_specific_resource_with_the_method_is_taken(
    client: Client, request_line: str, route: str
) -> None:
    reply = client.send(*request_line.split(" "))
    assert (reply.status, reply.body.decode()) == (200, route)


@pytest.mark.parametrize(
    ("request_line", "name", "value"),
    [
        ("GET /items/7", "id", "7"),
        ("GET /items/7%2Fparts", "id", "7%2Fparts"),
        ("GET /items/a%20b+c/", "id", "a%20b+c"),
        ("DELETE /items/7/parts/x;y", "part", "x;y"),
        ("PUT /items/a//b/", "rest", "a//b"),
        ("GET /named/1/2/3/4", "gateway", "1"),
        ("GET /named/1/2/3/4", "route", "2"),
        ("GET /named/1/2/3/4", "self", "3"),
        ("GET /named/1/2/3/4", "a.b-c", "4"),
    ],
)
def test_path_parameter_is_what_the_path_holds(
    client: Client, request_line: str, name: str, value: str
) -> None:
    assert client.send(*request_line.split(" ")).get(name) == value


@for_each(
    "request_line",
    [
        "GET /nowhere",
        "GET /item",
        "GET /case",
        "POST /",
        "DELETE /items",
        "GET /files",
        "GET /files/",
        "POST /files/a",
        "GET /head",
        "GET /any/more",
    ],
)
def test_request_is_forbidden_when_no_route_has_its_path_and_method(
    client: Client, request_line: str
) -> None:
    _assert_missing(client.send(*request_line.split(" ")))


@pytest.mark.parametrize("target", ["/items", "/items/7/x", "/any"])
@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "PROPFIND", "get"])
def test_any_covers_only_the_seven_methods(client: Client, method: str, target: str) -> None:
    _assert_missing(client.send(method, target))


@pytest.mark.parametrize("method", ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"])
def test_any_covers_each_of_the_seven_methods(client: Client, method: str) -> None:
    assert client.send(method, "/items/a/b").status == 200


def test_head_is_a_method_of_its_own(client: Client) -> None:
    assert client.send("HEAD", "/items").status == 403
    assert client.send("HEAD", "/head").status == 200


def test_options_is_not_answered_by_the_gateway_itself(client: Client) -> None:
    assert client.send("OPTIONS", "/items").status == 403


@pytest.mark.parametrize(
    ("request_line", "override", "route"),
    [
        ("POST /items", "GET", "GET /items"),
        ("GET /items", "POST", "POST /items"),
        ("POST /any", "PATCH", "PATCH /any"),
        ("POST /items", "NONSENSE", "POST /items"),
    ],
)
def test_method_is_overridden_by_its_header(
    client: Client, request_line: str, override: str, route: str
) -> None:
    reply = client.send(*request_line.split(" "), [("X-HTTP-Method-Override", override)])
    assert reply.body.decode() == route


def test_request_is_forbidden_when_the_overriding_method_has_no_route(client: Client) -> None:
    _assert_missing(client.send("GET", "/items", [("X-HTTP-Method-Override", "DELETE")]))


@pytest.mark.parametrize(
    ("target", "paths"),
    [
        ("/dev", "/ /dev/"),
        ("/dev/", "/ /dev/"),
        ("/dev/x", "/x /dev/x"),
        ("/dev/x/", "/x/ /dev/x/"),
        ("/dev/dev/x", "/dev/x /dev/dev/x"),
        ("/dev//x", "/x /dev//x"),
        ("/dev?a=1", "/ /dev/"),
    ],
)
def test_stage_is_stripped_when_it_is_in_the_path(staged: Client, target: str, paths: str) -> None:
    assert staged.get(target).body.decode() == paths


@pytest.mark.parametrize("target", ["/", "/x", "/Dev/x", "/device/x", "/prod/x", "//dev/x"])
def test_request_is_forbidden_when_its_path_lacks_the_stage(staged: Client, target: str) -> None:
    _assert_missing(staged.get(target))


def _assert_missing(reply: Reply) -> None:
    assert (reply.status, reply.body) == (403, MISSING)
    assert reply.get("x-amzn-ErrorType") == "MissingAuthenticationTokenException"
