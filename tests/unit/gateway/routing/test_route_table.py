"""Matching by a REST API's rules, without any web framework."""

import pytest

from berth.errors import NoSuchRoute
from berth.gateway.routing.route_table import RouteTable
from kit.gateway_values import found, route_key
from kit.tables import for_each


def _table(*routes: str) -> RouteTable[str]:
    table: RouteTable[str] = RouteTable()
    for route in routes:
        table.add(route_key(route), route)
    return table


ORDERS = _table(
    "GET /",
    "GET /orders",
    "GET /orders/{id}",
    "ANY /orders/new",
    "PUT /orders/{order}/lines/{line}",
    "POST /orders/{rest+}",
    "ANY /files/{path+}",
    "DELETE /files/{name}",
    "OPTIONS /{proxy+}",
)


@for_each(
    "request_line, route, parameters",
    [
        ("GET /", "GET /", {}),
        ("GET //", "GET /", {}),
        ("GET /orders", "GET /orders", {}),
        ("GET /orders/", "GET /orders", {}),
        ("GET //orders//", "GET /orders", {}),
        ("GET /orders/7", "GET /orders/{id}", {"id": "7"}),
        ("GET /orders/a%2Fb", "GET /orders/{id}", {"id": "a%2Fb"}),
        ("GET /orders/New", "GET /orders/{id}", {"id": "New"}),
        ("GET /orders/new", "ANY /orders/new", {}),
        ("POST /orders/new", "ANY /orders/new", {}),
        ("PUT /orders/new/lines/1", "PUT /orders/{order}/lines/{line}", {"order": "new", "line": "1"}),
        ("POST /orders/7", "POST /orders/{rest+}", {"rest": "7"}),
        ("POST /orders/7/lines//1/", "POST /orders/{rest+}", {"rest": "7/lines//1"}),
        ("POST /orders//7", "POST /orders/{rest+}", {"rest": "7"}),
        ("DELETE /files/a", "DELETE /files/{name}", {"name": "a"}),
        ("GET /files/a", "ANY /files/{path+}", {"path": "a"}),
        ("DELETE /files/a/b", "ANY /files/{path+}", {"path": "a/b"}),
        ("OPTIONS /orders", "OPTIONS /{proxy+}", {"proxy": "orders"}),
        ("OPTIONS /orders/7/lines", "OPTIONS /{proxy+}", {"proxy": "orders/7/lines"}),
        ("OPTIONS /orders/new", "ANY /orders/new", {}),
        ("OPTIONS /files", "OPTIONS /{proxy+}", {"proxy": "files"}),
    ],
)
def test_most_specific_resource_with_the_method_is_taken(
    request_line: str, route: str, parameters: dict[str, str]
) -> None:
    assert ORDERS.match(*request_line.split(" ")) == found(route, parameters)


@for_each(
    "request_line",
    [
        "POST /",
        "OPTIONS /",
        "DELETE /orders",
        "GET /Orders",
        "GET /nowhere",
        "GET /orders/7/lines",
        "PUT /orders/7/lines",
        "PUT /orders/7/lines/1/2",
        "POST /orders",
        "POST /orders/",
        "GET /files",
        "HEAD /orders",
        "TRACE /files/a",
        "CONNECT /files/a",
        "get /orders",
        "ANY /files/a",
        "OPTIONS *",
    ],
)
def test_no_route_is_found(request_line: str) -> None:
    method, path = request_line.split(" ")
    with pytest.raises(NoSuchRoute) as none:
        ORDERS.match(method, path)
    assert (none.value.method, none.value.path) == (method, path)


@pytest.mark.parametrize("method", ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"])
def test_any_is_each_of_the_seven_methods(method: str) -> None:
    assert _table("ANY /x").match(method, "/x") == found("ANY /x", {})


def test_exact_method_goes_before_any() -> None:
    assert _table("ANY /x", "GET /x").match("GET", "/x") == found("GET /x", {})


def test_literal_goes_before_any_method_of_a_variable() -> None:
    assert _table("GET /{id}", "ANY /x").match("GET", "/x") == found("ANY /x", {})


def test_variable_goes_before_greedy_one() -> None:
    assert _table("GET /{all+}", "ANY /{id}").match("GET", "/x") == found("ANY /{id}", {"id": "x"})


def test_variables_of_one_place_may_have_different_names() -> None:
    table = _table("GET /{id}", "PUT /{name}", "GET /{key}/more")
    assert table.match("GET", "/7") == found("GET /{id}", {"id": "7"})
    assert table.match("PUT", "/7") == found("PUT /{name}", {"name": "7"})
    assert table.match("GET", "/7/more") == found("GET /{key}/more", {"key": "7"})


def test_variable_is_not_empty() -> None:
    with pytest.raises(NoSuchRoute):
        _table("GET /a/{id}/b").match("GET", "/a//b")


def test_deep_dead_end_falls_back_to_the_nearest_greedy_one() -> None:
    table = _table("GET /a/b/c/d", "GET /a/{x}/c/{y}/e", "GET /a/{near+}", "GET /{far+}")
    assert table.match("GET", "/a/b/c/d/f") == found("GET /a/{near+}", {"near": "b/c/d/f"})
    assert table.match("GET", "/a/b/c/d/e") == found("GET /a/{x}/c/{y}/e", {"x": "b", "y": "d"})


def test_long_path_is_matched_without_recursing_as_deep() -> None:
    path = "/".join("x" * 4000)
    assert _table("GET /{all+}").match("GET", f"/{path}") == found("GET /{all+}", {"all": path})


def test_empty_table_has_no_route() -> None:
    with pytest.raises(NoSuchRoute):
        _table().match("GET", "/")


def test_route_that_was_found_once_gives_way_to_a_more_specific_one_that_is_added() -> None:
    table = _table("ANY /a", "GET /{id}")
    assert [table.match("GET", "/a") for _ in range(2)] == [(route_key("ANY /a"), "ANY /a", {})] * 2
    table.add(route_key("GET /a"), "GET /a")
    assert table.match("GET", "/a") == (route_key("GET /a"), "GET /a", {})


def test_parameters_belong_to_one_request_alone() -> None:
    table = _table("GET /a", "GET /{id}")
    for path in ("/a", "/{id}"):
        first = table.match("GET", path)[2]
        first["added"] = "by the application"
        assert "added" not in table.match("GET", path)[2]
