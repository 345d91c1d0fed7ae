"""Routes of all kinds of API side by side."""

from typing import Any

import pytest

from berth.errors import NoSuchRoute
from berth.gateway.routing.api_routes import ApiRoutes
from berth.model.function import Function
from berth.model.listener_rule import ANY_REQUEST, Condition, ListenerRule
from berth.model.route import Route
from berth.testing.values import make_function, make_stage
from kit.gateway_values import ALB, HTTP_1, HTTP_2, URL, make_head, route_key
from kit.tables import for_each

REST: dict[str, Any] = {}
KINDS = {"rest": REST, "http1": HTTP_1, "http2": HTTP_2, "alb": ALB, "url": URL}


def _routes(*routes: str, rule: ListenerRule = ANY_REQUEST, **stage: Any) -> ApiRoutes[str]:
    """Routes such as `rest: GET /orders`; a target is its text."""
    table: ApiRoutes[str] = ApiRoutes()
    served_by = make_stage(name="prod", **stage)
    for text in routes:
        kind, key = text.split(": ")
        route = Route(route_key(key), _function(kind, served_by), listener_rule=rule)
        table.add(route, text)
    return table


def _function(kind: str, stage: Any) -> Function:
    return make_function(kind, stage=stage, **KINDS[kind])


@pytest.mark.parametrize(("key", "request_line"), [("GET /orders", "GET /orders?a=1"), ("ANY /", "PUT /")])
@for_each("kind", KINDS)
def test_route_of_one_kind_is_found(key: str, request_line: str, kind: str) -> None:
    assert _routes(f"{kind}: {key}").match(make_head(request_line)) == (f"{kind}: {key}", {})


@pytest.mark.parametrize(
    ("kind", "parameters"),
    [
        ("rest", {"id": "a%20b"}),
        ("http1", {"id": "a b"}),
        ("http2", {"id": "a b"}),
        ("url", {"id": "a%20b"}),
        ("alb", {}),
    ],
)
def test_path_parameters_are_those_of_the_event(kind: str, parameters: dict[str, str]) -> None:
    routes = _routes(f"{kind}: GET /orders/{{id}}")
    assert routes.match(make_head("GET /orders/a%20b"))[1] == parameters


@pytest.mark.parametrize(
    ("kind", "request_line", "is_found"),
    [
        ("rest", "GET /orders/", True),
        ("url", "GET /orders/", True),
        ("http2", "GET /orders/", False),
        ("alb", "GET /orders/", False),
        ("rest", "GET //orders", True),
        ("http1", "GET //orders", False),
    ],
)
def test_every_kind_finds_by_its_own_rules(kind: str, request_line: str, is_found: bool) -> None:
    routes = _routes(f"{kind}: GET /orders", f"{kind}: GET /unlike/{{it}}")
    head = make_head(request_line)
    if is_found:
        assert routes.match(head) == (f"{kind}: GET /orders", {})
    else:
        with pytest.raises(NoSuchRoute):
            routes.match(head)


@for_each(
    "specific, general, request_line",
    [
        ("rest: GET /orders/new", "http2: GET /orders/{id}", "GET /orders/new"),
        ("http2: GET /orders/new", "rest: GET /orders/{id}", "GET /orders/new"),
        ("alb: GET /orders/new", "rest: ANY /{proxy+}", "GET /orders/new"),
        ("http2: GET /orders/{id}", "alb: GET /orders/*", "GET /orders/7"),
        ("http2: ANY /orders/{id}", "rest: GET /{proxy+}", "GET /orders/7"),
        ("rest: GET /orders/{id}", "url: ANY $default", "GET /orders/7"),
        ("http1: ANY /{proxy+}", "url: ANY $default", "GET /orders/7"),
        ("alb: ANY /*", "http2: ANY $default", "GET /orders/7"),
        ("alb: GET /orders/*", "rest: ANY /{proxy+}", "GET /orders/7"),
        ("rest: GET /orders", "http2: ANY /orders", "GET /orders"),
        ("http2: GET /{proxy+}", "rest: ANY /{proxy+}", "GET /orders"),
        ("http2: GET /", "alb: ANY /*", "GET /"),
        ("alb: GET /orders/?", "rest: ANY /{proxy+}", "GET /orders/7"),
    ],
)
def test_more_specific_route_wins_whatever_its_kind(specific: str, general: str, request_line: str) -> None:
    for routes in ((specific, general), (general, specific)):
        assert _routes(*routes).match(make_head(request_line))[0] == specific


def test_route_of_another_kind_is_found_when_the_first_has_none() -> None:
    routes = _routes("rest: GET /a", "http2: POST /a", "alb: PUT /a", "url: DELETE /a")
    for method, kind in (("GET", "rest"), ("POST", "http2"), ("PUT", "alb"), ("DELETE", "url")):
        assert routes.match(make_head(f"{method} /a")) == (f"{kind}: {method} /a", {})


@pytest.mark.parametrize("routes", [(), ("rest: GET /a",), ("rest: GET /a", "http2: GET /b", "alb: GET /c")])
def test_no_route_is_found(routes: tuple[str, ...]) -> None:
    with pytest.raises(NoSuchRoute) as none:
        _routes(*routes).match(make_head("GET /x?y=z"))
    assert (none.value.method, none.value.path) == ("GET", "/x")


