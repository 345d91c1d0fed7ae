"""The view of asynchronous routes: one HTTP request, one event in the queue."""

import hashlib
import json
import re
from http import HTTPStatus

from flask.globals import request_ctx

from berth.errors import InvalidRequest
from berth.gateway.caller_name import caller_name
from berth.gateway.cors import apply_cors
from berth.gateway.response import WireResponse, json_response, write_response
from berth.gateway.view import Gateway, handle
from berth.invoke.event_invoker import EventInvoker
from berth.invoke.results.claims import IdempotentRequest
from berth.model.asynchronous import Origin
from berth.model.call import Call, Identity
from berth.model.http import HttpResponse
from berth.model.route import PAGES, Route

RETRY_SECONDS = "5"  # until a client should look at the page, and look again while nothing has ended
_KEY = re.compile("[!-~]{1,255}")


def handle_event(gateway: Gateway, events: EventInvoker, route: Route) -> WireResponse:
    """Serve one HTTP request by queueing its event; the answer says where its page is."""
    call = gateway.receive(route)
    identity = gateway.authorize(call)
    whole = gateway.complete(call, identity)
    request_id = _queue(events, whole, identity)
    return write_response(apply_cors(call, _accepted(call, request_id)))


def handle_as_asked(gateway: Gateway, events: EventInvoker, route: Route) -> WireResponse:
    """Serve one HTTP request as its caller asks for it: at once, or through the queue.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-integration-async.html
    """
    # A mapping of API Gateway writes the value with its quotes.
    wanted = request_ctx.request.environ.get("HTTP_X_AMZ_INVOCATION_TYPE", "")
    return handle_event(gateway, events, route) if wanted.strip("'") == "Event" else handle(gateway, route)


def _queue(events: EventInvoker, call: Call, identity: Identity) -> str:
    """Queue an event; returns the id of the invocation that counts.

    Raises InvalidRequest for an idempotency key that is none, and what EventInvoker raises.
    """
    route, name = call.route, caller_name(call, identity)
    authorizer = route.authorizer.name if route.authorizer else None
    invocation = call.invocation(call.shape.build_event(call, identity))
    origin = Origin(route=str(route.key), authorizer=authorizer, identity=name)
    keys = [value for header, value in call.request.headers if header.lower() == "idempotency-key"]
    if not keys:
        events.invoke(invocation, origin)
        return invocation.request_id
    if len(keys) > 1 or not _KEY.fullmatch(keys[0]):
        raise InvalidRequest("Idempotency-Key must be one key of 1 to 255 visible ASCII characters")
    scope = json.dumps([route.function.name, origin.route, name])
    return events.invoke_once(invocation, origin, IdempotentRequest(scope, keys[0], _fingerprint(call)))


def _fingerprint(call: Call) -> str:
    """A hash of what a request asks: its method, path, query and body."""
    request = call.request
    head = json.dumps([request.method, request.path, request.query]).encode()
    return hashlib.sha256(head + b"\n" + request.body).hexdigest()


def _accepted(call: Call, request_id: str) -> HttpResponse:
    headers = [
        ("Location", _location(call, request_id)),
        ("Retry-After", RETRY_SECONDS),
        *call.route.function.api.id_headers(call.stamp),
    ]
    return json_response(HTTPStatus.ACCEPTED, {"requestId": request_id}, headers)


def _location(call: Call, request_id: str) -> str:
    """The page's address, with the stage where the client sent it; a gateway guards it by the authorizer."""
    route, stage = call.route, call.route.stage
    prefix = call.facts.path.removesuffix(call.request.path) if stage.trust else route.wire_path
    is_guarded = stage.authorizers_run_in == "gateway" and route.authorizer is not None
    guard = f"/{route.authorizer.name}" if is_guarded and route.authorizer else ""
    return f"{prefix}{PAGES}{guard}/{request_id}"
