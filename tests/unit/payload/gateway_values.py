"""A route, a request and a stamp with nothing remarkable about them, for tests to change."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from app.model.gateway_context import Stamp
from app.model.http import HttpRequest
from app.model.invocation import InvocationResult
from app.model.route import Route, RouteKey
from app.testing.values import make_function, make_stage

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
) -> Route:
    """A route of a function with these binary media types."""
    stage = make_stage(name="prod", region="eu-west-1", stage_variables=stage_variables or {})
    function = make_function("orders", Path("orders"), binary_media_types=frozenset(binary), stage=stage)
    return Route(RouteKey(method, path), function, stage)


def make_request(**changes: Any) -> HttpRequest:
    """The request with these fields changed."""
    return replace(REQUEST, **changes)


def result_of(payload: str, function_error: str | None = None) -> InvocationResult:
    """What an invocation came to."""
    return InvocationResult(payload.encode(), function_error)
