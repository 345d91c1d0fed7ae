"""The HTTP API event shape of payload format version 1.0, both directions."""

from functools import lru_cache
from typing import Any

from berth.model.gateway_context import Identity, Stamp
from berth.model.http import HttpRequest, HttpResponse
from berth.model.invocation import Event, InvocationResult
from berth.model.route import Route
from berth.payload.authorizer import http_v1_authorizer as authorizer_keys
from berth.payload.headers import group_headers
from berth.payload.http_api import answer, decode_parameters, encode_http_body, event_headers
from berth.payload.path import decode_path
from berth.payload.query import decode_query
from berth.payload.response import header_pairs
from berth.payload.result import check_plain, parse_result, read_envelope
from berth.payload.schema.event_v1 import check_http_event
from berth.payload.schema.response import load_http_v1_response
from berth.payload.told import route_key, route_template, stage_path, stage_variables, told
from berth.payload.version_1 import body_keys, identity_keys, request_context, request_keys


def build_event(route: Route, request: HttpRequest, identity: Identity, stamp: Stamp) -> Event:
    """Build the event: a REST API's keys and `version`; only `path` stays percent-encoded.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
    """
    headers = group_headers(event_headers(request, stamp))
    return {
        "version": "1.0",
        "resource": route_template(route, request),
        "path": f"{stage_path(route, request)}{request.path}",
        **request_keys(request, headers, decode_query(request.query)),
        "pathParameters": decode_parameters(request) or None,
        "stageVariables": stage_variables(route, request) or None,
        "requestContext": _request_context(route, request, headers, identity, stamp),
        **body_keys(encode_http_body(request)),
    }


def check_event(event: Event) -> None:
    """Check an event against its schema; raises MalformedDocument."""
    check_http_event(event)


def check_result(result: InvocationResult) -> None:
    """Check that the short cut for plain results says what the schema says."""
    check_plain(result, load_http_v1_response)


def read_result(route: Route, request: HttpRequest, stamp: Stamp, result: InvocationResult) -> HttpResponse:
    """Read a function's result: a status is required, unknown keys are not looked at.

    Raises FunctionFailed, MalformedProxyResponse or UndecodableBody.
    """
    response = read_envelope(route, parse_result(route, result), load_http_v1_response)
    # The single value of a header goes before its multi values, unlike in a REST API (recorded).
    return answer(route, response, stamp, header_pairs(response))


@lru_cache(maxsize=4096)
def _static_context(route: Route) -> dict[str, Any]:
    return {
        "accountId": route.stage.account_id,
        "apiId": route.stage.api_id,
        "stage": route.stage_name,
    }


def _request_context(
    route: Route, request: HttpRequest, headers: dict[str, list[str]], identity: Identity, stamp: Stamp
) -> dict[str, Any]:
    user_agent = headers.get("User-Agent", [""])[-1]
    return {
        **_static_context(route),
        **request_context(request, stamp),
        "identity": {**identity_keys(request, user_agent, identity), "cognitoAmr": None},
        "path": decode_path(f"{stage_path(route, request)}{request.path}"),
        "requestId": stamp.extended_request_id,
        "resourceId": route_key(route, request),
        "resourcePath": route_template(route, request),
        **told(request, "accountId", "apiId", "domainPrefix", "stage"),
        **authorizer_keys(identity),
    }
