"""Stages, functions and routes for tests, every field with a plain value."""

from pathlib import Path
from typing import Any

from berth.model.api_kind import REST
from berth.model.function import Function
from berth.model.route import Route, RouteKey
from berth.model.stage import Stage


def make_stage(**changes: Any) -> Stage:
    """A stage named `dev` of a REST API."""
    fields: dict[str, Any] = {
        "name": "dev",
        "api": REST,
        "api_id": "a1b2c3d4e5",
        "account_id": "123456789012",
        "region": "us-east-1",
        "deployment_id": "d1e2f3",
        "functions": ("*",),
        "stage_variables": {},
        "environment": {},
        "stage_in_path": False,
        "trusted_proxy_hops": 0,
    }
    return Stage(**fields | changes)


def make_function(name: str = "sample", directory: Path = Path(), **changes: Any) -> Function:
    """A function of that stage with `app.handler`."""
    fields: dict[str, Any] = {
        "handler": "app.handler",
        "code": directory,
        "description": "",
        "timeout": 3,
        "memory_size": 128,
        "environment": {},
        "api": REST,
        "multi_value_headers": False,
        "binary_media_types": frozenset(),
        "reserved_concurrency": None,
        "isolation": "process",
        "provisioned_concurrency": 0,
        "layers": (),
        "long_running": False,
        "stage": make_stage(),
    }
    return Function(name, directory, **fields | changes)


def make_route(key: str = "GET /", function: Function | None = None) -> Route:
    """A route from its key, such as `GET /orders/{id}`."""
    method, path = key.split(" ", 1)
    function = function or make_function()
    return Route(RouteKey(method, path), function)
