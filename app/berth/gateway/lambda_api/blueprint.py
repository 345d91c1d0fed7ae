"""Lambda's own API as a Flask blueprint: AWS's SDKs and the aws CLI reach functions through it.

A request is received and its caller is checked here; operations.py does what it asks for.
"""

import json
from collections.abc import Callable
from dataclasses import field, replace
from functools import partial
from urllib.parse import unquote

import flask
from flask import Blueprint
from flask.globals import request_ctx
from gunicorn.http.errors import ParseException
from werkzeug.exceptions import RequestEntityTooLarge

from berth.gateway.flask_app import INVOKE_BLUEPRINT
from berth.gateway.lambda_api import errors
from berth.gateway.lambda_api.authentication import Authentication
from berth.gateway.lambda_api.operations import Asked, Operations
from berth.gateway.lambda_api.parameters import invocation_type
from berth.gateway.lambda_api.told_context import read_told_context
from berth.gateway.request import receive_body, refuse_malformed
from berth.gateway.response import WireResponse, write_response
from berth.gateway.routing.head import Environ, RequestHead
from berth.gateway.stamp import StampSource
from berth.model.http import HttpRequest, HttpResponse
from berth.model.invocation import MAX_EVENT_BYTES, MAX_REQUEST_BYTES
from berth.model.invoke_api import Listener
from berth.model.stamp import Stamp
from berth.model.value_class import value_class
from berth.payload.headers import canonical_name, last_header, text_value

Operation = Callable[..., HttpResponse]


@value_class(eq=False)
class LambdaApi:
    """The API of a stage: who may use it, and what it does."""

    authentication: Authentication
    operations: Operations
    stamps: StampSource = field(default_factory=StampSource)

    def is_served_at(self, listener: Listener | None) -> bool:
        """Whether the API is there for a request that came in at this listener."""
        return self.authentication.api.is_served_at(listener)

    def is_alone_at(self, listener: Listener | None) -> bool:
        """Whether this listener serves the API and nothing else."""
        return self.authentication.api.bind is not None and self.is_served_at(listener)

    def serve(self, operation: Operation, is_event: bool, **path: str) -> WireResponse:
        """Serve one request by one operation; `path` holds the function's name as it was sent."""
        asked = self.receive(is_event)
        return write_response(operation(asked, *map(unquote, path.values())))

    def receive(self, is_event: bool) -> Asked:
        """Receive the current request of a caller who may send one; raises LambdaError for another."""
        environ = request_ctx.request.environ
        request = _read_head(environ)
        stamp = flask.g.stamp = self.stamps(last_header(request.headers, "X-Amzn-Trace-Id"))
        refuse_malformed(environ, last_header(request.headers, "Host"))
        self.authentication.check_head(request)
        whole = replace(request, body=_read_body("Event" if is_event else invocation_type(request)))
        self.authentication.check_whole(whole)
        told = read_told_context(whole, stamp.epoch_ms)
        if told.request_id is not None:
            stamp = flask.g.stamp = replace(stamp, request_id=told.request_id)
        return Asked(whole, stamp, told)

    def answer_error(self, error: Exception) -> WireResponse:
        """Answer an error as Lambda does."""
        if isinstance(error, ParseException):
            raise error  # the server must close a connection with a malformed body
        told = errors.as_lambda_error(error)
        stamp: Stamp = flask.g.get("stamp") or self.stamps(None)
        body = json.dumps(told.document, separators=(",", ":")).encode()
        later = [("Retry-After", str(told.retry_after))] if told.retry_after else []
        headers = [
            ("x-amzn-RequestId", stamp.request_id),
            ("Content-Type", "application/json"),
            ("x-amzn-ErrorType", told.code),
            ("Content-Length", str(len(body))),
            *later,
        ]
        return write_response(HttpResponse(told.status, headers, body))


def invoke_blueprint(api: LambdaApi) -> Blueprint:
    """The blueprint of the API: Lambda's own paths, each with the date of its version."""
    blueprint = Blueprint(INVOKE_BLUEPRINT, __name__)
    operations, function = api.operations, "/2015-03-31/functions/<name>"
    stream = "/2021-11-15/functions/<name>/response-streaming-invocations"
    for method, path, endpoint, operation in (
        ("POST", f"{function}/invocations", "invoke", operations.invoke),
        ("POST", stream, "invoke_with_response_stream", operations.invoke_with_response_stream),
        ("POST", "/2014-11-13/functions/<name>/invoke-async", "invoke_async", operations.invoke_async),
        ("GET", function, "get_function", operations.get_function),
        ("GET", f"{function}/configuration", "get_configuration", operations.get_function_configuration),
        ("GET", "/2015-03-31/functions", "list_functions", operations.list_functions),
    ):
        view = partial(api.serve, operation, endpoint == "invoke_async")
        options = {"strict_slashes": False, "provide_automatic_options": False}
        blueprint.add_url_rule(path, endpoint, view, methods=[method], **options)
    blueprint.register_error_handler(Exception, api.answer_error)
    return blueprint


def _read_head(environ: Environ) -> HttpRequest:
    """The head of a request: no gateway's context is read here."""
    head = RequestHead(environ, None)
    headers = [(canonical_name(name), text_value(value)) for name, value in head.headers]
    return HttpRequest(head.method, head.path, head.query, {}, headers, b"", head.headers)


def _read_body(kind: str) -> bytes:
    """The body of the current request; raises LambdaError if it is over the limit of its invocation type."""
    request = request_ctx.request
    limit = MAX_EVENT_BYTES if kind == "Event" else MAX_REQUEST_BYTES
    try:
        return receive_body(request, limit) or b""
    except RequestEntityTooLarge as large:
        raise errors.payload_too_large(request.content_length or limit + 1, kind) from large
