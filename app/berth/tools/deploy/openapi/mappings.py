"""Parameter mappings: how what API Gateway knows of a request gets into headers."""

from collections.abc import Iterator

from berth.model.gateway_context import (
    CONTEXT_FIELDS,
    TOKEN_HEADER,
    ContextField,
    authorizations,
    numbered_fields,
)
from berth.model.route import Route
from berth.tools.deploy.deployment import Deployment
from berth.tools.deploy.openapi.references import TOKEN

# API Gateway does not forward these to a REST API's integration unless they are mapped.
FORWARDED_HEADERS = ("Content-Encoding",)


def rest_mappings(deployment: Deployment, route: Route) -> dict[str, str]:
    """`requestParameters` of a REST API's integration; a mapping without a value adds nothing."""
    mappings = {
        f"integration.request.path.{name}": f"method.request.path.{name}" for name in route.key.variables
    }
    for name in FORWARDED_HEADERS:
        mappings[f"integration.request.header.{name}"] = f"method.request.header.{name}"
    if deployment.prefix:
        mappings[f"integration.request.header.{deployment.prefix}{TOKEN_HEADER}"] = f"stageVariables.{TOKEN}"
    for field in _fields(deployment, route):
        if field.rest is not None:
            mappings[f"integration.request.header.{deployment.prefix}{field.header}"] = field.rest
    return mappings


def http_mappings(deployment: Deployment, route: Route) -> dict[str, str]:
    """`requestParameters` of an HTTP API's integration, whose path would begin with the stage."""
    mappings = {"overwrite:path": "$request.path"}
    if deployment.prefix:
        mappings[f"overwrite:header.{deployment.prefix}{TOKEN_HEADER}"] = f"$stageVariables.{TOKEN}"
    for field in _fields(deployment, route):
        if field.http is not None:
            mappings[f"overwrite:header.{deployment.prefix}{field.header}"] = field.http
    return mappings


def declared_headers(mappings: dict[str, str]) -> list[str]:
    """The request headers that mappings of a REST API read: its method has to declare them."""
    start = "method.request.header."
    return [source.removeprefix(start) for source in mappings.values() if source.startswith(start)]


def _fields(deployment: Deployment, route: Route) -> Iterator[ContextField]:
    """The fields that have a value on a route, in the order of the table."""
    gateway = deployment.manifest.gateway
    if gateway is None:
        return
    kinds = authorizations(route) if deployment.runs_authorizers else frozenset()
    numbered = (*numbered_fields("Var", gateway.variables), *numbered_fields("Auth", gateway.context))
    for field in (*CONTEXT_FIELDS, *numbered):
        if field.needs is None or field.needs in kinds:
            yield field
