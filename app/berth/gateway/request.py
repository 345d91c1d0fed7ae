"""From a server's request to a call: every quirk of WSGI and of the servers is settled here."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from itertools import chain
from typing import Protocol

import flask
from flask import Request, Response
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge
from werkzeug.wsgi import get_input_stream

from berth.errors import HeadersTooLarge, MalformedRequest
from berth.gateway.client_address import peer_address, plain_address
from berth.gateway.clients_headers import clients_headers, clients_trace
from berth.gateway.facts import forwarded_template, gateway_facts
from berth.gateway.routing.head import HEAD_BYTES, Environ, RequestHead, read_head
from berth.gateway.routing.route_table import forwarded_parameters
from berth.gateway.stamp import StampSource, forwarded_stamp
from berth.gateway.trusted_context import Context, context_of
from berth.invoke.invoker import Loan
from berth.model.api_kind import KINDS
from berth.model.call import Call, EventShape, Identity
from berth.model.http import HttpRequest
from berth.model.invocation import MAX_REQUEST_BYTES
from berth.model.route import Route
from berth.payload.headers import canonical_name, text_value
from berth.payload.urls import decode_path

MAX_BODY_BYTES = max(kind.max_body_bytes for kind in KINDS)
# Where a server that reads bodies without a thread leaves its WireBody; see RAW_HEADERS.
WIRE_BODY_NAME = "berth wire body"
WIRE_BODY = f"HTTP_{WIRE_BODY_NAME}"


class BodyWanted(BaseException):
    """Ends the handling of a request until its body is there; then the server hands the request over again.

    It is no Exception: it passes through Flask, which would answer an Exception.
    """


class WireBody(Protocol):
    """A body that a server is still receiving; `kept` is what is known of its request when it is wanted."""

    kept: tuple[Call, Identity] | None
    loan: Loan | None  # of the invocation that the short lane has begun
    seconds: float  # how long its request was worked on before the body was wanted, if that was noted

    def demand(self, limit: int) -> None:
        """Go on if the body can be read now.

        Raises BodyWanted if the body is not there yet, ServerBusy if there is no memory for it, and
        RequestEntityTooLarge if it is over the limit.
        """
        ...

    def take(self) -> bytes | None:
        """The body, after demand(), if its length is known; None if it has to be read from WSGI's input."""
        ...


def read_call(
    environ: Environ,
    parameters: Mapping[str, str],
    route: Route,
    stamps: StampSource,
    shape: EventShape,
    body: bytes = b"",
) -> Call:
    """Read the head of a request; `parameters` are those of the path by Berth's own route.

    Without a body that is there already, read_body gives one to those who may send one.

    Raises MalformedRequest and HeadersTooLarge.
    """
    kind = route.function.api
    head = read_head(environ)
    context = context_of(kind, head.context)
    headers = [  # most values are ASCII, and need no call
        (canonical_name(name), value if value.isascii() else text_value(value))
        for name, value in head.headers
    ]
    last = {name: value for name, value in headers}  # noqa: C416 - dict() takes longer
    host = context.get("domainName") or last.get("Host")
    refuse_malformed(environ, host)
    _refuse_large(environ, head, kind.max_head_bytes)
    source_ip, headers = _forwarded(environ, headers, last, route.stage.trusted_proxy_hops)
    http_request = HttpRequest(
        method=head.overridden_method if kind.has_method_override else head.method,
        path=head.inner_path(route.wire_path) or head.path,
        query=head.query,
        path_parameters=_parameters(parameters, head, route, context),
        headers=clients_headers(headers, head.headers, kind, context) if context else headers,
        body=body,
        lines=head.headers,
    )
    facts = gateway_facts(
        route,
        http_request.path,
        context,
        domain_name=host or environ["SERVER_NAME"],
        source_ip=source_ip,
        protocol=environ["SERVER_PROTOCOL"],
    )
    trace = last.get("X-Amzn-Trace-Id")
    stamp = stamps(clients_trace(trace) if context else trace)
    if context:
        stamp = forwarded_stamp(stamp, context, kind)
    return Call(route, http_request, stamp, facts, shape)


def _parameters(
    own: Mapping[str, str], head: RequestHead, route: Route, context: Context
) -> Mapping[str, str]:
    """The path parameters; if API Gateway matched another route than Berth, that route's parameters."""
    template = forwarded_template(context) if context else ""
    if not template or template == route.key.path:
        return own
    path = decode_path(head.path) if route.function.api.matches_decoded_path else head.path
    return forwarded_parameters(template, path) or {}


def refuse_malformed(environ: Environ, host: str | None) -> None:
    """Refuse requests that gunicorn accepts and every gateway refuses; raises MalformedRequest."""
    if not host and environ["SERVER_PROTOCOL"] == "HTTP/1.1":
        raise MalformedRequest("no Host header")
    coding = environ.get("HTTP_TRANSFER_ENCODING")
    if coding and coding.strip().lower() != "chunked":
        raise MalformedRequest(f"the transfer coding {coding!r}")


