"""Reads a function's result: the steps that all event shapes share."""

import json
import math
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, NoReturn

try:
    import orjson
except ImportError:  # the extra `speed`
    orjson = None  # type: ignore[assignment]

from berth import errors
from berth.model.call import Call
from berth.model.http import HttpResponse
from berth.model.invocation import InvocationResult
from berth.model.proxy_response import ProxyResponse
from berth.payload.body import decode_base64
from berth.payload.headers import is_header_name, is_header_value, wire_value
from berth.schemas.reading import Schema, read

Lines = list[tuple[str, str]]

# Headers of the connection between server and client: the server sends its own.
_HOP_BY_HOP = frozenset("""keep-alive proxy-connection te trailer transfer-encoding upgrade""".split())
_SERVERS_OWN = _HOP_BY_HOP | {"connection", "content-length"}
_BODILESS = frozenset({204, 304})
_PLAIN_KEYS = frozenset({"statusCode", "headers", "body", "isBase64Encoded"})


def parse_result(call: Call, result: InvocationResult) -> Any:
    """Parse a result's payload; raises FunctionFailed, or MalformedProxyResponse if it is not JSON."""
    refuse_failed(call, result)
    try:
        return result.read(_parse)
    except (ValueError, RecursionError) as bad:
        raise errors.MalformedProxyResponse(call.route.function.name, f"not JSON: {bad}") from bad


def refuse_failed(call: Call, result: InvocationResult) -> None:
    """Raise FunctionFailed for a result that is a function error."""
    if result.function_error is not None:
        raise errors.FunctionFailed(call.route.function.name, result.function_error)


def read_response(call: Call, result: InvocationResult, schema: Schema) -> ProxyResponse:
    """Read a result as a proxy response; raises FunctionFailed or MalformedProxyResponse."""
    plain = None if result.function_error else _read_plain(result)
    return plain or read_envelope(call, parse_result(call, result), schema)


def _read_plain(result: InvocationResult) -> ProxyResponse | None:
    """Read a plain result quickly; None for any other, whose numbers orjson would not read exactly."""
    if orjson is not None:
        try:
            return plain_response(result.read(orjson.loads))
        except ValueError:
            pass
    return None


def _parse(data: bytes) -> Any:
    return _DECODER.decode(data.decode())


def read_envelope(call: Call, document: Any, schema: Schema) -> ProxyResponse:
    """Read a parsed result as a proxy response; raises MalformedProxyResponse."""
    plain = plain_response(document)
    if plain is not None:
        return plain
    try:
        response: ProxyResponse = read(schema, document)
    except errors.MalformedDocument as malformed:
        raise errors.MalformedProxyResponse(call.route.function.name, str(malformed)) from malformed
    return response


def plain_response(document: Any) -> ProxyResponse | None:
    """The proxy response of a plain result; None if the document has to go through its schema."""
    if type(document) is not dict or not _PLAIN_KEYS.issuperset(document):
        return None
    status, headers, body = document.get("statusCode"), document.get("headers"), document.get("body")
    is_base64 = document.get("isBase64Encoded", False)
    if type(status) is not int or not 200 <= status <= 599 or type(is_base64) is not bool:
        return None
    if not (body is None or type(body) is str):
        return None
    if headers is not None and (
        type(headers) is not dict or not all(type(each) is str for each in headers.values())
    ):
        return None
    return ProxyResponse(status, headers, None, body, is_base64)


def check_plain(result: InvocationResult, schema: Schema) -> None:
    """Check that the short cut for plain results says what a schema says; raises MalformedDocument."""
    try:
        document = result.read(_parse)
    except (ValueError, RecursionError):
        return
    plain = plain_response(document)
    if plain is not None and plain != read(schema, document):
        raise errors.MalformedDocument([("", f"read as {plain}, which its schema does not")])


def header_pairs(response: ProxyResponse) -> Iterable[tuple[str, str | None]]:
    """Every header line of a response: those of `headers`, then those of `multiValueHeaders`."""
    yield from (response.headers or {}).items()
    for name, values in (response.multi_value_headers or {}).items():
        for value in values:
            yield name, value


def header_lines(call: Call, pairs: Iterable[tuple[str, str | None]]) -> Lines:
    """The header lines that can be sent: without null values and without headers of the connection.

    Raises MalformedProxyResponse for a name or value that HTTP does not allow.
    """
    lines = []
    for name, value in pairs:
        if value is None or name.lower() in _SERVERS_OWN:
            continue
        if not is_header_name(name) or not is_header_value(value):
            raise errors.MalformedProxyResponse(call.route.function.name, f"header {name!r} cannot be sent")
        lines.append((name, wire_value(value)))
    return lines


def with_default_type(lines: Lines, content_type: str) -> Lines:
    """The lines, with a Content-Type added if they have none."""
    if any(name.lower() == "content-type" for name, _ in lines):
        return lines
    return [*lines, ("Content-Type", content_type)]


# Bounded: names come from functions.
@lru_cache(maxsize=1024)
def title_name(name: str) -> str:
    """`myheader` becomes `Myheader`, as HTTP APIs send names over HTTP/1.1 (recorded)."""
    return "-".join(part.capitalize() for part in name.split("-"))


def json_bytes(call: Call, document: Any, **options: Any) -> bytes:
    """A part of a result as JSON; raises MalformedProxyResponse if it is nested too deeply."""
    try:
        return json.dumps(document, **options).encode("utf-8", "replace")
    except RecursionError as deep:
        raise errors.MalformedProxyResponse(call.route.function.name, "nested too deeply") from deep


def body_bytes(call: Call, body: Any) -> bytes:
    """The bytes of a response body; a body that is not text becomes JSON, as recorded from function URLs."""
    if body is None:
        return b""
    return body.encode("utf-8", "replace") if isinstance(body, str) else json_bytes(call, body)


def decoded_body(call: Call, response: ProxyResponse) -> bytes:
    """The body's bytes, base64 decoded where the response says so; raises UndecodableBody."""
    if not (response.is_base64_encoded and isinstance(response.body, str)):
        return body_bytes(call, response.body)
    decoded = decode_base64(response.body)
    if decoded is None:
        raise errors.UndecodableBody(call.route.function.name)
    return decoded


def http_response(status: int, lines: Lines, body: bytes) -> HttpResponse:
    """The response with its Content-Length; 204 and 304 have neither that nor a body."""
    if status in _BODILESS:
        return HttpResponse(status, lines, b"")
    return HttpResponse(status, [*lines, ("Content-Length", str(len(body)))], body)


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
