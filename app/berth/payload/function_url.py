"""The event shape of a function URL (payload format version 2.0), both directions."""

from typing import Any

from berth.model.gateway_context import Identity, Stamp
from berth.model.http import HttpRequest, HttpResponse
from berth.model.invocation import Event, InvocationResult
from berth.model.proxy_response import ProxyResponse
from berth.model.route import DEFAULT_ROUTE, Route
from berth.payload.authorizer import http_v2_authorizer as authorizer_keys
from berth.payload.http_api import encode_http_body, event_headers
from berth.payload.path import decode_path
from berth.payload.response import decoded_body, header_lines, http_response, json_bytes, with_default_type
from berth.payload.result import check_plain, parse_result, read_envelope
from berth.payload.schema.event_v2 import check_event_v2
from berth.payload.schema.response import load_v2_response
from berth.payload.version_2 import body_keys, header_pairs, is_envelope, request_context, request_keys

# Of everybody who calls a URL without authorization (recorded).
ACCOUNT_ID = "anonymous"
DEFAULT_CONTENT_TYPE = "application/json"


def build_event(route: Route, request: HttpRequest, identity: Identity, stamp: Stamp) -> Event:
    """Build the event: an HTTP API's, but `rawPath` stays encoded and the cookie header stays.

    https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html
    """
    context = request_context(request, decode_path(request.path), stamp)
    return {
        "version": "2.0",
        "routeKey": DEFAULT_ROUTE,
        "rawPath": request.path,
        **request_keys(request, event_headers(request, stamp)),
        "requestContext": {
            "accountId": identity.credential.account_id if identity.credential else ACCOUNT_ID,
            "apiId": context["domainPrefix"],
            **context,
            "requestId": stamp.request_id,
            "routeKey": DEFAULT_ROUTE,
            "stage": route.stage_name,
            **authorizer_keys(identity),
        },
        **body_keys(encode_http_body(request)),
    }


def check_event(event: Event) -> None:
    """Check an event against its schema; raises MalformedDocument."""
    check_event_v2(event)


def check_result(result: InvocationResult) -> None:
    """Check that the short cut for plain results says what the schema says."""
    check_plain(result, load_v2_response)


def read_result(route: Route, request: HttpRequest, stamp: Stamp, result: InvocationResult) -> HttpResponse:
    """Read a function's result: a proxy response if it has a status, else the body of one.

    Raises FunctionFailed, MalformedProxyResponse or UndecodableBody.
    """
    document = parse_result(route, result)
    if is_envelope(document):
        response = read_envelope(route, document, load_v2_response)
        body = decoded_body(route, response)
    else:
        response, body = ProxyResponse(), _inferred_body(route, document)
    lines = with_default_type(header_lines(route, header_pairs(response)), DEFAULT_CONTENT_TYPE)
    lines += [("x-amzn-RequestId", stamp.request_id), ("X-Amzn-Trace-Id", stamp.trace_id)]
    return http_response(response.status_code, lines, body)


def _inferred_body(route: Route, document: Any) -> bytes:
    """A string as it is; other JSON serialised anew and compact, unlike HTTP APIs do it (recorded)."""
    if isinstance(document, str):
        return document.encode("utf-8", "replace")
    return json_bytes(route, document, ensure_ascii=False, separators=(",", ":"))
