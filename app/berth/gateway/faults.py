"""How each kind of API answers a fault: the only table of the statuses and bodies that gateways make up."""

import itertools
import json
import logging
from collections.abc import Mapping
from dataclasses import replace

import flask
from werkzeug.exceptions import BadRequest, HTTPException, RequestEntityTooLarge

from berth import errors
from berth.gateway.flask_app import GatewayApp, RefusedRequest
from berth.gateway.response import REASONS, WireResponse, write_response
from berth.gateway.routing.head import read_head
from berth.gateway.unrouted import UnroutedLog
from berth.gateway.view import Gateway
from berth.model.api_kind import ALB, HTTP_1, HTTP_2, REST, URL, ApiKind
from berth.model.http import HttpResponse
from berth.model.stamp import Stamp
from berth.model.value_class import value_class

log = logging.getLogger("berth")


@value_class
class Fault:
    """One answer that a gateway makes up: its status, its exact body and its x-amzn-ErrorType."""

    status: int
    body: bytes = b""  # empty: the error's own text is the message
    error_type: str = ""
    retry_after: int | None = None  # seconds


def _page(status: int) -> Fault:
    """The error page of a load balancer."""
    title = f"{status} {REASONS[status]}"
    lines = (
        "<html>",
        f"<head><title>{title}</title></head>",
        "<body>",
        f"<center><h1>{title}</h1></center>",
        "</body>",
        "</html>",
    )
    return Fault(status, "".join(f"{line}\r\n" for line in lines).encode())


def _everywhere(status: int, text: str, error_type: str) -> tuple[Fault, Fault, Fault, Fault]:
    """The same text as each kind of API words it."""
    message, capital = (f'{{"{key}":"{text}"}}'.encode() for key in ("message", "Message"))
    rest, url = Fault(status, message, error_type), Fault(status, capital, error_type)
    return rest, Fault(status, message), url, _page(status)


def _later(status: int, text: str, error_type: str) -> tuple[Fault, Fault, Fault, Fault]:
    """One text in the form of each kind of API, for a client that may try again."""
    rest, http, url, page = (replace(each, retry_after=1) for each in _everywhere(status, text, error_type))
    return rest, http, url, page


_REST_INTERNAL = b'{"message": "Internal server error"}'
_REST_INTERNAL_TYPE = "InternalServerErrorException"
_REST_GATEWAY = Fault(502, _REST_INTERNAL, _REST_INTERNAL_TYPE)
_REST_REQUEST = Fault(400, b'{"message":"Bad Request"}', "BadRequestException")
_HTTP_INTERNAL = Fault(500, b'{"message":"Internal Server Error"}')
_URL_GATEWAY = Fault(502, b"Internal Server Error")

_HTTP_FORBIDDEN = (
    Fault(403, b'{"message":"Forbidden"}'),
    Fault(403, b'{"Message":"Forbidden"}', "AccessDeniedException"),
    _page(403),
)
_FORBIDDEN = (Fault(403, b'{"message":"Forbidden"}', "ForbiddenException"), *_HTTP_FORBIDDEN)

