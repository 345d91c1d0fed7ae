"""From a server's request to ours: every quirk of WSGI and of the three servers settled here."""

import ipaddress
from collections.abc import Mapping
from itertools import chain

from flask import Request
from werkzeug.wsgi import get_input_stream

from berth.errors import HeadersTooLarge, MalformedRequest
from berth.gateway.routing.head import Environ, RequestHead, read_head
from berth.gateway.routing.route_table import told_parameters
from berth.gateway.trusted_context import Context, context_for
from berth.model.http import Headers, HttpRequest
from berth.model.route import Route
from berth.payload.headers import canonical_name, last_header, text_value

_MIB = 1024 * 1024
MAX_BODY_BYTES = 10 * _MIB  # API Gateway's payload limit, REST and HTTP APIs
_BODY_LIMITS = {"rest": MAX_BODY_BYTES, "http": MAX_BODY_BYTES, "alb": _MIB, "url": 6 * _MIB}
# API Gateway's, for request line and headers together; a balancer's and a URL's are the server's.
_MAX_HEAD_BYTES = {"rest": 10_240, "http": 10_240}


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


def incoming_trace(request: HttpRequest) -> str | None:
    """The client's X-Amzn-Trace-Id, if it sent one."""
    return last_header(request.headers, "X-Amzn-Trace-Id")


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