def test_rule_with_conditions_goes_before_a_route_of_the_same_path() -> None:
    rule = ListenerRule(None, (Condition("host-header", ("a.example",)),))
    routes = _routes("alb: GET /a", "rest: GET /a", rule=rule)
    assert routes.match(make_head("GET /a", ("Host", "a.example")))[0] == "alb: GET /a"
    assert routes.match(make_head("GET /a", ("Host", "b.example")))[0] == "rest: GET /a"


@pytest.mark.parametrize(
    ("stage", "path", "route"),
    [
        ({"stage_in_path": True, "is_named": True}, "/prod/rest", "rest: GET /rest"),
        ({"stage_in_path": True, "is_named": True}, "/prod/http", "http2: GET /http"),
        ({"stage_in_path": True, "is_named": True}, "/alb", "alb: GET /alb"),
        ({"stage_in_path": True, "is_named": True}, "/url", "url: GET /url"),
        ({"stage_in_path": True}, "/prod/rest", "rest: GET /rest"),
        ({"stage_in_path": True}, "/http", "http2: GET /http"),
        ({"is_named": True}, "/rest", "rest: GET /rest"),
        ({"is_named": True}, "/http", "http2: GET /http"),
    ],
)
def test_stage_is_part_of_the_path_where_its_kind_of_api_has_it(
    stage: dict[str, bool], path: str, route: str
) -> None:
    routes = _routes("rest: GET /rest", "http2: GET /http", "alb: GET /alb", "url: GET /url", **stage)
    assert routes.match(make_head(f"GET {path}")) == (route, {})


@pytest.mark.parametrize(
    "path", ["/rest", "/http", "/prod/alb", "/prod/url", "/production/rest", "/prod", "//prod/rest"]
)
def test_path_without_its_stage_has_no_route(path: str) -> None:
    routes = ("rest: GET /rest", "http2: GET /http", "alb: GET /alb", "url: GET /url")
    with pytest.raises(NoSuchRoute):
        _routes(*routes, stage_in_path=True, is_named=True).match(make_head(f"GET {path}"))


@pytest.mark.parametrize(
    ("kind", "method"),
    [("rest", "PUT"), ("http1", "POST"), ("http2", "POST"), ("alb", "POST"), ("url", "POST")],
)
def test_method_is_overridden_in_a_rest_api_only(kind: str, method: str) -> None:
    routes = _routes(f"{kind}: POST /a", f"{kind}: PUT /a")
    head = make_head("POST /a", ("X-HTTP-Method-Override", "PUT"))
    assert routes.match(head) == (f"{kind}: {method} /a", {})


@pytest.mark.parametrize("override", ["put", "TRACE", "ANY", ""])
def test_method_is_not_overridden_by_what_is_none(override: str) -> None:
    head = make_head("POST /a", ("X-HTTP-Method-Override", override))
    assert _routes("rest: POST /a", "rest: PUT /a").match(head) == ("rest: POST /a", {})


def test_route_of_its_own_method_is_found_beside_an_overridden_one() -> None:
    routes = _routes("rest: PUT /a", "http2: POST /b")
    head = make_head("POST /b", ("X-HTTP-Method-Override", "PUT"))
    assert routes.match(head) == ("http2: POST /b", {})


@pytest.mark.parametrize("kind", ["http1", "http2"])
@for_each(
    "request_line, key, parameters",
    [
        ("GET /items/a%20b", "GET /items/{id}", {"id": "a b"}),
        ("GET /items/caf%C3%A9", "GET /items/{id}", {"id": "café"}),
        ("GET /items/%2520+", "GET /items/{id}", {"id": "%20+"}),
        ("GET /items/%FF%", "GET /items/{id}", {"id": "\ufffd%"}),
        ("GET /items/a%252Fb", "GET /items/{id}", {"id": "a%2Fb"}),
        ("GET /items/a%2Fb", "ANY /{proxy+}", {"proxy": "items/a/b"}),
        ("GET /%69tems/7", "GET /items/{id}", {"id": "7"}),
    ],
)
def test_http_apis_route_is_found_by_the_decoded_path(
    request_line: str, key: str, parameters: dict[str, str], kind: str
) -> None:
    routes = _routes(f"{kind}: GET /items/{{id}}", f"{kind}: ANY /{{proxy+}}")
    assert routes.match(make_head(request_line)) == (f"{kind}: {key}", parameters)


@pytest.mark.parametrize("kind", ["rest", "url"])
def test_route_is_found_by_the_path_as_it_was_sent(kind: str) -> None:
    routes = _routes(f"{kind}: GET /items/{{id}}", f"{kind}: ANY /{{proxy+}}")
    assert routes.match(make_head("GET /items/a%2Fb")) == (f"{kind}: GET /items/{{id}}", {"id": "a%2Fb"})
    assert routes.match(make_head("GET /%69tems/7")) == (f"{kind}: ANY /{{proxy+}}", {"proxy": "%69tems/7"})
