"""A function's result as every event shape reads it: the payload as JSON, then an envelope."""

import json
import math
from collections.abc import Callable
from typing import Any, NoReturn

from berth.errors import FunctionFailed, MalformedDocument, MalformedProxyResponse
from berth.model.invocation import InvocationResult
from berth.model.proxy_response import ProxyResponse
from berth.model.route import Route

Load = Callable[[Any], ProxyResponse]

_PLAIN_KEYS = frozenset({"statusCode", "headers", "body"})


def parse_result(route: Route, result: InvocationResult) -> Any:
    """Parse a result's payload; raises FunctionFailed, or MalformedProxyResponse if it is not JSON."""
    refuse_failed(route, result)
    try:
        return _DECODER.decode(result.payload.decode())
    except (ValueError, RecursionError) as bad:
        raise MalformedProxyResponse(route.function.name, f"not JSON: {bad}") from bad


def refuse_failed(route: Route, result: InvocationResult) -> None:
    """Raise FunctionFailed for a result that is a function error."""
    if result.function_error is not None:
        raise FunctionFailed(route.function.name, result.function_error)


def read_envelope(route: Route, document: Any, load: Load) -> ProxyResponse:
    """Read a parsed result as a proxy response; raises MalformedProxyResponse."""
    plain = plain_response(document)
    if plain is not None:
        return plain
    try:
        return load(document)
    except MalformedDocument as malformed:
        raise MalformedProxyResponse(route.function.name, str(malformed)) from malformed


def plain_response(document: Any) -> ProxyResponse | None:
    """The proxy response of the common plain result; None sends a document through its schema."""
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


def check_plain(result: InvocationResult, load: Load) -> None:
    """Check that the short cut for plain results says what a schema says; raises MalformedDocument."""
    try:
        document = _DECODER.decode(result.payload.decode())
    except (ValueError, RecursionError):
        return
    plain = plain_response(document)
    if plain is not None and plain != load(document):
        raise MalformedDocument([("", f"read as {plain}, which its schema does not")])


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
