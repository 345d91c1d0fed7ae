"""What the web sees of a fault: the only table of statuses and bodies the gateway makes up."""

import json
import logging
from dataclasses import dataclass
from functools import partial

import flask
from werkzeug.exceptions import BadRequest, HTTPException, RequestEntityTooLarge

from app.errors import (
    BerthError,
    FunctionFailed,
    MalformedProxyResponse,
    MalformedRequest,
    NoSuchRoute,
    PayloadTooLarge,
    Throttled,
    UndecodableBody,
)
from app.gateway.gateway import Gateway
from app.gateway.request import drain_body
from app.gateway.response import WireResponse, write_response
from app.model.http import HttpResponse

log = logging.getLogger("berth")


@dataclass(frozen=True)
class Fault:
    """One answer of a REST API's own: status, exact body, x-amzn-ErrorType."""

    status: int
    body: bytes
    error_type: str


_INTERNAL_BODY = b'{"message": "Internal server error"}'
_INTERNAL_TYPE = "InternalServerErrorException"
_INTERNAL = Fault(500, _INTERNAL_BODY, _INTERNAL_TYPE)
_BAD_GATEWAY = Fault(502, _INTERNAL_BODY, _INTERNAL_TYPE)
_BAD_REQUEST = Fault(400, b'{"message":"Bad Request"}', "BadRequestException")
_TOO_LARGE = Fault(413, b'{"message":"Request Too Long"}', "RequestTooLargeException")
_NO_ROUTE = Fault(403, b'{"message":"Missing Authentication Token"}', "MissingAuthenticationTokenException")

REST_FAULTS: dict[type[Exception], Fault] = {
    NoSuchRoute: _NO_ROUTE,
    MalformedRequest: _BAD_REQUEST,
    BadRequest: _BAD_REQUEST,
    PayloadTooLarge: _TOO_LARGE,
    RequestEntityTooLarge: _TOO_LARGE,
    FunctionFailed: _BAD_GATEWAY,
    MalformedProxyResponse: _BAD_GATEWAY,
    UndecodableBody: _INTERNAL,
    Throttled: _INTERNAL,
}
# Faults of the deployment are logged; those of a client are not, and a function error already is: by
# the runtime, or by the Invoker where the runtime itself ended.
_LOGGED = (MalformedProxyResponse, UndecodableBody, Throttled)


def register_faults(app: flask.Flask, gateway: Gateway) -> None:
    """Answer every fault as API Gateway would."""

    def answer(error: Exception) -> WireResponse:
        stamp = gateway.fault_stamp()
        if isinstance(error, _LOGGED):
            log.warning("%s: %s", stamp.request_id, error)
        response = _write_fault(_fault_of(error), stamp.request_id, stamp.extended_request_id)
        if isinstance(error, RequestEntityTooLarge):
            response.call_on_close(partial(drain_body, flask.request.environ))
        return response

    def answer_unexpected(error: Exception) -> WireResponse:
        stamp = gateway.fault_stamp()
        log.error("%s: the request failed inside Berth", stamp.request_id, exc_info=error)
        return _write_fault(_INTERNAL, stamp.request_id, stamp.extended_request_id)

    def answer_http(error: HTTPException) -> WireResponse:
        """The server's own URLs: werkzeug's status, as JSON."""
        body = json.dumps({"message": error.name}).encode()
        stamp = gateway.fault_stamp()
        fault = Fault(error.code or 500, body, f"{error.name.replace(' ', '')}Exception")
        return _write_fault(fault, stamp.request_id, stamp.extended_request_id)

    for kind in REST_FAULTS:
        app.register_error_handler(kind, answer)
    app.register_error_handler(HTTPException, answer_http)
    app.register_error_handler(BerthError, answer_unexpected)
    app.register_error_handler(500, answer_unexpected)


def _fault_of(error: Exception) -> Fault:
    return next(fault for kind, fault in REST_FAULTS.items() if isinstance(error, kind))


def _write_fault(fault: Fault, request_id: str, extended_request_id: str) -> WireResponse:
    headers = [
        ("Content-Type", "application/json"),
        ("Content-Length", str(len(fault.body))),
        ("x-amzn-RequestId", request_id),
        ("x-amzn-ErrorType", fault.error_type),
        ("x-amz-apigw-id", extended_request_id),
    ]
    return write_response(HttpResponse(fault.status, headers, fault.body))
