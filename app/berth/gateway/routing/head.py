"""The head of a request: everything that its route is chosen by."""

from collections.abc import Iterable
from copy import copy
from typing import Any, Self

from berth.gateway.trusted_context import Context, has_custom_domain, open_context, without_context
from berth.model.api_kind import HTTP_2
from berth.model.http import Headers
from berth.model.route import METHODS
from berth.model.trust import Trust
from berth.payload.urls import decode_path, split_target, strip_prefix

Environ = dict[str, Any]

# Where a server that still sees the header lines leaves them. WSGI has joined repeated ones with
# commas, and a comma may be part of a value. No client can name this key: of all HTTP_ keys only
# a server's own hold a space, and servers refuse a header name with one.
RAW_HEADERS_NAME = "berth raw headers"
RAW_HEADERS = f"HTTP_{RAW_HEADERS_NAME}"
# Where a server leaves an upper bound of the bytes that a head counts towards API Gateway's limit.
HEAD_BYTES = "HTTP_berth head bytes"
# Where a server tells at which of its listeners a request came in: address and port of its socket.
# SERVER_NAME and SERVER_PORT may come from the Host header, which the client writes.
LISTENER_NAME = "berth listener"
LISTENER = f"HTTP_{LISTENER_NAME}"
_HEAD = "berth.head"
_METHODS = frozenset(METHODS)
_NOTHING_TOLD: Context = {}
_NOT_IN_HTTP = {"CONTENT_TYPE": "Content-Type", "CONTENT_LENGTH": "Content-Length"}


class RequestHead:
    """Everything that routes are chosen by: context, header lines, method, path and query string.

    `trust` is the stage's. With it, a request that the gateway has not proved is refused here, before it
    has a route; raises UntrustedGateway or MalformedRequest.
    """

    __slots__ = ("context", "headers", "method", "overridden_method", "path", "query")

    def __init__(self, environ: Environ, trust: Trust | None) -> None:
        lines = _header_lines(environ)
        if trust:
            self.context, self.headers = open_context(lines, trust)
        else:
            self.context, self.headers = _NOTHING_TOLD, without_context(lines)
        path, self.query = split_target(raw_target(environ))
        self.path = _path_in_api(path, self.context) if self.context else path
        self.method: str = self.context.get("httpMethod") or environ["REQUEST_METHOD"]
        # In a REST API alone X-HTTP-Method-Override goes before the request's own.
        # https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-known-issues.html
        override = environ.get("HTTP_X_HTTP_METHOD_OVERRIDE")
        self.overridden_method: str = override if override in _METHODS and not trust else self.method

    def asking(self, method: str) -> Self:
        """The head of a request with another method, which a preflight request asks about."""
        other = copy(self)
        other.method = other.overridden_method = method
        return other

    def inner_path(self, prefix: str) -> str | None:
        """The path without a prefix such as `/prod`; None if the path does not begin with it.

        A trusted gateway has removed the stage already, so its paths are returned as they are."""
        return strip_prefix(self.path, prefix) if prefix and not self.context else self.path


def open_head(environ: Environ, trust: Trust | None) -> RequestHead:
    """Read the head of a request whose route is to be found, and keep it in the environ for read_head."""
    environ[_HEAD] = head = RequestHead(environ, trust)
    return head


def read_head(environ: Environ) -> RequestHead:
    """The head by which the route of a request was found; raises RuntimeError if none was looked for."""
    head: RequestHead | None = environ.get(_HEAD)
    if head is None:
        raise RuntimeError("the head of a request is there once open_head has read it: match the route first")
    return head


def _path_in_api(wire: str, context: Context) -> str:
    """The path as the client sent it, without the stage or a custom domain's base path in front.

    The request's own path is another one: a REST API's integration has decoded its parameters and lost the
    slash at its end, and a VPC link V2 has put the stage in front. The context has the path of the client.
    """
    stage, told = context.get("stage", ""), context.get("path")
    sent = strip_prefix(wire, f"/{stage}") or wire
    if told is None:
        return sent
    is_custom, is_http = has_custom_domain(context), context.get("apiKind") == HTTP_2.name
    inner = strip_prefix(told, f"/{stage}") if stage and (is_http or not is_custom) else None
    if inner is None:
        inner = _without_base(told, sent, wire) if is_custom else told
    # An HTTP API may tell the path decoded; then the request's own path says more.
    same = (each for each in (wire, sent) if is_http and decode_path(each) == inner)
    return next(same, inner)


def _without_base(told: str, *requested: str) -> str:
    """The end of a client's path that is the path of its request, which the integration may have decoded.

    `requested` has the request's path without the stage, and with it: the first may be too short.
    """
    ends = [told[index:] for index, letter in enumerate(told) if letter == "/"]
    for wanted in filter(None, map(_comparable, requested)):
        for end in ends:
            if _comparable(end) == wanted:
                return end
    return told if _comparable(requested[0]) else requested[0]


def _comparable(path: str) -> str:
    return decode_path(decode_path(path)).strip("/")


def raw_target(environ: Environ) -> str:
    """The request target as the client sent it; gunicorn, `berth run` and the test client all keep it."""
    return str(environ.get("RAW_URI") or environ.get("REQUEST_URI") or environ["PATH_INFO"])


def _header_lines(environ: Environ) -> Headers:
    lines: Headers | None = environ.get(RAW_HEADERS)
    return list(_joined_headers(environ)) if lines is None else lines


def _joined_headers(environ: Environ) -> Iterable[tuple[str, str]]:
    """The headers from a server that keeps no header lines; repeated headers stay joined by commas."""
    for key, value in environ.items():
        if key in _NOT_IN_HTTP and value:
            yield _NOT_IN_HTTP[key], value
        elif key.startswith("HTTP_"):
            yield key[5:].replace("_", "-"), value
