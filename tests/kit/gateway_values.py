"""Routes, a request and a stamp with nothing remarkable about them, for tests to change."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from berth.gateway.facts import gateway_facts
from berth.gateway.routing.head import RAW_HEADERS, RequestHead
from berth.model import api_kind
from berth.model.call import ANONYMOUS, Call
from berth.model.http import HttpRequest, HttpResponse
from berth.model.invocation import Event, InvocationResult
from berth.model.route import ANY, DEFAULT_ROUTE, Route, RouteKey
from berth.model.stamp import Stamp
from berth.payload import alb, function_url, http_v1, http_v2, rest
from berth.payload.by_kind import SHAPES as SHAPES_BY_KIND
from berth.payload.shape import Shape
from berth.testing.values import make_function, make_stage

TRACE = "Root=1-3152b799-8954dae64eda91bc9a23a7e8"
STAMP = Stamp(
    request_id="0f5c2a8e-6a0b-4f0e-9b7e-3d2c1b0a9f8e",
    extended_request_id="ATfSdF7nPHcErRA=",
    epoch_ms=1_783_711_144_123,
    time="10/Jul/2026:19:19:04 +0000",
    trace_header=TRACE,
    trace_id=f"{TRACE};Parent=53995c3f42cd8ad8;Sampled=0;Lineage=1:0a1b2c3d:0",
)
REQUEST = HttpRequest(
    method="GET",
    path="/orders/7",
    query="",
    path_parameters={},
    headers=(("Host", "api.example.com"),),
    body=b"",
)


def make_route(
    method: str = "GET",
    path: str = "/orders/{id}",
    *binary: str,
    stage_variables: dict[str, str] | None = None,
    is_named: bool = False,
    **function: Any,
) -> Route:
    """A route of a function with these binary media types and other fields."""
    stage = make_stage(
        name="prod", region="eu-west-1", stage_variables=stage_variables or {}, is_named=is_named
    )
    fields = {"binary_media_types": frozenset(binary), "stage": stage, **function}
    return Route(RouteKey(method, path), make_function("orders", Path("orders"), **fields))


HTTP_1: dict[str, Any] = {"api": api_kind.HTTP_1}
HTTP_2: dict[str, Any] = {"api": api_kind.HTTP_2}
ALB: dict[str, Any] = {"api": api_kind.ALB}
ALB_MULTI: dict[str, Any] = {"api": api_kind.ALB, "multi_value_headers": True}
URL: dict[str, Any] = {"api": api_kind.URL}

# Every shape, a load balancer's with both kinds of maps, and a route of it.
SHAPES: dict[str, tuple[Shape, Route]] = {
    "rest": (rest.SHAPE, make_route()),
    "http1": (http_v1.SHAPE, make_route(**HTTP_1)),
    "http2": (http_v2.SHAPE, make_route(**HTTP_2)),
    "alb": (alb.SHAPE, make_route(**ALB)),
    "alb-multi": (alb.SHAPE, make_route(**ALB_MULTI)),
    "url": (function_url.SHAPE, make_route(ANY, DEFAULT_ROUTE, **URL)),
}


def route_key(text: str) -> RouteKey:
    """A route key from its text, `$default` among them."""
    return RouteKey(*text.split(" ")) if " " in text else RouteKey(ANY, text)


def found(route: str, parameters: dict[str, str]) -> tuple[RouteKey, str, dict[str, str]]:
    """The key that a route table finds."""
    return route_key(route), route, parameters


def make_head(request_line: str, *headers: tuple[str, str]) -> RequestHead:
    """The head of a request such as `GET /orders/7?a=1`, as a server with header lines hands it over."""
    method, target = request_line.split(" ")
    joined = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers}
    environ = {"REQUEST_METHOD": method, "RAW_URI": target, RAW_HEADERS: list(headers), **joined}
    return RequestHead(environ, None)


def make_request(**changes: Any) -> HttpRequest:
    """The request with these fields changed."""
    return replace(REQUEST, **changes)


def make_call(
    route: Route | None = None,
    *,
    host: str = "api.example.com",
    source_ip: str = "203.0.113.7",
    protocol: str = "HTTP/1.1",
    context: Mapping[str, str] | None = None,
    **request: Any,
) -> Call:
    """A call of a route; `context` is what API Gateway has forwarded, the rest changes the request."""
    route, made = route or make_route(), make_request(**request)
    facts = gateway_facts(
        route, made.path, context or {}, domain_name=host, source_ip=source_ip, protocol=protocol
    )
    return Call(route, made, STAMP, facts, SHAPES_BY_KIND[route.function.api])


def event_of(shape: Shape, route: Route, **changes: Any) -> Event:
    """The event of a shape for the request with these fields changed."""
    return shape.build_event(make_call(route, **changes), ANONYMOUS)


def result_of(payload: str, function_error: str | None = None) -> InvocationResult:
    """The result of an invocation."""
    return InvocationResult(payload.encode(), function_error)


def response_of(shape: Shape, route: Route, payload: str, **changes: Any) -> HttpResponse:
    """What a shape answers when a function returned this payload."""
    return shape.read_result(make_call(route, **changes), result_of(payload))
