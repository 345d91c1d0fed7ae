"""What HTTP APIs, load balancers and function URLs have in common, and REST APIs do otherwise."""

from collections.abc import Iterable

from berth.model.call import Call
from berth.model.http import Headers, HttpResponse
from berth.model.proxy_response import ProxyResponse
from berth.payload import results
from berth.payload.body import EncodedBody, encode_unless_text
from berth.payload.headers import first_media_type, last_header

TRACE_HEADER = "X-Amzn-Trace-Id"
TEXT_TYPE = "text/plain; charset=utf-8"
# Headers of the client's connection, which ends at the gateway; Content-Length is kept (recorded).
_HOP_BY_HOP = frozenset(
    "Connection Expect Keep-Alive Proxy-Connection TE Trailer Transfer-Encoding Upgrade".split()
)


def event_headers(call: Call) -> Headers:
    """The header lines of an event: what the client sent, without what was about its connection."""
    lines = call.request.headers
    kept = [line for line in lines if line[0] not in _HOP_BY_HOP and line[0] != TRACE_HEADER]
    return [*kept, (TRACE_HEADER, call.stamp.trace_header)]


def encode_http_body(call: Call) -> EncodedBody:
    """The body as text if its Content-Type says so, else as base64."""
    headers = call.request.headers
    content_type = last_header(headers, "Content-Type")
    media_type = first_media_type([content_type]) if content_type else None
    return encode_unless_text(call.request.body, media_type, last_header(headers, "Content-Encoding"))


def http_api_answer(
    call: Call, response: ProxyResponse, pairs: Iterable[tuple[str, str | None]]
) -> HttpResponse:
    """The response with names in Title-Case, an HTTP API's default type and its request id (recorded)."""
    titled = ((results.title_name(name), value) for name, value in pairs)
    lines = results.with_default_type(results.header_lines(call, titled), TEXT_TYPE)
    ids = call.route.function.api.id_headers(call.stamp)
    return results.http_response(response.status_code, [*lines, *ids], results.decoded_body(call, response))
