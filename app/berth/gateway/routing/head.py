"""The head of a request: everything that its route is chosen by."""

from collections.abc import Iterable
from copy import copy
from typing import Any, Self

from berth.gateway.trusted_context import Context, open_context, without_context
from berth.model.http import Headers
from berth.model.route import METHODS
from berth.model.trust import Trust
from berth.payload.urls import split_target, strip_prefix

Environ = dict[str, Any]

# Where a server that still sees the header lines leaves them. WSGI has joined repeated ones with
# commas, and a comma may be part of a value. No client can name this key: of all HTTP_ keys it
# alone holds a space, and servers refuse a header name with one.
RAW_HEADERS_NAME = "berth raw headers"
RAW_HEADERS = f"HTTP_{RAW_HEADERS_NAME}"
# Where a server tells at which of its listeners a request came in: address and port of its socket.
# SERVER_NAME and SERVER_PORT may come from the Host header, which the client writes.
LISTENER_NAME = "berth listener"
LISTENER = f"HTTP_{LISTENER_NAME}"
_HEAD = "berth.head"
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
        self.path = _without_stage(path, self.context)
        self.method: str = self.context.get("httpMethod") or environ["REQUEST_METHOD"]
        # In a REST API alone X-HTTP-Method-Override goes before the request's own.
        # https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-known-issues.html
        override = environ.get("HTTP_X_HTTP_METHOD_OVERRIDE")
        self.overridden_method: str = override if override in METHODS and not trust else self.method

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


def _without_stage(path: str, context: Context) -> str:
    """The path without the stage that API Gateway puts in front of it on some ways (VPC links V2).

    The context's path has the stage in any case: where it is one stage longer than the request's,
    the request's has none.
    """
    stage = f"/{context['stage']}" if "stage" in context else ""
    if not stage or context.get("path") == f"{stage}{path}":
        return path
    return strip_prefix(path, stage) or path


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
