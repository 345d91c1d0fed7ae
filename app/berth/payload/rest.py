"""The REST API event shape (payload 1.0), both directions."""

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from berth.errors import MalformedRequest
from berth.model.gateway_context import Identity, Stamp
from berth.model.http import HttpRequest, HttpResponse
from berth.model.invocation import Event, InvocationResult
from berth.model.proxy_response import ProxyResponse
from berth.model.route import Route
from berth.payload.authorizer import rest_authorizer as authorizer_keys
from berth.payload.body import encode_body, is_binary_type
from berth.payload.headers import canonical_name, find_header, first_media_type, group_headers
from berth.payload.method_request import check_method_request
from berth.payload.path import collapse_leading_slashes
from berth.payload.query import REFUSED, decode_rest_query
from berth.payload.response import Lines, body_bytes, decoded_body, header_lines, http_response
from berth.payload.result import check_plain, parse_result, read_envelope
from berth.payload.schema.event_v1 import check_rest_event
from berth.payload.schema.response import load_rest_response
from berth.payload.told import route_template, stage_variables, told
from berth.payload.version_1 import body_keys, identity_keys, request_context, request_keys

# Sent by a client and absent from the event (recorded from a regional API).
DROPPED = frozenset(
    """Connection Content-Length Content-MD5 Expect Max-Forwards Proxy-Authenticate Server TE Trailer
    Transfer-Encoding Upgrade WWW-Authenticate""".split()
)
# Returned by a function and given another name, since the gateway sends its own.
REMAPPED = frozenset(
    {"connection", "content-length", "date", "server", "www-authenticate", "x-amzn-requestid"}
)
DEFAULT_CONTENT_TYPE = "application/json"
_TOLD = """accountId apiId deploymentId domainPrefix extendedRequestId path resourceId resourcePath
    stage""".split()


def build_event(route: Route, request: HttpRequest, identity: Identity, stamp: Stamp) -> Event:
    """Build the proxy event, its twelve keys always present.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
    Raises MalformedRequest for a query string that API Gateway refuses, and InvalidRequest for a
    request that lacks what its route asks for.
    """
    event = proxy_event(route, request, identity, stamp)
    check_method_request(route.method_request, request, event["multiValueQueryStringParameters"] or {})
    return event


def proxy_event(route: Route, request: HttpRequest, identity: Identity, stamp: Stamp) -> Event:
    """Build the event of a request that may lack what its route asks for; raises MalformedRequest."""
    refused = REFUSED.search(request.query)
    if refused:
        raise MalformedRequest(f"the query string holds a plain {refused[0]!r}")
    headers = _event_headers(request, stamp)
    query = decode_rest_query(request.query)
    content_type = first_media_type(headers.get("Content-Type"))
    body = encode_body(request.body, is_binary_type(content_type, route.function.binary_media_types))
    return {
        "resource": route_template(route, request),
        "path": collapse_leading_slashes(request.path),
        **request_keys(request, headers, query),
        "pathParameters": dict(request.path_parameters) or None,
        "stageVariables": stage_variables(route, request) or None,
        "requestContext": _request_context(route, request, headers, identity, stamp),
        **body_keys(body),
    }


def check_event(event: Event) -> None:
    """Check an event against its schema; raises MalformedDocument."""
    check_rest_event(event)


def check_result(result: InvocationResult) -> None:
    """Check that the short cut for plain results says what the schema says."""
    check_plain(result, load_rest_response)


def read_result(route: Route, request: HttpRequest, stamp: Stamp, result: InvocationResult) -> HttpResponse:
    """Read a function's result into the response API Gateway would send.

    Raises FunctionFailed, MalformedProxyResponse or UndecodableBody.
    """
    response = read_envelope(route, parse_result(route, result), load_rest_response)
    lines = _response_lines(route, response, stamp)
    # Otherwise the base64 text itself is the body.
    is_decoded = response.is_base64_encoded and _accepts_binary(route, request)
    body = decoded_body(route, response) if is_decoded else body_bytes(route, response.body)
    return http_response(response.status_code, lines, body)


def _event_headers(request: HttpRequest, stamp: Stamp) -> dict[str, list[str]]:
    headers = {name: values for name, values in group_headers(request.headers).items() if name not in DROPPED}
    # "API Gateway drops the Authorization header if it is a SigV4 signature".
    authorizations = headers.pop("Authorization", ())
    unsigned = [value for value in authorizations if not value.startswith("AWS4-HMAC-SHA256")]
    if unsigned:
        headers["Authorization"] = unsigned
    headers["X-Amzn-Trace-Id"] = [stamp.trace_header]
    return headers


@lru_cache(maxsize=4096)
def _static_context(route: Route) -> dict[str, Any]:
    stage = route.stage
    return {
        "accountId": stage.account_id,
        "apiId": stage.api_id,
        "deploymentId": stage.deployment_id,
        "resourceId": route.resource_id,
        "resourcePath": route.key.path,
        "stage": route.stage_name,
    }


def _request_context(
    route: Route, request: HttpRequest, headers: dict[str, list[str]], identity: Identity, stamp: Stamp
) -> dict[str, Any]:
    user_agents = headers.get("User-Agent")
    return {
        **_static_context(route),
        **request_context(request, stamp),
        "identity": identity_keys(request, user_agents[-1] if user_agents else None, identity),
        "path": f"{route.stage_path}{request.path}",
        "requestId": stamp.request_id,
        **told(request, *_TOLD),
        **authorizer_keys(identity),
    }


def _response_lines(route: Route, response: ProxyResponse, stamp: Stamp) -> Lines:
    lines = header_lines(route, _remapped(_merged_headers(response)))
    given = (*(response.headers or ()), *(response.multi_value_headers or ()))
    # A Content-Type of null is given, and keeps the default away.
    if not any(name.lower() == "content-type" for name in given):
        lines.append(("Content-Type", DEFAULT_CONTENT_TYPE))
    lines.append(("x-amzn-RequestId", stamp.request_id))
    lines.append(("x-amz-apigw-id", stamp.extended_request_id))
    lines.append(("X-Amzn-Trace-Id", stamp.trace_id))
    return lines


def _merged_headers(response: ProxyResponse) -> Iterable[tuple[str, str | None]]:
    """Multi values first, then the single one unless it repeats one of them (the documentation's rule)."""
    single, multi = response.headers or {}, response.multi_value_headers or {}
    if not multi:
        return single.items()
    lines = [(name, value) for name, values in multi.items() for value in values]
    for name, value in single.items():
        spelled = find_header(multi, name.lower())
        if spelled is None or value not in multi[spelled]:
            lines.append((spelled or name, value))
    return lines


def _remapped(pairs: Iterable[tuple[str, str | None]]) -> Iterable[tuple[str, str | None]]:
    for name, value in pairs:
        yield (f"x-amzn-Remapped-{canonical_name(name)}" if name.lower() in REMAPPED else name), value


def _accepts_binary(route: Route, request: HttpRequest) -> bool:
    """Only the first media type of Accept counts; the response's own type does not (recorded)."""
    accepts = [value for name, value in request.headers if name == "Accept"]
    return is_binary_type(first_media_type(accepts), route.function.binary_media_types)
