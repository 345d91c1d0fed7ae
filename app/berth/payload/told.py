"""What the stage's manifest says of the API, unless API Gateway itself has told."""

from collections.abc import Mapping

from berth.model.http import HttpRequest
from berth.model.route import Route
from berth.model.stage import DEFAULT_STAGE


def stage_name(route: Route, request: HttpRequest) -> str:
    """The stage's name in an event."""
    return request.context.get("stage", route.stage_name) if request.context else route.stage_name


def stage_path(route: Route, request: HttpRequest) -> str:
    """The stage as the first part of an event's path, or nothing."""
    if not request.context:
        return route.stage_path
    name = stage_name(route, request)
    return "" if name == DEFAULT_STAGE else f"/{name}"


def stage_variables(route: Route, request: HttpRequest) -> dict[str, str]:
    """The stage variables of an event."""
    return {**route.stage.stage_variables, **told_group(request.context, "var.")}


def route_template(route: Route, request: HttpRequest) -> str:
    """The resource path: API Gateway's route may be another than the one that matched here."""
    key = request.context.get("routeKey", "")
    return request.context.get("resourcePath") or key.partition(" ")[2] or key or route.key.path


def route_key(route: Route, request: HttpRequest) -> str:
    """The route key of an HTTP API."""
    return request.context.get("routeKey") or str(route.key)


def told(request: HttpRequest, *names: str) -> dict[str, str]:
    """The values of requestContext, under their own names, that API Gateway has told."""
    context = request.context
    return {name: context[name] for name in names if name in context} if context else {}


def told_group(context: Mapping[str, str], prefix: str) -> dict[str, str]:
    """The values whose names begin alike, by the rest of their names."""
    return {name[len(prefix) :]: value for name, value in context.items() if name.startswith(prefix)}