# Per cause: REST API, HTTP API, function URL, load balancer.
_ROWS: dict[type[Exception], tuple[Fault, Fault, Fault, Fault]] = {
    errors.NoSuchRoute: (
        Fault(403, b'{"message":"Missing Authentication Token"}', "MissingAuthenticationTokenException"),
        Fault(404, b'{"message":"Not Found"}'),
        Fault(403, b'{"Message":null}', "AccessDeniedException"),
        _page(404),
    ),
    errors.MalformedRequest: _everywhere(400, "Bad Request", "BadRequestException"),
    errors.HeadersTooLarge: (
        Fault(431, b'{"message":"Request header fields too large"}', "RequestTooLargeException"),
        Fault(431, b'{"message":"Request Header Fields Too Large"}'),
        Fault(431, b'{"Message":"Request Header Fields Too Large"}', "RequestTooLargeException"),
        _page(400),
    ),
    errors.RequestTooSlow: _everywhere(408, "Request Timeout", "RequestTimeoutException"),
    errors.ServerBusy: _later(503, "Service Unavailable", "ServiceUnavailableException"),
    errors.MethodArnTooLong: _everywhere(414, "Request-URI Too Long", "RequestUriTooLongException"),
    errors.PayloadTooLarge: (
        Fault(413, b'{"message":"Request Too Long"}', "RequestTooLargeException"),
        Fault(413, b'{"message":"Request Entity Too Large"}'),
        Fault(413, b'{"Message":"Request Entity Too Large"}', "RequestEntityTooLargeException"),
        _page(413),
    ),
    errors.InvalidRequest: (Fault(400, error_type="BadRequestException"), Fault(400), Fault(400), _page(400)),
    errors.OtherRequest: (
        Fault(422, error_type="IdempotencyException"),
        Fault(422),
        Fault(422),
        _page(422),
    ),
    errors.NoSuchInvocation: _everywhere(404, "Not Found", "NotFoundException"),
    errors.QueueUnavailable: _later(503, "Service Unavailable", "ServiceUnavailableException"),
    errors.AmbiguousPath: _FORBIDDEN,
    errors.Forbidden: _FORBIDDEN,
    errors.UntrustedGateway: _FORBIDDEN,
    errors.Unauthorized: (
        Fault(401, b'{"message":"Unauthorized"}', "UnauthorizedException"),
        Fault(401, b'{"message":"Unauthorized"}'),
        Fault(403, b'{"Message":"Forbidden"}', "AccessDeniedException"),
        _page(401),
    ),
    errors.SignatureMissing: (
        Fault(403, b'{"message":"Missing Authentication Token"}', "MissingAuthenticationTokenException"),
        *_HTTP_FORBIDDEN,
    ),
    errors.SignatureInvalid: (
        Fault(403, b'{"message":"The request signature is not valid."}', "InvalidSignatureException"),
        *_HTTP_FORBIDDEN,
    ),
    errors.ExplicitlyDenied: (
        Fault(
            403,
            b'{"Message":"User is not authorized to access this resource with an explicit deny"}',
            "AccessDeniedException",
        ),
        *_HTTP_FORBIDDEN,
    ),
    errors.AccessDenied: (
        Fault(403, b'{"Message":"User is not authorized to access this resource"}', "AccessDeniedException"),
        *_HTTP_FORBIDDEN,
    ),
    errors.AuthorizerFailed: (
        Fault(500, b'{"message":null}', "AuthorizerConfigurationException"),
        _HTTP_INTERNAL,
        Fault(500, b'{"Message":"Internal Server Error"}'),
        _page(500),
    ),
    errors.MethodNotSupported: (
        _REST_REQUEST,
        Fault(405, b'{"message":"Method Not Allowed"}'),
        Fault(405, b'{"Message":"Method Not Allowed"}'),
        _page(405),
    ),
    errors.FunctionFailed: (_REST_GATEWAY, _HTTP_INTERNAL, _URL_GATEWAY, _page(502)),
    errors.MalformedProxyResponse: (_REST_GATEWAY, _HTTP_INTERNAL, _URL_GATEWAY, _page(502)),
    errors.UndecodableBody: (
        Fault(500, _REST_INTERNAL, _REST_INTERNAL_TYPE),
        _HTTP_INTERNAL,
        _URL_GATEWAY,
        _page(502),
    ),
    errors.Throttled: (
        Fault(500, _REST_INTERNAL, _REST_INTERNAL_TYPE),
        Fault(503, b'{"message":"Service Unavailable"}'),
        Fault(429, b'{"Message":"Rate Exceeded."}', "TooManyRequestsException"),
        _page(502),
    ),
    # What is wrong inside Berth itself.
    Exception: (
        Fault(500, _REST_INTERNAL, _REST_INTERNAL_TYPE),
        _HTTP_INTERNAL,
        Fault(500, b"Internal Server Error"),
        _page(500),
    ),
}
_ROWS = {
    BadRequest: _ROWS[errors.MalformedRequest],
    RequestEntityTooLarge: _ROWS[errors.PayloadTooLarge],
    **_ROWS,
}
_COLUMNS = {REST: 0, HTTP_1: 1, HTTP_2: 1, URL: 2, ALB: 3}
FAULTS: Mapping[ApiKind, Mapping[type[Exception], Fault]] = {
    kind: {cause: row[column] for cause, row in _ROWS.items()} for kind, column in _COLUMNS.items()
}
# Faults of the deployment are logged, and why a token was refused, which its issuer or its client has to
# know; other faults of a client are not. A function error already is: by the runtime, or by the Invoker
# where the runtime itself ended.
_LOGGED = (
    errors.MalformedProxyResponse,
    errors.UndecodableBody,
    errors.Throttled,
    errors.ServerBusy,
    errors.QueueUnavailable,
    errors.AuthorizerFailed,
    errors.TokenRefused,
    errors.ScopeMissing,
)


