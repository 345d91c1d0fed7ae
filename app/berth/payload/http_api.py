"""What both payload format versions of an HTTP API share, and much of it with function URLs."""

from collections.abc import Iterable

from berth.model.gateway_context import Stamp
from berth.model.http import Headers, HttpRequest, HttpResponse
from berth.model.proxy_response import ProxyResponse
from berth.model.route import Route
from berth.payload.body import EncodedBody, encode_unless_text
from berth.payload.headers import first_media_type, last_header
from berth.payload.path import decode_path
from berth.payload.response import decoded_body, header_lines, http_response, title_name, with_default_type

TEXT_TYPE = "text/plain; charset=utf-8"
REQUEST_ID = "Apigw-Requestid"
TRACE_HEADER = "X-Amzn-Trace-Id"
# Of the connection that ended at the gateway; Content-Length is kept (recorded).
_HOP_BY_HOP = frozenset(
    "Connection Expect Keep-Alive Proxy-Connection TE Trailer Transfer-Encoding Upgrade".split()
)


def event_headers(request: HttpRequest, stamp: Stamp) -> Headers:
    """The header lines of an event: what the client sent, without what was about its connection."""
    kept = [line for line in request.headers if line[0] not in _HOP_BY_HOP and line[0] != TRACE_HEADER]
    return [*kept, (TRACE_HEADER, stamp.trace_header)]


def encode_http_body(request: HttpRequest) -> EncodedBody:
    """The body as text if its Content-Type says so, else as base64."""
    content_type = last_header(request.headers, "Content-Type")
    media_type = first_media_type([content_type]) if content_type else None
    return encode_unless_text(request.body, media_type, last_header(request.headers, "Content-Encoding"))


def decode_parameters(request: HttpRequest) -> dict[str, str]:
    """The path parameters, percent-decoded (recorded)."""
    return {name: decode_path(value) for name, value in request.path_parameters.items()}


def answer(
    route: Route, response: ProxyResponse, stamp: Stamp, pairs: Iterable[tuple[str, str | None]]
) -> HttpResponse:
    """The response with names in Title-Case, an HTTP API's default type and its request id (recorded)."""
    titled = ((title_name(name), value) for name, value in pairs)
    lines = with_default_type(header_lines(route, titled), TEXT_TYPE)
    lines = [*lines, (REQUEST_ID, stamp.extended_request_id)]
    return http_response(response.status_code, lines, decoded_body(route, response))