def _refuse_large(environ: Environ, head: RequestHead, limit: int | None) -> None:
    if limit is None or environ.get(HEAD_BYTES, limit + 1) <= limit:
        return
    lines = head.headers
    size = sum(map(len, chain.from_iterable(lines))) + 4 * len(lines) + len(head.path) + len(head.query)
    if size > limit:
        raise HeadersTooLarge(f"{size} bytes of request line and headers are over the limit of {limit}")


def _forwarded(
    environ: Environ, headers: list[tuple[str, str]], last: Mapping[str, str], hops: int
) -> tuple[str, list[tuple[str, str]]]:
    """The client's address, and the headers with X-Forwarded-* as API Gateway would set them.

    Only the last `hops` entries of X-Forwarded-For were written by balancers of ours; with none,
    the connection's own address counts and is appended, and nothing the client claims is believed.
    """
    peer = peer_address(environ.get("REMOTE_ADDR") or "127.0.0.1")
    hosts = _forwarded_hosts(headers) if "X-Forwarded-For" in last else []
    if hops:  # a balancer may write a port behind an address, and events have none
        hosts[-hops:] = [plain_address(entry) or entry for entry in hosts[-hops:]]
    source = (plain_address(hosts[-hops]) if 0 < hops <= len(hosts) else None) or peer
    facts = {
        "X-Forwarded-For": ", ".join(hosts if hops and hosts else [*hosts, peer]),
        "X-Forwarded-Port": environ["SERVER_PORT"],
        "X-Forwarded-Proto": environ["wsgi.url_scheme"],
    }
    if hops:
        facts |= {name: last.get(name) or facts[name] for name in ("X-Forwarded-Port", "X-Forwarded-Proto")}
    return source, [*(line for line in headers if line[0] not in facts), *facts.items()]


def _forwarded_hosts(headers: list[tuple[str, str]]) -> list[str]:
    lines = [value for name, value in headers if name == "X-Forwarded-For"]
    return [entry.strip() for entry in ",".join(lines).split(",") if entry.strip()]


def read_body(request: Request, call: Call, identity: Identity | None = None) -> Call:
    """The call with its body; `identity` is what has been found out, should the body not be there yet.

    A body that no function could be given is refused unread: an event is never shorter than its body.
    Raises werkzeug's RequestEntityTooLarge, ServerBusy, and BodyWanted.
    """
    kept = (call, identity) if identity else None
    body = receive_body(request, min(call.route.function.api.max_body_bytes, MAX_REQUEST_BYTES), kept)
    if body is None:
        return call
    headers = call.request.headers
    if "HTTP_TRANSFER_ENCODING" in request.environ:  # the gateway has the whole body before anything goes on
        headers = [*headers, ("Content-Length", str(len(body)))]
    return replace(call, request=replace(call.request, body=body, headers=headers))


def receive_body(request: Request, limit: int, kept: tuple[Call, Identity] | None = None) -> bytes | None:
    """The body of a request, None if it has none; `kept` is what is known, should it not be there yet.

    A body that is over the limit is refused at once, and what the client sends of it is dropped after the
    answer. Raises werkzeug's RequestEntityTooLarge, ServerBusy, and BodyWanted.
    """
    try:
        return _receive(request, limit, kept)
    except RequestEntityTooLarge:
        if WIRE_BODY not in request.environ:  # a server with a WireBody drops it by itself
            flask.after_this_request(partial(_drop_body, request.environ))
        raise


def _receive(request: Request, limit: int, kept: tuple[Call, Identity] | None) -> bytes | None:
    environ, length = request.environ, request.content_length or 0
    if not length and "HTTP_TRANSFER_ENCODING" not in environ:
        return None
    if length > limit:
        raise RequestEntityTooLarge
    wire: WireBody | None = environ.get(WIRE_BODY)
    if wire is not None:
        wire.kept = kept
        wire.demand(limit)
        if (taken := wire.take()) is not None:
            return taken
    request.max_content_length = limit + 1  # werkzeug ends a chunked body there, and raises nothing
    body: bytes = request.get_data(cache=False)
    if len(body) > limit:
        raise RequestEntityTooLarge
    return body


def kept_call(environ: Environ) -> tuple[Call, Identity] | None:
    """What is known of a request that had to wait for its body."""
    wire: WireBody | None = environ.get(WIRE_BODY)
    return wire.kept if wire else None


def begun_loan(environ: Environ) -> Loan | None:
    """The loan of the invocation that the short lane has begun for a request."""
    wire: WireBody | None = environ.get(WIRE_BODY)
    return wire.loan if wire else None


def _drop_body(environ: Environ, response: Response) -> Response:
    """Let a response be followed by what is left of a body: many clients read an answer only after it."""
    response.call_on_close(partial(_read_rest, environ))
    return response


def _read_rest(environ: Environ) -> None:
    rest, most = get_input_stream(environ), 2 * MAX_BODY_BYTES
    # The client may hang up, or werkzeug's server have read a part already, and with it a chunk's header.
    with suppress(ClientDisconnected, OSError):
        while most > 0 and (chunk := rest.read(65536)):
            most -= len(chunk)