def register_faults(app: GatewayApp, gateway: Gateway) -> None:
    """Register handlers that answer every fault as the kind of API behind the request's route does."""

    untrusted, unrouted = itertools.count(1), UnroutedLog(app.url_map)

    def answer(error: Exception) -> WireResponse:
        stamp = gateway.current_stamp()
        if isinstance(error, errors.UntrustedGateway):
            log.warning("%s: no valid gateway token (%d so far)", stamp.request_id, next(untrusted))
        elif isinstance(error, errors.NoSuchRoute):
            unrouted.tell(stamp.request_id, read_head(flask.request.environ))
        elif isinstance(error, _LOGGED):
            log.warning("%s: %s%s", stamp.request_id, _route_asked_for(), error)
        return write_response(fault_response(gateway.current_api(), error, stamp))

    def answer_refused(refused: RefusedRequest) -> WireResponse:
        return answer(refused.refusal)

    def answer_unexpected(error: Exception) -> WireResponse:
        stamp = gateway.current_stamp()
        log.error("%s: the request failed inside Berth", stamp.request_id, exc_info=error)
        return write_response(fault_response(gateway.current_api(), error, stamp))

    def answer_http(error: HTTPException) -> WireResponse:
        """Answer a fault at one of the server's own URLs: werkzeug's status, as JSON."""
        body = json.dumps({"message": error.name}).encode()
        fault = Fault(error.code or 500, body, f"{error.name.replace(' ', '')}Exception")
        return write_response(_response(REST, fault, gateway.current_stamp()))

    app.refuse = lambda error: fault_response(gateway.stage.api, error, gateway.stamps(None))
    for cause in _ROWS.keys() - {Exception}:
        app.register_error_handler(cause, answer)
    app.register_error_handler(RefusedRequest, answer_refused)
    app.register_error_handler(HTTPException, answer_http)
    app.register_error_handler(errors.BerthError, answer_unexpected)
    app.register_error_handler(500, answer_unexpected)


def _route_asked_for() -> str:
    """The route and the function of the current request, for the log: most errors name neither."""
    route = getattr(flask.request.url_rule, "route", None)
    return f"{route.key} ({route.function.name}): " if route else ""


def fault_response(kind: ApiKind, error: Exception, stamp: Stamp) -> HttpResponse:
    """The answer of one kind of API to an error."""
    fault = next(fault for cause, fault in FAULTS[kind].items() if isinstance(error, cause))
    if not fault.body:
        fault = replace(fault, body=json.dumps({"message": str(error)}).encode())
    return _response(kind, fault, stamp)


def _response(kind: ApiKind, fault: Fault, stamp: Stamp) -> HttpResponse:
    if kind.page_server:
        headers = [("Server", kind.page_server), ("Content-Type", "text/html")]
    else:
        headers = [("Content-Type", "application/json"), *kind.id_headers(stamp)]
    if fault.error_type:
        headers.append(("x-amzn-ErrorType", fault.error_type))
    if fault.retry_after is not None:
        headers.append(("Retry-After", str(fault.retry_after)))
    return HttpResponse(fault.status, [*headers, ("Content-Length", str(len(fault.body)))], fault.body)
