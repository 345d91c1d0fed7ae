"""What the web sees of a fault: the only table of statuses and bodies the gateways make up."""

import itertools
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import flask
from werkzeug.exceptions import BadRequest, HTTPException, RequestEntityTooLarge

from berth.errors import (
    AccessDenied,
    AuthorizerFailed,
    BerthError,
    ExplicitlyDenied,
    Forbidden,
    FunctionFailed,
    HeadersTooLarge,
    InvalidRequest,
    MalformedProxyResponse,
    MalformedRequest,
    MethodArnTooLong,
    MethodNotSupported,
    NoSuchRoute,
    PayloadTooLarge,
    RequestTooSlow,
    SignatureInvalid,
    SignatureMissing,
    Throttled,
    Unauthorized,
    UndecodableBody,
    UntrustedGateway,
)
from berth.gateway.flask_app import GatewayApp, RefusedRequest
from berth.gateway.gateway import Gateway
from berth.gateway.request import drain_body
from berth.gateway.response import REASONS, WireResponse, write_response
from berth.model.gateway_context import Stamp
from berth.model.http import HttpResponse
from berth.payload.http_api import REQUEST_ID

log = logging.getLogger("berth")

# The load balancer's own name for itself, on the pages it makes.
ALB_SERVER = "awselb/2.0"


@dataclass(frozen=True)
class Fault:
    """One answer of a gateway's own: status, exact body, x-amzn-ErrorType."""

    status: int
    body: bytes = b""  # empty: the error's own text is the message
    error_type: str = ""


