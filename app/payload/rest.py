"""The REST API event shape (payload 1.0), both directions."""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, NoReturn

from app.errors import (
    FunctionFailed,
    MalformedDocument,
    MalformedProxyResponse,
    MalformedRequest,
    UndecodableBody,
)
from app.model.gateway_context import Stamp
from app.model.http import HttpRequest, HttpResponse
from app.model.invocation import Event, InvocationResult
from app.model.proxy_response import ProxyResponse
from app.model.route import Route
from app.payload.body import decode_base64, encode_body, is_binary_type
from app.payload.headers import (
    canonical_name,
    find_header,
    first_media_type,
    group_headers,
    is_header_name,
    is_header_value,
    wire_value,
)
from app.payload.path import collapse_leading_slashes
from app.payload.query import REFUSED, decode_query, last_values
from app.schemas.event_v1 import check_rest_event
from app.schemas.response import load_proxy_response

# Sent by a client and absent from the event (recorded from a regional API).
DROPPED = frozenset(
    """Connection Content-Length Content-MD5 Expect Max-Forwards Proxy-Authenticate Server TE Trailer
    Transfer-Encoding Upgrade WWW-Authenticate""".split()
)
# Returned by a function and given another name, since the gateway sends its own.
REMAPPED = frozenset(
    {"connection", "content-length", "date", "server", "www-authenticate", "x-amzn-requestid"}
)
HOP_BY_HOP = frozenset({"keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"})
DEFAULT_CONTENT_TYPE = "application/json"
_BODILESS = frozenset({204, 304})
_PLAIN_KEYS = frozenset({"statusCode", "headers", "body"})
_NO_IDENTITY = dict.fromkeys(
    """accessKey accountId caller cognitoAuthenticationProvider cognitoAuthenticationType
    cognitoIdentityId cognitoIdentityPoolId principalOrgId user userArn""".split()
)


def build_event(route: Route, request: HttpRequest, stamp: Stamp) -> Event:
    """Build the proxy event, its twelve keys always present.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
    Raises MalformedRequest for a query string that API Gateway refuses.
    """
    refused = REFUSED.search(request.query)
    if refused:
        raise MalformedRequest(f"the query string holds a plain {refused[0]!r}")
    headers = _event_headers(request, stamp)
    query = decode_query(request.query)
    content_type = first_media_type(headers.get("Content-Type"))
    body = encode_body(request.body, is_binary_type(content_type, route.function.binary_media_types))
    return {
        "resource": route.key.path,
        "path": collapse_leading_slashes(request.path),
        "httpMethod": request.method,
        "headers": last_values(headers) or None,
        "multiValueHeaders": headers or None,
        "queryStringParameters": last_values(query) or None,
        "multiValueQueryStringParameters": query or None,
        "pathParameters": dict(request.path_parameters) or None,
        "stageVariables": dict(route.stage.stage_variables) or None,
        "requestContext": _request_context(route, request, headers, stamp),
        "body": body.text,
        "isBase64Encoded": body.is_base64,
    }


def check_event(event: Event) -> None:
    """Check an event against its schema; raises MalformedDocument."""
    check_rest_event(event)


def check_result(result: InvocationResult) -> None:
    """Check that the short cut for plain results says what the schema says."""
    document = json.loads(result.payload)
    plain = plain_response(document)
    if plain is not None and plain != load_proxy_response(document):
        raise MalformedDocument([("", f"read as {plain}, which its schema does not")])


def read_result(route: Route, request: HttpRequest, stamp: Stamp, result: InvocationResult) -> HttpResponse:
    """Read a function's result into the response API Gateway would send.

    Raises FunctionFailed, MalformedProxyResponse or UndecodableBody.
    """
    document = _parse(route, result)
    response = plain_response(document) or _load_response(route, document)
    headers = _response_headers(route, response, stamp)
    body = _response_body(route, request, response)
    if response.status_code in _BODILESS:
        return HttpResponse(response.status_code, headers, b"")
    headers.append(("Content-Length", str(len(body))))
    return HttpResponse(response.status_code, headers, body)


