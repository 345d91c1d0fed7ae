"""From a server's request to ours: every quirk of WSGI and of the three servers settled here."""

import ipaddress
from collections.abc import Iterable, Mapping
from copy import copy
from itertools import chain
from typing import Any, Self

from flask import Request
from werkzeug.wsgi import get_input_stream

from app.errors import HeadersTooLarge, MalformedRequest
from app.gateway.trusted_context import Context, context_for, open_context, told_parameters, without_context
from app.model.http import Headers, HttpRequest
from app.model.route import METHODS, Route
from app.model.trust import Trust
from app.payload.headers import canonical_name, last_header, text_value
from app.payload.path import split_target, strip_prefix

Environ = dict[str, Any]

# Where a server that still sees the header lines leaves them. WSGI has joined repeated ones with
# commas, and a comma may be part of a value. No client can name this key: of all HTTP_ keys it
# alone holds a space, and servers refuse a header name with one.
RAW_HEADERS_NAME = "berth raw headers"
RAW_HEADERS = f"HTTP_{RAW_HEADERS_NAME}"
_MIB = 1024 * 1024
MAX_BODY_BYTES = 10 * _MIB  # API Gateway's payload limit, REST and HTTP APIs
_BODY_LIMITS = {"rest": MAX_BODY_BYTES, "http": MAX_BODY_BYTES, "alb": _MIB, "url": 6 * _MIB}
# API Gateway's, for request line and headers together; a balancer's and a URL's are the server's.
_MAX_HEAD_BYTES = {"rest": 10_240, "http": 10_240}
_HEAD = "berth.head"
_NOTHING_TOLD: Context = {}
_NOT_IN_HTTP = {"CONTENT_TYPE": "Content-Type", "CONTENT_LENGTH": "Content-Length"}


class RequestHead:
    """What routes are chosen by. It does not keep the environ, which keeps it.

    With `trust`, a request that the gateway has not proved is refused here, before it has a route;
    raises UntrustedGateway or MalformedRequest.
    """

    __slots__ = ("context", "headers", "method", "overridden_method", "path", "query")

    def __init__(self, environ: Environ, trust: Trust | None = None) -> None:
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
        """The path behind the stage's; None if it lacks that. A gateway that tells has settled it."""
        return strip_prefix(self.path, prefix) if prefix and not self.context else self.path


def read_head(environ: Environ, trust: Trust | None = None) -> RequestHead:
    """The head of a request, read once."""
    head: RequestHead | None = environ.get(_HEAD)
    if head is None:
        head = environ[_HEAD] = RequestHead(environ, trust)
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


def read_request(request: Request, route: Route) -> HttpRequest:
    """Read the current request.

    Raises MalformedRequest, HeadersTooLarge, and werkzeug's RequestEntityTooLarge for a larger body
    than this kind of API takes.
    """
    environ, kind = request.environ, route.function.api
    head = read_head(environ)
    headers = [(canonical_name(name), text_value(value)) for name, value in head.headers]
    host = head.context.get("domainName") or last_header(headers, "Host")
    _refuse_malformed(environ, host)
    _refuse_large(head, kind)
    body = _read_body(request, kind)
    source_ip, forwarded = _forwarded(environ, headers, route.stage.trusted_proxy_hops)
    if "HTTP_TRANSFER_ENCODING" in environ:  # the gateway has the whole body before anything goes on
        forwarded.append(("Content-Length", str(len(body))))
    return HttpRequest(
        method=head.overridden_method if kind == "rest" else head.method,
        path=head.inner_path(route.wire_path) or head.path,
        query=head.query,
        path_parameters=_parameters(request, head, route),
        headers=_told_headers(forwarded, head.context) if head.context else forwarded,
        body=body,
        protocol=head.context.get("protocol") or environ["SERVER_PROTOCOL"],
        host=host or environ["SERVER_NAME"],
        source_ip=head.context.get("sourceIp") or source_ip,
        context=context_for(route, head.context) if head.context else head.context,
    )


def raw_target(environ: Environ) -> str:
    """The request target as the client sent it; both servers and the test client keep it."""
    return str(environ.get("RAW_URI") or environ.get("REQUEST_URI") or environ["PATH_INFO"])


