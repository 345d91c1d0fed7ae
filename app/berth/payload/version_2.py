"""What HTTP APIs and function URLs share of payload format version 2.0."""

from collections.abc import Iterable, Sequence
from typing import Any

from berth.model.gateway_context import Stamp
from berth.model.http import Headers, HttpRequest
from berth.model.proxy_response import ProxyResponse
from berth.payload.body import EncodedBody
from berth.payload.headers import last_header, lower_headers
from berth.payload.query import decode_query


def request_keys(request: HttpRequest, headers: Headers) -> dict[str, Any]:
    """Query string, cookies and headers; a key without a value is absent (recorded)."""
    lines = [value for name, value in request.headers if name == "Cookie"]
    cookies = [part.strip() for line in lines for part in line.split(";") if part.strip()]
    # "Duplicate query strings are combined with commas", and headers without a blank (recorded).
    query = {key: ",".join(values) for key, values in decode_query(request.query).items()}
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


def request_context(request: HttpRequest, path: str, stamp: Stamp) -> dict[str, Any]:
    """The keys of requestContext that change from request to request, in both."""
    return {
        "domainName": request.host,
        "domainPrefix": request.host.split(".", 1)[0],
        "http": {
            "method": request.method,
            "path": path,
            "protocol": request.protocol,
            "sourceIp": request.source_ip,
            "userAgent": last_header(request.headers, "User-Agent") or "",
        },
        "time": stamp.time,
        "timeEpoch": stamp.epoch_ms,
    }


def is_envelope(document: Any) -> bool:
    """Whether a result says itself what to answer; any other is the body of a 200 response (recorded)."""
    return isinstance(document, dict) and "statusCode" in document


def header_pairs(response: ProxyResponse) -> Iterable[tuple[str, str | None]]:
    """The header lines of a response, a Set-Cookie for each of its `cookies` among them."""
    yield from (response.headers or {}).items()
    for cookie in response.cookies:
        yield "Set-Cookie", cookie
