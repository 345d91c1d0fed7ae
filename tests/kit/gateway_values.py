"""Routes, a request and a stamp with nothing remarkable about them, for tests to change."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from berth.gateway.routing.head import RAW_HEADERS, RequestHead
from berth.model.gateway_context import ANONYMOUS, Stamp
from berth.model.http import HttpRequest, HttpResponse
from berth.model.invocation import Event, InvocationResult
from berth.model.route import ANY, DEFAULT_ROUTE, Route, RouteKey
from berth.payload import alb, function_url, http_v1, http_v2, rest
from berth.payload.shape import CheckableShape
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
    protocol="HTTP/1.1",
    host="api.example.com",
    source_ip="203.0.113.7",
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
    return Route(RouteKey(method, path), make_function("orders", Path("orders"), **fields), stage)


HTTP_1: dict[str, Any] = {"api": "http", "payload_format_version": "1.0"}
HTTP_2: dict[str, Any] = {"api": "http"}
ALB: dict[str, Any] = {"api": "alb"}
ALB_MULTI: dict[str, Any] = {"api": "alb", "multi_value_headers": True}
URL: dict[str, Any] = {"api": "url"}

# Every shape, a load balancer's with both kinds of maps, and a route of it.
SHAPES: dict[str, tuple[CheckableShape, Route]] = {
    "rest": (rest, make_route()),
    "http1": (http_v1, make_route(**HTTP_1)),
    "http2": (http_v2, make_route(**HTTP_2)),
    "alb": (alb, make_route(**ALB)),
    "alb-multi": (alb, make_route(**ALB_MULTI)),
    "url": (function_url, make_route(ANY, DEFAULT_ROUTE, **URL)),
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
    return RequestHead({"REQUEST_METHOD": method, "RAW_URI": target, RAW_HEADERS: list(headers), **joined})


def make_request(**changes: Any) -> HttpRequest:
    """The request with these fields changed."""
    return replace(REQUEST, **changes)


def event_of(shape: CheckableShape, route: Route, **changes: Any) -> Event:
    """The event of a shape for the request with these fields changed."""
    return shape.build_event(route, make_request(**changes), ANONYMOUS, STAMP)


def result_of(payload: str, function_error: str | None = None) -> InvocationResult:
    """The result of an invocation."""
    return InvocationResult(payload.encode(), function_error)


def response_of(shape: CheckableShape, route: Route, payload: str, **changes: Any) -> HttpResponse:
    """What a shape answers when a function returned this payload."""
    return shape.read_result(route, make_request(**changes), STAMP, result_of(payload))
