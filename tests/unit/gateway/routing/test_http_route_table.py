"""Matching by an HTTP API's rules, without any web framework."""

import pytest

from berth.errors import NoSuchRoute
from berth.gateway.routing.route_table import HttpRouteTable
from kit.gateway_values import found, route_key
from kit.tables import for_each


def _table(*routes: str) -> HttpRouteTable[str]:
    table: HttpRouteTable[str] = HttpRouteTable()
    for route in routes:
        table.add(route_key(route), route)
    return table


# The documentation's example.
# https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html
PETS = _table("GET /pets/dog/1", "GET /pets/dog/{id}", "GET /pets/{proxy+}", "ANY /{proxy+}", "$default")


@pytest.mark.parametrize(
    ("request_line", "route", "parameters"),
    [
        ("GET /pets/dog/1", "GET /pets/dog/1", {}),
        ("GET /pets/dog/2", "GET /pets/dog/{id}", {"id": "2"}),
        ("GET /pets/cat/1", "GET /pets/{proxy+}", {"proxy": "cat/1"}),
        ("POST /test/5", "ANY /{proxy+}", {"proxy": "test/5"}),
        ("POST /pets/dog/1", "ANY /{proxy+}", {"proxy": "pets/dog/1"}),
        ("GET /pets", "ANY /{proxy+}", {"proxy": "pets"}),
        ("GET /pets/dog/1/2", "GET /pets/{proxy+}", {"proxy": "dog/1/2"}),
        ("GET /", "$default", {}),
        ("POST /", "$default", {}),
    ],
)
def test_request_is_matched_as_documented(request_line: str, route: str, parameters: dict[str, str]) -> None:
    assert PETS.match(*request_line.split(" ")) == found(route, parameters)


@pytest.mark.parametrize(
    ("routes", "request_line", "route", "parameters"),
    [
        (("GET /{a}/x", "GET /y/{b+}"), "GET /y/x", "GET /{a}/x", {"a": "y"}),
        (("GET /{a}/{b}", "GET /y/{c+}"), "GET /y/x", "GET /{a}/{b}", {"a": "y", "b": "x"}),
        (("ANY /x", "GET /{proxy+}"), "GET /x", "ANY /x", {}),
        (("ANY /{id}", "GET /{proxy+}"), "GET /x", "ANY /{id}", {"id": "x"}),
        (("GET /y/x", "GET /{a}/{b}"), "GET /y/x", "GET /y/x", {}),
        (("POST /y/x", "GET /{a}/x"), "GET /y/x", "GET /{a}/x", {"a": "y"}),
        (("GET /y/z", "GET /{a}/x"), "GET /y/x", "GET /{a}/x", {"a": "y"}),
    ],
)
def test_full_match_goes_before_a_greedy_one(
    routes: tuple[str, ...], request_line: str, route: str, parameters: dict[str, str]
) -> None:
    for each in (routes, routes[::-1]):
        assert _table(*each).match(*request_line.split(" ")) == found(route, parameters)


@pytest.mark.parametrize(
    ("request_line", "route", "parameters"),
    [
        ("GET /a/b/c", "GET /a/b/{near+}", {"near": "c"}),
        ("GET /a/b", "GET /a/{far+}", {"far": "b"}),
        ("POST /a/b/c", "ANY /a/{far+}", {"far": "b/c"}),
    ],
)
def test_nearest_greedy_route_with_the_method_is_taken(
    request_line: str, route: str, parameters: dict[str, str]
) -> None:
    table = _table("GET /a/b/{near+}", "GET /a/{far+}", "ANY /a/{far+}")
    assert table.match(*request_line.split(" ")) == found(route, parameters)


def test_own_method_goes_before_any() -> None:
    table = _table("ANY /x", "GET /x", "ANY /{proxy+}", "GET /{proxy+}")
    assert table.match("GET", "/x") == found("GET /x", {})
    assert table.match("PUT", "/x") == found("ANY /x", {})
    assert table.match("GET", "/y") == found("GET /{proxy+}", {"proxy": "y"})
    assert table.match("PUT", "/y") == found("ANY /{proxy+}", {"proxy": "y"})


@pytest.mark.parametrize("method", ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"])
def test_default_route_takes_each_of_the_seven_methods(method: str) -> None:
    assert _table("$default", "GET /x/y").match(method, "/x") == found("$default", {})


def test_greedy_route_goes_before_the_default_one() -> None:
    table = _table("$default", "ANY /{proxy+}")
    assert table.match("GET", "/a/b") == found("ANY /{proxy+}", {"proxy": "a/b"})
    assert table.match("GET", "/") == found("$default", {})


@for_each(
    "route, request_line",
    [
        ("GET /orders", "GET /orders/"),
        ("GET /orders", "GET //orders"),
        ("GET /orders", "GET /Orders"),
        ("GET /orders/{id}", "GET /orders/7/"),
        ("GET /orders/{id}", "GET /orders/"),
        ("GET /orders/{id}", "GET /orders"),
        ("GET /a/{id}/b", "GET /a//b"),
        ("GET /a/{rest+}", "GET /a"),
        ("GET /a/{rest+}", "GET /a/"),
        ("GET /{rest+}", "GET /"),
        ("GET /{rest+}", "GET //"),
        ("GET /", "GET //"),
        ("GET /", "HEAD /"),
        ("ANY /x", "TRACE /x"),
        ("$default", "TRACE /x"),
        ("$default", "CONNECT /x"),
        ("$default", "get /x"),
        ("$default", "OPTIONS *"),
    ],
)
def test_no_route_is_found(route: str, request_line: str) -> None:
    method, path = request_line.split(" ")
    with pytest.raises(NoSuchRoute) as none:
        _table(route).match(method, path)
    assert (none.value.method, none.value.path) == (method, path)


@pytest.mark.parametrize(
    ("path", "rest"),
    [("/a/b/", "b/"), ("/a//b", "/b"), ("/a/b%2Fc/%3F", "b%2Fc/%3F"), ("/a/b//", "b//")],
)
def test_greedy_parameter_is_raw_and_keeps_its_slashes(path: str, rest: str) -> None:
    assert _table("GET /a/{rest+}").match("GET", path) == found("GET /a/{rest+}", {"rest": rest})


def test_long_path_is_matched_without_recursing_as_deep() -> None:
    path = "/".join("x" * 4000)
    assert _table("GET /{all+}", "$default").match("GET", f"/{path}") == found("GET /{all+}", {"all": path})
