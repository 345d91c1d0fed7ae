"""Reads the identity sources of an authorizer from a request."""

from collections.abc import Sequence

from berth.model.authorizer import IdentitySource
from berth.model.call import Call
from berth.payload.urls import decode_query, decode_rest_query


def read_sources(sources: Sequence[IdentitySource], call: Call) -> tuple[str, ...] | None:
    """The value of every identity source, in their order; None if one is missing or empty.

    A header that came twice is no identity: what the authorizer saw and what the function reads
    could differ.
    """
    values = []
    for source in sources:
        found = _READERS[source.location](source.name, call)
        if len(found) != 1 or not found[0].strip():
            return None
        values.append(found[0])
    return tuple(values)


def _header(name: str, call: Call) -> list[str]:
    return [value for each, value in call.request.headers if each.lower() == name.lower()]


def _query(name: str, call: Call) -> list[str]:
    # Repeated parameters are one value, as in the events of HTTP APIs.
    decode = decode_rest_query if call.route.function.api.semicolon_separates else decode_query
    values = decode(call.request.query).get(name, [])
    return [",".join(values)] if values else []


def _stage_variable(name: str, call: Call) -> list[str]:
    value = call.facts.stage_variables.get(name)
    return [] if value is None else [value]


def _context(name: str, call: Call) -> list[str]:
    return [context_values(call)[name]]


def context_values(call: Call) -> dict[str, str]:
    """The values of the context that may be identity sources."""
    facts = call.facts
    return {
        "accountId": facts.account_id,
        "apiId": facts.api_id,
        "domainName": facts.domain_name,
        "httpMethod": call.request.method,
        "identity.sourceIp": facts.source_ip,
        "identity.userAgent": _first_user_agent(call),
        "path": facts.path,
        "requestId": call.stamp.request_id,
        "resourcePath": facts.resource_path,
        "routeKey": facts.route_key,
        "stage": facts.stage,
    }


def _first_user_agent(call: Call) -> str:
    return next((value for name, value in call.request.headers if name == "User-Agent"), "")


_READERS = {"header": _header, "querystring": _query, "stageVariables": _stage_variable, "context": _context}
