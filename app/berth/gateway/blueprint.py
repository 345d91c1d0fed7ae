"""One Flask blueprint per function."""

import itertools
import re
from collections.abc import Callable, Mapping, Sequence

from flask import Blueprint

from berth.gateway.async_view import handle_as_asked, handle_event
from berth.gateway.response import WireResponse
from berth.gateway.view import Gateway, RouteView
from berth.invoke.event_invoker import EventInvoker
from berth.model.function import Function
from berth.model.route import Route, RouteKey

View = Callable[..., WireResponse]

_NOT_IN_A_NAME = re.compile(r"\W+", re.ASCII)


def function_blueprint(
    gateway: Gateway, events: EventInvoker, function: Function, routes: Sequence[Route]
) -> Blueprint:
    """The blueprint of a function: a rule and an endpoint for each of its routes."""
    blueprint = Blueprint(function.name, function.name, root_path=str(function.directory))
    add_routes(blueprint, {route: _view(gateway, events, route) for route in routes})
    return blueprint


def _view(gateway: Gateway, events: EventInvoker, route: Route) -> View:
    """The view of a route."""
    if route.invocation != "sync":
        answer = handle_event if route.invocation == "async" else handle_as_asked
        return lambda **path_parameters: answer(gateway, events, route)
    return RouteView(gateway, route)


def add_routes(blueprint: Blueprint, views: Mapping[Route, View]) -> None:
    """Add a rule and an endpoint for each route."""
    taken: set[str] = set()
    for route, view in views.items():
        endpoint = _endpoint(route.key, taken)
        blueprint.add_url_rule(
            werkzeug_rule(route.key), endpoint, view, provide_automatic_options=False, route=route
        )


def werkzeug_rule(key: RouteKey) -> str:
    """A route key's path in Werkzeug's syntax: `/orders/<id>`, `/<path:proxy>`."""
    if key.is_default:
        return "/<path:default>"
    taken: set[str] = set()
    parts = []
    for segment in key.segments:
        if segment.is_variable:
            converter = "path:" if segment.is_greedy else ""
            parts.append(f"<{converter}{_identifier(segment.text, taken)}>")
        else:
            parts.append(segment.text)
    return f"/{'/'.join(parts)}"


def _identifier(name: str, taken: set[str]) -> str:
    """A path parameter's name as Werkzeug wants it; API Gateway also allows `-`, `.` and a digit first."""
    text = _NOT_IN_A_NAME.sub("_", name)
    return _unused(text if text.isidentifier() else f"_{text}", taken)


def _endpoint(key: RouteKey, taken: set[str]) -> str:
    """`get_orders_id` for `GET /orders/{id}`."""
    return _unused(_NOT_IN_A_NAME.sub("_", f"{key.method.lower()} {key.path}").strip("_"), taken)


def _unused(name: str, taken: set[str]) -> str:
    """The name itself, or the name with the first number that makes it new."""
    numbered = (f"{name}_{number}" for number in itertools.count(2))
    unused = next(each for each in itertools.chain([name], numbered) if each not in taken)
    taken.add(unused)
    return unused
