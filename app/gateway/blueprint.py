"""One Flask blueprint per function."""

import re
from collections.abc import Callable, Sequence

from flask import Blueprint

from app.gateway.gateway import Gateway
from app.gateway.response import WireResponse
from app.gateway.view import handle
from app.model.function import Function
from app.model.route import Route, RouteKey

_NOT_IN_A_NAME = re.compile(r"\W+", re.ASCII)


def function_blueprint(gateway: Gateway, function: Function, routes: Sequence[Route]) -> Blueprint:
    """The blueprint of a function: a rule and an endpoint for each of its routes."""
    blueprint = Blueprint(function.name, function.name, root_path=str(function.directory))
    taken: set[str] = set()
    for route in routes:
        endpoint = _endpoint(route.key, taken)
        view = _view(gateway, route)
        blueprint.add_url_rule(
            werkzeug_rule(route.key), endpoint, view, provide_automatic_options=False, route=route
        )
    return blueprint


def _view(gateway: Gateway, route: Route) -> Callable[..., WireResponse]:
    """Flask hands path parameters over by name, whatever names those are; the request has them too."""
    return lambda **path_parameters: handle(gateway, route)


def werkzeug_rule(key: RouteKey) -> str:
    """A route key's path in Werkzeug's syntax: `/orders/<id>`, `/<path:proxy>`."""
    parts = []
    for segment in key.segments:
        name = _identifier(segment.text)
        if segment.is_greedy:
            parts.append(f"<path:{name}>")
        else:
            parts.append(f"<{name}>" if segment.is_variable else segment.text)
    return f"/{'/'.join(parts)}"


def _identifier(name: str) -> str:
    """A path parameter's name as Werkzeug wants it; API Gateway also allows `-`, `.` and a digit first."""
    text = _NOT_IN_A_NAME.sub("_", name)
    return text if text.isidentifier() else f"_{text}"


def _endpoint(key: RouteKey, taken: set[str]) -> str:
    """`get_orders_id` for `GET /orders/{id}`, numbered should two routes be spelled alike."""
    plain = _NOT_IN_A_NAME.sub("_", f"{key.method.lower()} {key.path}").strip("_")
    name = next(
        name for number in range(1, len(taken) + 2) if (name := _numbered(plain, number)) not in taken
    )
    taken.add(name)
    return name


def _numbered(name: str, number: int) -> str:
    return name if number == 1 else f"{name}_{number}"
