"""Where a shadow meets requests: after their answers, and with the primary `target` before them, too."""

import io
import json
import logging
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

import flask
from flask.globals import request_ctx

from berth.comparison.exchange import Address, Exchange, NotAnswered, SentRequest, passed_on
from berth.errors import FunctionFailed, HeadersTooLarge, MalformedRequest, UntrustedGateway
from berth.gateway.client_address import peer_address
from berth.gateway.flask_app import GatewayApp, RefusedRequest, asks_invoke_api
from berth.gateway.request import MAX_BODY_BYTES, WIRE_BODY, receive_body
from berth.gateway.response import WireResponse, write_response
from berth.gateway.routing.head import RAW_HEADERS, Environ, RequestHead, raw_target, read_head
from berth.gateway.shadow.shadow import Copied, ShadowQueue
from berth.gateway.view import Gateway
from berth.model.call import Call, Identity
from berth.model.comparison import SHADOW_HEADER, SHADOW_MARK, TARGET, Shadow
from berth.model.http import Headers, HttpResponse
from berth.model.route import is_reserved
from berth.model.stage import Stage
from berth.payload.urls import split_target, strip_prefix

log = logging.getLogger("berth")

_BODY = "berth.shadow body"  # of a request, once it was read
_IS_COPY = "berth.shadow copy"  # of a request that this server sends to itself
_NOT_THE_TARGETS = frozenset({"date", "server"})  # the server that answers writes its own
_OF_BODY = frozenset({"content-length", "transfer-encoding"})
_REFUSED = (UntrustedGateway, MalformedRequest, HeadersTooLarge)


class BodyKeepingGateway(Gateway):
    """A Gateway that keeps the body of each request, so that a copy can be made of it."""

    def complete(self, call: Call, identity: Identity) -> Call:
        """Read the body, and check what the route asks of requests."""
        whole = super().complete(call, identity)
        request_ctx.request.environ[_BODY] = whole.request.body
        return whole


def keep_bodies(gateway: Gateway) -> Gateway:
    """A gateway like this one that keeps bodies."""
    return BodyKeepingGateway(gateway.invoker, gateway.stage, gateway.decisions, gateway.stamps)


class Mirror:
    """Copies the requests of one application."""

    def __init__(self, app: GatewayApp, stage: Stage, queue: ShadowQueue) -> None:
        self._app = app
        self._queue = queue
        self._prefix = f"/{stage.name}" if stage.stage_in_path else ""

    def register(self) -> None:
        """Look at every request of the application from now on."""
        if self._queue.shadow.primary == TARGET:
            self._app.before_request(self._forward)
        else:
            self._app.after_request(self._copy_to_target)

    def _copy_to_target(self, response: flask.Response) -> flask.Response:
        """Have a copy sent to the target once the client has its answer."""
        environ = request_ctx.request.environ
        method = environ["REQUEST_METHOD"]
        head = _head(environ)
        if head is None or _is_own(environ) or _is_marked(environ) or not self._queue.is_wanted(method):
            return response
        body: bytes | None = environ.get(_BODY, None if request_ctx.request.content_length else b"")
        if body is None or not isinstance(response, WireResponse):
            return response  # it was refused before its body was read
        request = self._request(head, method, body)
        send = partial(self._queue.exchange.send, request, [SHADOW_MARK])
        self._offer_after(response, request, _answer(response, method), send)
        return response

    def _forward(self) -> WireResponse | None:
        """Let the target answer, and have a copy run here once the client has that answer."""
        http_request = request_ctx.request
        environ = http_request.environ
        if _IS_COPY in environ or _is_own(environ) or _is_refused(http_request.routing_exception):
            return None
        if _is_marked(environ):
            raise FunctionFailed(self._queue.exchange.address.authority, "a copy that would be copied again")
        head, method = read_head(environ), environ["REQUEST_METHOD"]
        body = receive_body(http_request, MAX_BODY_BYTES) or b""
        request = self._request(head, method, body)
        try:
            answer = self._queue.exchange.send(replace(request, headers=_as_proxy(request.headers, environ)))
        except NotAnswered as failed:
            log.warning("shadow: the primary did not answer: %s", failed)
            raise FunctionFailed(self._queue.exchange.address.authority, str(failed)) from failed
        response = write_response(_handed_on(answer, method))
        if self._queue.is_wanted(method):
            send = partial(_run_here, self._app, _environ_of_copy(environ, head, body))
            self._offer_after(response, request, answer, send)
        return response

    def _offer_after(
        self,
        response: WireResponse,
        request: SentRequest,
        answer: HttpResponse,
        send: Callable[[], HttpResponse],
    ) -> None:
        rule = request_ctx.request.url_rule
        route = getattr(rule, "route", None)
        key = str(route.key) if route else "no route"
        copied = Copied(request, answer, key, request_ctx.request.environ.get("HTTP_HOST", ""), send)
        response.call_on_close(partial(self._queue.offer, copied))

    def _request(self, head: RequestHead, method: str, body: bytes) -> SentRequest:
        """The request as its client sent it, but for what a trusted gateway has added, and for the stage."""
        path = (strip_prefix(head.path, self._prefix) if self._prefix else None) or head.path
        return SentRequest(method, f"{path}?{head.query}" if head.query else path, head.headers, body)