def plain_response(document: Any) -> ProxyResponse | None:
    """The proxy response of the common plain result; None sends a document through the schema."""
    if type(document) is not dict or not document.keys() <= _PLAIN_KEYS:
        return None
    status, headers, body = document.get("statusCode"), document.get("headers"), document.get("body")
    if type(status) is not int or not 200 <= status <= 599 or not (body is None or type(body) is str):
        return None
    if headers is not None and (
        type(headers) is not dict or not all(type(each) is str for each in headers.values())
    ):
        return None
    return ProxyResponse(status, headers, None, body)


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
        "stage": stage.name,
    }


def _request_context(
    route: Route, request: HttpRequest, headers: Mapping[str, Sequence[str]], stamp: Stamp
) -> dict[str, Any]:
    user_agents = headers.get("User-Agent")
    return _static_context(route) | {
        "domainName": request.host,
        "domainPrefix": request.host.split(".", 1)[0],
        "extendedRequestId": stamp.extended_request_id,
        "httpMethod": request.method,
        "identity": _NO_IDENTITY
        | {"sourceIp": request.source_ip, "userAgent": user_agents[-1] if user_agents else None},
        "path": f"/{route.stage.name}{request.path}",
        "protocol": request.protocol,
        "requestId": stamp.request_id,
        "requestTime": stamp.time,
        "requestTimeEpoch": stamp.epoch_ms,
    }


def _parse(route: Route, result: InvocationResult) -> Any:
    if result.function_error is not None:
        raise FunctionFailed(route.function.name, result.function_error)
    try:
        return _DECODER.decode(result.payload.decode())
    except (ValueError, RecursionError) as bad:
        raise MalformedProxyResponse(route.function.name, f"not JSON: {bad}") from bad


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


class _Number(float):
    """A JSON number that remembers its text: as a header value `1.10` stays `1.10`."""

    def __new__(cls, text: str) -> "_Number":
        number = super().__new__(cls, text)
        if math.isinf(number):
            raise ValueError(f"{text} is beyond any number")
        number.text = text
        return number

    text: str

    def __str__(self) -> str:
        return self.text


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant, parse_float=_Number)


def _load_response(route: Route, document: Any) -> ProxyResponse:
    try:
        return load_proxy_response(document)
    except MalformedDocument as malformed:
        raise MalformedProxyResponse(route.function.name, str(malformed)) from malformed


def _response_headers(route: Route, response: ProxyResponse, stamp: Stamp) -> list[tuple[str, str]]:
    headers = list(_header_lines(route, _merged_headers(response)))
    given = (*(response.headers or ()), *(response.multi_value_headers or ()))
    if not any(name.lower() == "content-type" for name in given):
        headers.append(("Content-Type", DEFAULT_CONTENT_TYPE))
    headers.append(("x-amzn-RequestId", stamp.request_id))
    headers.append(("x-amz-apigw-id", stamp.extended_request_id))
    headers.append(("X-Amzn-Trace-Id", stamp.trace_id))
    return headers


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


def _header_lines(route: Route, merged: Iterable[tuple[str, str | None]]) -> Iterable[tuple[str, str]]:
    for name, value in merged:
        lower = name.lower()
        if value is None or lower in HOP_BY_HOP:
            continue
        if not is_header_name(name) or not is_header_value(value):
            raise MalformedProxyResponse(route.function.name, f"header {name!r} cannot be sent")
        wire_name = f"x-amzn-Remapped-{canonical_name(name)}" if lower in REMAPPED else name
        yield wire_name, wire_value(value)


def _response_body(route: Route, request: HttpRequest, response: ProxyResponse) -> bytes:
    body = response.body
    if response.is_base64_encoded and isinstance(body, str) and _accepts_binary(route, request):
        decoded = decode_base64(body)
        if decoded is None:
            raise UndecodableBody(route.function.name)
        return decoded
    if body is None:
        return b""
    # AWS leaves open what happens to a body that is not text; here it becomes JSON.
    text = body if isinstance(body, str) else json.dumps(body)
    return text.encode("utf-8", "replace")


def _accepts_binary(route: Route, request: HttpRequest) -> bool:
    """Only the first media type of Accept counts; the response's own type does not (recorded)."""
    accepts = [value for name, value in request.headers if name == "Accept"]
    return is_binary_type(first_media_type(accepts), route.function.binary_media_types)