def _page(status: int) -> Fault:
    """A load balancer's error page."""
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
    """One text in the form of each kind of API."""
    message, capital = (f'{{"{key}":"{text}"}}'.encode() for key in ("message", "Message"))
    rest, url = Fault(status, message, error_type), Fault(status, capital, error_type)
    return rest, Fault(status, message), url, _page(status)


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
    NoSuchRoute: (
        Fault(403, b'{"message":"Missing Authentication Token"}', "MissingAuthenticationTokenException"),
        Fault(404, b'{"message":"Not Found"}'),
        Fault(403, b'{"Message":null}', "AccessDeniedException"),
        _page(404),
    ),
    MalformedRequest: _everywhere(400, "Bad Request", "BadRequestException"),
    HeadersTooLarge: (
        Fault(431, b'{"message":"Request header fields too large"}', "RequestTooLargeException"),
        Fault(431, b'{"message":"Request Header Fields Too Large"}'),
        Fault(431, b'{"Message":"Request Header Fields Too Large"}', "RequestTooLargeException"),
        _page(400),
    ),
    RequestTooSlow: _everywhere(408, "Request Timeout", "RequestTimeoutException"),
    MethodArnTooLong: _everywhere(414, "Request-URI Too Long", "RequestUriTooLongException"),
    PayloadTooLarge: (
        Fault(413, b'{"message":"Request Too Long"}', "RequestTooLargeException"),
        Fault(413, b'{"message":"Request Entity Too Large"}'),
        Fault(413, b'{"Message":"Request Entity Too Large"}', "RequestEntityTooLargeException"),
        _page(413),
    ),
    InvalidRequest: (Fault(400, error_type="BadRequestException"), Fault(400), Fault(400), _page(400)),
    Forbidden: _FORBIDDEN,
    UntrustedGateway: _FORBIDDEN,
    Unauthorized: (
        Fault(401, b'{"message":"Unauthorized"}', "UnauthorizedException"),
        Fault(401, b'{"message":"Unauthorized"}'),
        Fault(403, b'{"Message":"Forbidden"}', "AccessDeniedException"),
        _page(401),
    ),
    SignatureMissing: (
        Fault(403, b'{"message":"Missing Authentication Token"}', "MissingAuthenticationTokenException"),
        *_HTTP_FORBIDDEN,
    ),
    SignatureInvalid: (
        Fault(403, b'{"message":"The request signature is not valid."}', "InvalidSignatureException"),
        *_HTTP_FORBIDDEN,
    ),
    ExplicitlyDenied: (
        Fault(
            403,
            b'{"Message":"User is not authorized to access this resource with an explicit deny"}',
            "AccessDeniedException",
        ),
        *_HTTP_FORBIDDEN,
    ),
    AccessDenied: (
        Fault(403, b'{"Message":"User is not authorized to access this resource"}', "AccessDeniedException"),
        *_HTTP_FORBIDDEN,
    ),
    AuthorizerFailed: (
        Fault(500, b'{"message":null}', "AuthorizerConfigurationException"),
        _HTTP_INTERNAL,
        Fault(500, b'{"Message":"Internal Server Error"}'),
        _page(500),
    ),
    MethodNotSupported: (
        _REST_REQUEST,
        Fault(405, b'{"message":"Method Not Allowed"}'),
        Fault(405, b'{"Message":"Method Not Allowed"}'),
        _page(405),
    ),
    FunctionFailed: (_REST_GATEWAY, _HTTP_INTERNAL, _URL_GATEWAY, _page(502)),
    MalformedProxyResponse: (_REST_GATEWAY, _HTTP_INTERNAL, _URL_GATEWAY, _page(502)),
    UndecodableBody: (
        Fault(500, _REST_INTERNAL, _REST_INTERNAL_TYPE),
        _HTTP_INTERNAL,
        _URL_GATEWAY,
        _page(502),
    ),
    Throttled: (
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
_ROWS = {BadRequest: _ROWS[MalformedRequest], RequestEntityTooLarge: _ROWS[PayloadTooLarge], **_ROWS}
FAULTS: Mapping[str, Mapping[type[Exception], Fault]] = {
    api: {kind: row[column] for kind, row in _ROWS.items()}
    for column, api in enumerate(("rest", "http", "url", "alb"))
}
# Faults of the deployment are logged; those of a client are not, and a function error already is: by
# the runtime, or by the Invoker where the runtime itself ended.
_LOGGED = (MalformedProxyResponse, UndecodableBody, Throttled, AuthorizerFailed)


def register_faults(app: GatewayApp, gateway: Gateway) -> None:
    """Answer every fault as the gateway of the request's route would."""

    untrusted = itertools.count(1)

    def answer(error: Exception) -> WireResponse:
        stamp = gateway.fault_stamp()
        if isinstance(error, UntrustedGateway):
            log.warning("%s: no valid gateway token (%d so far)", stamp.request_id, next(untrusted))
        elif isinstance(error, _LOGGED):
            log.warning("%s: %s", stamp.request_id, error)
        response = write_response(fault_response(gateway.current_api(), error, stamp))
        if isinstance(error, RequestEntityTooLarge):
            response.call_on_close(partial(drain_body, flask.request.environ))
        return response

    def answer_refused(refused: RefusedRequest) -> WireResponse:
        return answer(refused.refusal)

    def answer_unexpected(error: Exception) -> WireResponse:
        stamp = gateway.fault_stamp()
        log.error("%s: the request failed inside Berth", stamp.request_id, exc_info=error)
        return write_response(fault_response(gateway.current_api(), error, stamp))

    def answer_http(error: HTTPException) -> WireResponse:
        """The server's own URLs: werkzeug's status, as JSON."""
        body = json.dumps({"message": error.name}).encode()
        fault = Fault(error.code or 500, body, f"{error.name.replace(' ', '')}Exception")
        return write_response(_response("rest", fault, gateway.fault_stamp()))

    app.refuse = lambda error: fault_response(gateway.stage.api, error, gateway.stamps(None))
    for kind in FAULTS["rest"]:
        if kind is not Exception:
            app.register_error_handler(kind, answer)
    app.register_error_handler(RefusedRequest, answer_refused)
    app.register_error_handler(HTTPException, answer_http)
    app.register_error_handler(BerthError, answer_unexpected)
    app.register_error_handler(500, answer_unexpected)


def fault_response(api: str, error: Exception, stamp: Stamp) -> HttpResponse:
    """The answer of one kind of API to an error."""
    fault = next(fault for kind, fault in FAULTS[api].items() if isinstance(error, kind))
    if not fault.body:
        fault = Fault(fault.status, json.dumps({"message": str(error)}).encode(), fault.error_type)
    return _response(api, fault, stamp)


def _response(api: str, fault: Fault, stamp: Stamp) -> HttpResponse:
    if api == "alb":
        headers = [("Server", ALB_SERVER), ("Content-Type", "text/html")]
    elif api == "http":
        headers = [("Content-Type", "application/json"), (REQUEST_ID, stamp.extended_request_id)]
    else:
        headers = [("Content-Type", "application/json"), ("x-amzn-RequestId", stamp.request_id)]
        headers += [("x-amzn-ErrorType", fault.error_type)] if fault.error_type else []
        headers += [("x-amz-apigw-id", stamp.extended_request_id)] if api == "rest" else []
    return HttpResponse(fault.status, [*headers, ("Content-Length", str(len(fault.body)))], fault.body)