def _head(environ: Environ) -> RequestHead | None:
    try:
        return read_head(environ)
    except RuntimeError:  # the request was refused before it had one
        return None


def _is_own(environ: Environ) -> bool:
    """Whether a request is one to the server's own URLs."""
    return is_reserved(split_target(raw_target(environ))[0]) or asks_invoke_api(environ)


def _is_marked(environ: Environ) -> bool:
    """Whether a request says that it is a copy: a copy of it could come back without an end."""
    names = (name.lower() for name, _ in environ.get(RAW_HEADERS, ()))
    return SHADOW_HEADER.lower() in names or "HTTP_X_BERTH_SHADOW" in environ


def _is_refused(error: Exception | None) -> bool:
    return isinstance(error, RefusedRequest) and isinstance(error.refusal, _REFUSED)


def _answer(response: WireResponse, method: str) -> HttpResponse:
    """What the client gets."""
    body = b"" if method == "HEAD" else response.get_data()
    return HttpResponse(response.status_code, response.headers.to_wsgi_list(), body)


def _as_proxy(headers: Headers, environ: Environ) -> Headers:
    """The headers of a request that is handed on; the client's address comes last, as proxies write it."""
    peer = peer_address(environ.get("REMOTE_ADDR") or "127.0.0.1")
    before = [value for name, value in headers if name.lower() == "x-forwarded-for"]
    others = [line for line in headers if line[0].lower() != "x-forwarded-for"]
    return [*others, ("X-Forwarded-For", ", ".join([*before, peer]))]


def _handed_on(answer: HttpResponse, method: str) -> HttpResponse:
    """The target's answer as this server sends it."""
    headers = [line for line in passed_on(answer.headers) if line[0].lower() not in _NOT_THE_TARGETS]
    lengths = [value for name, value in answer.headers if name.lower() == "content-length"]
    length = lengths[:1] if method == "HEAD" else [str(len(answer.body))]
    return HttpResponse(
        answer.status, [*headers, *(("Content-Length", each) for each in length)], answer.body
    )


def _environ_of_copy(environ: Environ, head: RequestHead, body: bytes) -> Environ:
    """The environ of the same request again, marked as a copy."""
    kept = {name: value for name, value in environ.items() if name.isupper() and name != WIRE_BODY}
    kept.pop("HTTP_TRANSFER_ENCODING", None)
    lines = [line for line in environ.get(RAW_HEADERS, head.headers) if line[0].lower() not in _OF_BODY]
    length = [("Content-Length", str(len(body)))] if body else []
    return {
        **kept,
        RAW_HEADERS: [*lines, *length, SHADOW_MARK],
        "CONTENT_LENGTH": str(len(body)) if body else "",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": environ["wsgi.url_scheme"],
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        _IS_COPY: True,
    }


def _run_here(app: GatewayApp, environ: Environ) -> HttpResponse:
    """Answer a request by this server's own functions."""
    begun: list[Any] = []

    def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Callable[[bytes], object]:
        begun[:] = [int(status[:3]), headers]
        return io.BytesIO().write

    answered: Iterable[bytes] = app(environ, start)
    try:
        body = b"".join(answered)
    finally:
        getattr(answered, "close", lambda: None)()
    return HttpResponse(begun[0], begun[1], body)


def create_mirror(
    app: GatewayApp, stage: Stage, shadow: Shadow, write: Callable[[bytes], None], log_format: str
) -> ShadowQueue:
    """Make an application send copies; returns what has to be closed at its end. This starts nothing."""

    def tell(words: str, counts: dict[str, Any]) -> None:
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        as_json = json.dumps({"time": now, "type": "shadow", "message": words, **counts})
        write(f"{as_json if log_format == 'json' else f'SHADOW {words}'}\n".encode())

    exchange = Exchange(Address.read(shadow.to), float(shadow.timeout), time.monotonic)
    queue = ShadowQueue(shadow, exchange, tell)
    Mirror(app, stage, queue).register()
    return queue
