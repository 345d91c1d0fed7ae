"""From a proxy response to HTTP: what does not differ between the event shapes."""

import json
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from berth.errors import MalformedProxyResponse, UndecodableBody
from berth.model.http import HttpResponse
from berth.model.proxy_response import ProxyResponse
from berth.model.route import Route
from berth.payload.body import decode_base64
from berth.payload.headers import is_header_name, is_header_value, wire_value

Lines = list[tuple[str, str]]

# Of the connection between server and client: the server sends its own.
_HOP_BY_HOP = frozenset("""keep-alive proxy-connection te trailer transfer-encoding upgrade""".split())
_SERVERS_OWN = _HOP_BY_HOP | {"connection", "content-length"}
_BODILESS = frozenset({204, 304})


def header_pairs(response: ProxyResponse) -> Iterable[tuple[str, str | None]]:
    """Every header line of a response: those of `headers`, then those of `multiValueHeaders`."""
    yield from (response.headers or {}).items()
    for name, values in (response.multi_value_headers or {}).items():
        for value in values:
            yield name, value


def header_lines(route: Route, pairs: Iterable[tuple[str, str | None]]) -> Lines:
    """The lines that can be sent: no null value, nothing that is the connection's.

    Raises MalformedProxyResponse for a name or value that HTTP does not allow.
    """
    lines = []
    for name, value in pairs:
        if value is None or name.lower() in _SERVERS_OWN:
            continue
        if not is_header_name(name) or not is_header_value(value):
            raise MalformedProxyResponse(route.function.name, f"header {name!r} cannot be sent")
        lines.append((name, wire_value(value)))
    return lines


def with_default_type(lines: Lines, content_type: str) -> Lines:
    """The lines, and a Content-Type if none of them is one."""
    if any(name.lower() == "content-type" for name, _ in lines):
        return lines
    return [*lines, ("Content-Type", content_type)]


# Bounded: names come from functions.
@lru_cache(maxsize=1024)
def title_name(name: str) -> str:
    """`myheader` becomes `Myheader`, as HTTP APIs send names over HTTP/1.1 (recorded)."""
    return "-".join(part.capitalize() for part in name.split("-"))


def json_bytes(route: Route, document: Any, **options: Any) -> bytes:
    """A part of a result as JSON; raises MalformedProxyResponse for one nested too deeply."""
    try:
        return json.dumps(document, **options).encode("utf-8", "replace")
    except RecursionError as deep:
        raise MalformedProxyResponse(route.function.name, "nested too deeply") from deep


def body_bytes(route: Route, body: Any) -> bytes:
    """The bytes of a response body; what is no text becomes JSON, as recorded from function URLs."""
    if body is None:
        return b""
    return body.encode("utf-8", "replace") if isinstance(body, str) else json_bytes(route, body)


def decoded_body(route: Route, response: ProxyResponse) -> bytes:
    """The body's bytes, base64 decoded where the response says so; raises UndecodableBody."""
    if not (response.is_base64_encoded and isinstance(response.body, str)):
        return body_bytes(route, response.body)
    decoded = decode_base64(response.body)
    if decoded is None:
        raise UndecodableBody(route.function.name)
    return decoded


def http_response(status: int, lines: Lines, body: bytes) -> HttpResponse:
    """The response with its Content-Length; 204 and 304 have neither that nor a body."""
    if status in _BODILESS:
        return HttpResponse(status, lines, b"")
    return HttpResponse(status, [*lines, ("Content-Length", str(len(body)))], body)
