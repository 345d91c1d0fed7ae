"""The HTTP API event shape of payload format version 2.0, both directions."""

from functools import lru_cache
from typing import Any

from berth.errors import MalformedProxyResponse
from berth.model.gateway_context import Identity, Stamp
from berth.model.http import HttpRequest, HttpResponse
from berth.model.invocation import Event, InvocationResult
from berth.model.route import Route
from berth.payload.authorizer import http_v2_authorizer as authorizer_keys
from berth.payload.http_api import REQUEST_ID, answer, decode_parameters, encode_http_body, event_headers
from berth.payload.path import decode_path
from berth.payload.response import http_response
from berth.payload.result import check_plain, parse_result, read_envelope, refuse_failed
from berth.payload.schema.event_v2 import check_event_v2
from berth.payload.schema.response import load_v2_response
from berth.payload.told import route_key, stage_path, stage_variables, told
from berth.payload.version_2 import body_keys, header_pairs, is_envelope, request_context, request_keys


def build_event(route: Route, request: HttpRequest, identity: Identity, stamp: Stamp) -> Event:
    """Build the event: everything decoded but the query string, cookies in a list of their own.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
    """
    headers = [line for line in event_headers(request, stamp) if line[0] != "Cookie"]
    # What follows an encoded `?` never reaches a function (reported).
    path = decode_path(f"{stage_path(route, request)}{request.path}").partition("?")[0]
    key, variables = route_key(route, request), stage_variables(route, request)
    return {
        "version": "2.0",
        "routeKey": key,
        "rawPath": path,
        **request_keys(request, headers),
        "requestContext": {
            **_static_context(route),
            **request_context(request, path, stamp),
            "requestId": stamp.extended_request_id,
            "routeKey": key,
            **told(request, "accountId", "apiId", "domainPrefix", "stage"),
            **authorizer_keys(identity),
        },
        **body_keys(encode_http_body(request)),
        **({"pathParameters": decode_parameters(request)} if request.path_parameters else {}),
        **({"stageVariables": variables} if variables else {}),
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
    refuse_failed(route, result)
    try:
        document = parse_result(route, result)
    except MalformedProxyResponse:  # passed on as it is, against the documentation (observed)
        return _inferred(stamp, result.payload)
    if not is_envelope(document):
        text = document.encode("utf-8", "replace") if isinstance(document, str) else result.payload
        return _inferred(stamp, text)
    response = read_envelope(route, document, load_v2_response)
    return answer(route, response, stamp, header_pairs(response))


@lru_cache(maxsize=4096)
def _static_context(route: Route) -> dict[str, Any]:
    return {
        "accountId": route.stage.account_id,
        "apiId": route.stage.api_id,
        "stage": route.stage_name,
    }


def _inferred(stamp: Stamp, body: bytes) -> HttpResponse:
    lines = [("Content-Type", "application/json"), (REQUEST_ID, stamp.extended_request_id)]
    return http_response(200, lines, body)