def incoming_trace(request: HttpRequest) -> str | None:
    """The client's X-Amzn-Trace-Id, if it sent one."""
    return last_header(request.headers, "X-Amzn-Trace-Id")


def _header_lines(environ: Environ) -> Headers:
    lines: Headers | None = environ.get(RAW_HEADERS)
    return list(_joined_headers(environ)) if lines is None else lines


def _joined_headers(environ: Environ) -> Iterable[tuple[str, str]]:
    """The headers of a server that shows no header lines: repeated ones stay joined."""
    for key, value in environ.items():
        if key in _NOT_IN_HTTP and value:
            yield _NOT_IN_HTTP[key], value
        elif key.startswith("HTTP_"):
            yield key[5:].replace("_", "-"), value


def _parameters(request: Request, head: RequestHead, route: Route) -> Mapping[str, str]:
    """The raw path parameters, of API Gateway's own route where that is another than ours."""
    context = head.context
    template = context.get("resourcePath") or context.get("routeKey", "").partition(" ")[2]
    if not template or template == route.key.path:
        return request.view_args or {}
    return told_parameters(template, head.path) or {}


def _told_headers(headers: Headers, context: Context) -> Headers:
    """The client's Host and User-Agent, in whose place API Gateway has sent its own."""
    told = {"Host": context.get("domainName"), "User-Agent": context.get("userAgent")}
    own = [(name, value) for name, value in told.items() if value]
    return [*own, *(line for line in headers if line[0] not in told)]


def _refuse_malformed(environ: Environ, host: str | None) -> None:
    """Refuse what gunicorn lets pass, and no gateway does."""
    if not host and environ["SERVER_PROTOCOL"] == "HTTP/1.1":
        raise MalformedRequest("no Host header")
    coding = environ.get("HTTP_TRANSFER_ENCODING")
    if coding and coding.strip().lower() != "chunked":
        raise MalformedRequest(f"the transfer coding {coding!r}")


def _refuse_large(head: RequestHead, kind: str) -> None:
    limit, lines = _MAX_HEAD_BYTES.get(kind), head.headers
    size = sum(map(len, chain.from_iterable(lines))) + 4 * len(lines) + len(head.path) + len(head.query)
    if limit is not None and size > limit:
        raise HeadersTooLarge(f"{size} bytes of request line and headers are over the limit of {limit}")


def _forwarded(
    environ: Environ, headers: list[tuple[str, str]], hops: int
) -> tuple[str, list[tuple[str, str]]]:
    """The client's address, and the headers with X-Forwarded-* as API Gateway would set them.

    Only the last `hops` entries of X-Forwarded-For were written by balancers of ours; with none,
    the connection's own address counts and is appended, and nothing the client claims is believed.
    """
    peer = environ.get("REMOTE_ADDR") or "127.0.0.1"
    lines = [value for name, value in headers if name == "X-Forwarded-For"]
    hosts = [entry.strip() for entry in ",".join(lines).split(",") if entry.strip()]
    source = hosts[-hops] if 0 < hops <= len(hosts) and _is_address(hosts[-hops]) else peer
    facts = {
        "X-Forwarded-For": ", ".join(hosts if hops and hosts else [*hosts, peer]),
        "X-Forwarded-Port": environ["SERVER_PORT"],
        "X-Forwarded-Proto": environ["wsgi.url_scheme"],
    }
    if hops:
        facts |= {
            name: last_header(headers, name) or fact
            for name, fact in facts.items()
            if name != "X-Forwarded-For"
        }
    return source, [line for line in headers if line[0] not in facts] + list(facts.items())


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _read_body(request: Request, kind: str) -> bytes:
    if not (request.environ.get("CONTENT_LENGTH") or request.environ.get("HTTP_TRANSFER_ENCODING")):
        return b""
    request.max_content_length = _BODY_LIMITS[kind]
    return request.get_data(cache=False)


def drain_body(environ: Environ) -> None:
    """Read on a little: most clients look for an answer only once they have sent everything."""
    rest, most = get_input_stream(environ), 2 * MAX_BODY_BYTES
    while most > 0 and (chunk := rest.read(65536)):
        most -= len(chunk)
