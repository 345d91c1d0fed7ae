"""The event shape of payload format version 2.0, both directions; function URLs have much of it too."""

from collections.abc import Iterable, Sequence
from typing import Any

from berth.errors import MalformedProxyResponse
from berth.model.call import Call, Identity
from berth.model.http import Headers, HttpResponse
from berth.model.invocation import Event, InvocationResult
from berth.model.proxy_response import ProxyResponse
from berth.payload import all_but_rest, results, urls
from berth.payload.body import EncodedBody
from berth.payload.caller import http_v2_authorizer
from berth.payload.headers import last_header, lower_headers
from berth.payload.schema.event_v2 import EVENT_V2
from berth.payload.schema.proxy_response import V2_RESPONSE
from berth.payload.shape import Shape


def build_event(call: Call, identity: Identity) -> Event:
    """Build an HTTP API's event: everything decoded but the query string, cookies in a list of their own.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
    """
    request, facts = call.request, call.facts
    headers = [line for line in all_but_rest.event_headers(call) if line[0] != "Cookie"]
    # What follows an encoded `?` never reaches a function (reported).
    path = urls.decode_path(f"{facts.stage_path}{request.path}").partition("?")[0]
    variables = facts.event_variables()
    return {
        "version": "2.0",
        "routeKey": facts.route_key,
        "rawPath": path,
        **request_keys(call, headers),
        "requestContext": {
            "accountId": facts.account_id,
            "apiId": facts.api_id,
            "stage": facts.stage,
            **request_context(call, path),
            "requestId": call.stamp.extended_request_id,
            "routeKey": facts.route_key,
            **http_v2_authorizer(identity),
        },
        **body_keys(all_but_rest.encode_http_body(call)),
        **({"pathParameters": dict(request.path_parameters)} if request.path_parameters else {}),
        **({"stageVariables": variables} if variables else {}),
    }


def read_result(call: Call, result: InvocationResult) -> HttpResponse:
    """Read a function's result: a proxy response if it has a status, else the body of one.

    Raises FunctionFailed, MalformedProxyResponse or UndecodableBody.
    """
    results.refuse_failed(call, result)
    try:
        document = results.parse_result(call, result)
    except MalformedProxyResponse:  # passed on as it is, against the documentation (observed)
        return _inferred(call, result.payload)
    if not is_envelope(document):
        text = document.encode("utf-8", "replace") if isinstance(document, str) else result.payload
        return _inferred(call, text)
    response = results.read_envelope(call, document, V2_RESPONSE)
    return all_but_rest.http_api_answer(call, response, envelope_pairs(response))


SHAPE = Shape(build_event, read_result, EVENT_V2, V2_RESPONSE)


def request_keys(call: Call, headers: Headers) -> dict[str, Any]:
    """Query string, cookies and headers; a key without a value is absent (recorded)."""
    request = call.request
    lines = [value for name, value in request.headers if name == "Cookie"]
    cookies = [part.strip() for line in lines for part in line.split(";") if part.strip()]
    # "Duplicate query strings are combined with commas", and headers without a blank (recorded).
    query = {key: ",".join(values) for key, values in urls.decode_query(request.query).items()}
    return {
        "rawQueryString": request.query,
        **({"cookies": cookies} if cookies else {}),
        "headers": {name: _joined(name, values) for name, values in lower_headers(headers).items()},
        **({"queryStringParameters": query} if query else {}),
    }


def _joined(name: str, values: Sequence[str]) -> str:
    """Header lines as one; a comma may be part of a cookie, so those are joined as HTTP/2 joins them."""
    return ("; " if name == "cookie" else ",").join(values)


def body_keys(body: EncodedBody) -> dict[str, Any]:
    """An event's body; absent when it was empty."""
    return {**({"body": body.text} if body.text is not None else {}), "isBase64Encoded": body.is_base64}


def request_context(call: Call, path: str) -> dict[str, Any]:
    """The keys of requestContext that HTTP APIs and function URLs have in common."""
    request, facts, stamp = call.request, call.facts, call.stamp
    return {
        "domainName": facts.domain_name,
        "domainPrefix": facts.domain_prefix,
        "http": {
            "method": request.method,
            "path": path,
            "protocol": facts.protocol,
            "sourceIp": facts.source_ip,
            "userAgent": last_header(request.headers, "User-Agent") or "",
        },
        "time": stamp.time,
        "timeEpoch": stamp.epoch_ms,
    }


def is_envelope(document: Any) -> bool:
    """Whether a result says itself what to answer; any other is the body of a 200 response (recorded)."""
    return isinstance(document, dict) and "statusCode" in document


def envelope_pairs(response: ProxyResponse) -> Iterable[tuple[str, str | None]]:
    """The header lines of a response, a Set-Cookie for each of its `cookies` among them."""
    yield from (response.headers or {}).items()
    for cookie in response.cookies:
        yield "Set-Cookie", cookie


def _inferred(call: Call, body: bytes) -> HttpResponse:
    ids = call.route.function.api.id_headers(call.stamp)
    return results.http_response(200, [("Content-Type", "application/json"), *ids], body)
