"""The event shape of a function URL (payload format version 2.0), both directions."""

from typing import Any

from berth.model.call import Call, Identity
from berth.model.http import HttpResponse
from berth.model.invocation import Event, InvocationResult
from berth.model.proxy_response import ProxyResponse
from berth.model.route import DEFAULT_ROUTE
from berth.payload import all_but_rest, http_v2, results
from berth.payload.caller import http_v2_authorizer
from berth.payload.schema.event_v2 import EVENT_V2
from berth.payload.schema.proxy_response import V2_RESPONSE
from berth.payload.shape import Shape
from berth.payload.urls import decode_path

# The account id of callers without authorization (recorded).
ACCOUNT_ID = "anonymous"
DEFAULT_CONTENT_TYPE = "application/json"


def build_event(call: Call, identity: Identity) -> Event:
    """Build the event: an HTTP API's, but `rawPath` stays encoded and the cookie header stays.

    https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html
    """
    path = call.request.path
    return {
        "version": "2.0",
        "routeKey": DEFAULT_ROUTE,
        "rawPath": path,
        **http_v2.request_keys(call, all_but_rest.event_headers(call)),
        "requestContext": {
            "accountId": identity.credential.account_id if identity.credential else ACCOUNT_ID,
            "apiId": call.facts.domain_prefix,
            **http_v2.request_context(call, decode_path(path)),
            "requestId": call.stamp.request_id,
            "routeKey": DEFAULT_ROUTE,
            "stage": call.route.stage_name,
            **http_v2_authorizer(identity),
        },
        **http_v2.body_keys(all_but_rest.encode_http_body(call)),
    }


def read_result(call: Call, result: InvocationResult) -> HttpResponse:
    """Read a function's result: a proxy response if it has a status, else the body of one.

    Raises FunctionFailed, MalformedProxyResponse or UndecodableBody.
    """
    document = results.parse_result(call, result)
    if http_v2.is_envelope(document):
        response = results.read_envelope(call, document, V2_RESPONSE)
        body = results.decoded_body(call, response)
    else:
        response, body = ProxyResponse(), _inferred_body(call, document)
    lines = results.with_default_type(
        results.header_lines(call, http_v2.envelope_pairs(response)), DEFAULT_CONTENT_TYPE
    )
    ids = call.route.function.api.id_headers(call.stamp)
    lines = [*lines, *ids, ("X-Amzn-Trace-Id", call.stamp.trace_id)]
    return results.http_response(response.status_code, lines, body)


SHAPE = Shape(build_event, read_result, EVENT_V2, V2_RESPONSE)


def _inferred_body(call: Call, document: Any) -> bytes:
    """A string as it is; other JSON serialised anew and compact, unlike HTTP APIs do it (recorded)."""
    if isinstance(document, str):
        return document.encode("utf-8", "replace")
    return results.json_bytes(call, document, ensure_ascii=False, separators=(",", ":"))
