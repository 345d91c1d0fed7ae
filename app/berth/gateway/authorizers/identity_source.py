"""Where the identity of a caller is in a request."""

from collections.abc import Sequence

from berth.model.authorizer import IdentitySource
from berth.model.gateway_context import Stamp
from berth.model.http import HttpRequest
from berth.model.route import Route
from berth.payload.query import decode_query, decode_rest_query


def read_sources(
    sources: Sequence[IdentitySource], route: Route, request: HttpRequest, stamp: Stamp
) -> tuple[str, ...] | None:
    """The value of every identity source, in their order; None if one is missing or empty.

    A header that came twice is no identity: what the authorizer saw and what the function reads
    could differ.
    """
    values = []
    for source in sources:
        found = _READERS[source.location](source.name, route, request, stamp)
        if len(found) != 1 or not found[0].strip():
            return None
        values.append(found[0])
    return tuple(values)


def _header(name: str, route: Route, request: HttpRequest, stamp: Stamp) -> list[str]:
    return [value for each, value in request.headers if each.lower() == name.lower()]


def _query(name: str, route: Route, request: HttpRequest, stamp: Stamp) -> list[str]:
    # Repeated parameters are one value, as in the events of HTTP APIs.
    decode = decode_rest_query if route.function.api == "rest" else decode_query
    values = decode(request.query).get(name, [])
    return [",".join(values)] if values else []


def _stage_variable(name: str, route: Route, request: HttpRequest, stamp: Stamp) -> list[str]:
    value = route.stage.stage_variables.get(name)
    return [] if value is None else [value]


def _context(name: str, route: Route, request: HttpRequest, stamp: Stamp) -> list[str]:
    return [context_values(route, request, stamp)[name]]


def context_values(route: Route, request: HttpRequest, stamp: Stamp) -> dict[str, str]:
    """The values of the context that may be identity sources."""
    return {
        "accountId": route.stage.account_id,
        "apiId": route.stage.api_id,
        "domainName": request.host,
        "httpMethod": request.method,
        "identity.sourceIp": request.source_ip,
        "identity.userAgent": next((value for name, value in request.headers if name == "User-Agent"), ""),
        "path": f"{route.stage_path}{request.path}",
        "requestId": stamp.request_id,
        "resourcePath": route.key.path,
        "routeKey": str(route.key),
        "stage": route.stage_name,
    }


_READERS = {"header": _header, "querystring": _query, "stageVariables": _stage_variable, "context": _context}
