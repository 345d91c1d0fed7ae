"""Where the identity of a caller is found, and when there is none."""

from typing import Any

import pytest

from berth.gateway.authorizers.identity_source import context_values, read_sources
from berth.model.authorizer import CONTEXT_SOURCES, IdentitySource
from berth.model.route import Route
from kit.gateway_values import HTTP_2, URL, make_call, make_route
from kit.tables import for_each

HEADER = IdentitySource("header", "Authorization")
QUERY = IdentitySource("querystring", "token")
VARIABLE = IdentitySource("stageVariables", "tenant")
ROUTE = make_route(stage_variables={"tenant": "acme", "empty": ""})


def _values(*sources: IdentitySource, route: Route = ROUTE, **changes: Any) -> tuple[str, ...] | None:
    return read_sources(sources, make_call(route, **changes))


@for_each(
    "headers, values",
    [
        ((("Authorization", "Bearer abc"),), ("Bearer abc",)),
        ((("Authorization", " a b "),), (" a b ",)),
        ((("Authorization", "a,b"),), ("a,b",)),
        ((("Authorization", "☕"),), ("☕",)),
        ((), None),
        ((("Authorization", ""),), None),
        ((("Authorization", " \t"),), None),
        ((("X-Authorization", "abc"),), None),
        ((("Authorization", "a"), ("Authorization", "b")), None),
        ((("Authorization", "a"), ("Authorization", "a")), None),
        ((("Authorization", "a"), ("Authorization", "")), None),
    ],
)
def test_header_is_an_identity_when_it_came_once_and_holds_something(
    headers: tuple[tuple[str, str], ...], values: tuple[str, ...] | None
) -> None:
    assert _values(HEADER, headers=headers) == values


@pytest.mark.parametrize("name", ["authorization", "AUTHORIZATION", "aUTHORIZATION"])
def test_header_is_found_whatever_the_case_of_its_source(name: str) -> None:
    assert _values(IdentitySource("header", name), headers=(("Authorization", "abc"),)) == ("abc",)


@for_each(
    "query, values",
    [
        ("token=abc", ("abc",)),
        ("token=a%20b+c", ("a b c",)),
        ("token=a,b", ("a,b",)),
        ("token=a&token=b", None),
        ("token=a&token=a", None),
        ("token=a&token=", None),
        ("%74oken=a&token=b", None),
        ("x=1&token=a", ("a",)),
        ("%74oken=a", ("a",)),
        ("", None),
        ("token", None),
        ("token=", None),
        ("token=%20", None),
        ("Token=a", None),
        ("xtoken=a", None),
    ],
)
def test_query_parameter_is_an_identity_when_it_holds_something(
    query: str, values: tuple[str, ...] | None
) -> None:
    assert _values(QUERY, query=query) == values


def test_semicolon_splits_a_rest_apis_query_and_no_others() -> None:
    query = "token=good&x=1;token=other"
    assert _values(QUERY, query=query) is None
    assert _values(QUERY, query=query, route=make_route(**HTTP_2)) == ("good",)


@pytest.mark.parametrize(("name", "values"), [("tenant", ("acme",)), ("empty", None), ("other", None)])
def test_stage_variable_is_an_identity_when_it_holds_something(
    name: str, values: tuple[str, ...] | None
) -> None:
    assert _values(IdentitySource("stageVariables", name)) == values


def test_values_are_in_the_order_of_their_sources() -> None:
    request: dict[str, Any] = {"headers": (("Authorization", "abc"),), "query": "token=t"}
    assert _values(QUERY, HEADER, VARIABLE, **request) == ("t", "abc", "acme")
    assert _values(VARIABLE, QUERY, HEADER, **request) == ("acme", "t", "abc")


@pytest.mark.parametrize("query", ["", "token=", "other=1"])
def test_there_is_no_identity_when_one_source_of_several_is_missing(query: str) -> None:
    assert _values(HEADER, QUERY, headers=(("Authorization", "abc"),), query=query) is None


def test_without_sources_nothing_is_missing() -> None:
    assert _values() == ()


@pytest.mark.parametrize(
    ("route", "changed"),
    [
        (make_route(), {"path": "/prod/orders/7"}),
        (make_route(**HTTP_2), {"path": "/orders/7", "stage": "$default"}),
        (make_route(is_named=True, **HTTP_2), {"path": "/prod/orders/7"}),
        (make_route(**URL), {"path": "/orders/7", "stage": "$default"}),
    ],
)
def test_context_has_the_values_of_the_event(route: Route, changed: dict[str, str]) -> None:
    assert context_values(make_call(route, headers=(("User-Agent", "curl"),))) == {
        "accountId": "123456789012",
        "apiId": "a1b2c3d4e5",
        "domainName": "api.example.com",
        "httpMethod": "GET",
        "identity.sourceIp": "203.0.113.7",
        "identity.userAgent": "curl",
        "requestId": "0f5c2a8e-6a0b-4f0e-9b7e-3d2c1b0a9f8e",
        "resourcePath": "/orders/{id}",
        "routeKey": "GET /orders/{id}",
        "stage": "prod",
        **changed,
    }


@for_each("name", sorted(CONTEXT_SOURCES))
def test_every_value_of_the_context_that_a_manifest_may_name_is_there(name: str) -> None:
    values = _values(IdentitySource("context", name), headers=(("User-Agent", "curl"),))
    assert values
    assert all(values)


def test_user_agent_is_no_identity_when_none_was_sent() -> None:
    assert _values(IdentitySource("context", "identity.userAgent"), headers=()) is None
