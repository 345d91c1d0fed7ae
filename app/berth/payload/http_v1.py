"""The HTTP API event shape of payload format version 1.0, both directions."""

from typing import Any

from berth.model.call import Call, Identity
from berth.model.http import HttpResponse
from berth.model.invocation import Event, InvocationResult
from berth.payload.all_but_rest import decode_parameters, encode_http_body, event_headers, http_api_answer
from berth.payload.caller import http_v1_authorizer
from berth.payload.headers import group_headers
from berth.payload.rest import body_keys, identity_keys, request_context, request_keys
from berth.payload.result import header_pairs, parse_result, read_envelope
from berth.payload.schema.event_v1 import HTTP_EVENT
from berth.payload.schema.proxy_response import HTTP_V1_RESPONSE
from berth.payload.shape import Shape
from berth.payload.target import decode_path, decode_query


def build_event(call: Call, identity: Identity) -> Event:
    """Build the event: a REST API's keys and `version`; only `path` stays percent-encoded.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
    """
    request, facts = call.request, call.facts
    headers = group_headers(event_headers(call))
    return {
        "version": "1.0",
        "resource": facts.resource_path,
        "path": f"{facts.stage_path}{request.path}",
        **request_keys(request, headers, decode_query(request.query)),
        "pathParameters": decode_parameters(call) or None,
        "stageVariables": dict(facts.stage_variables) or None,
        "requestContext": _request_context(call, headers, identity),
        **body_keys(encode_http_body(call)),
    }


def read_result(call: Call, result: InvocationResult) -> HttpResponse:
    """Read a function's result: a status is required, unknown keys are not looked at.

    Raises FunctionFailed, MalformedProxyResponse or UndecodableBody.
    """
    response = read_envelope(call, parse_result(call, result), HTTP_V1_RESPONSE)
    # The single value of a header goes before its multi values, unlike in a REST API (recorded).
    return http_api_answer(call, response, header_pairs(response))


SHAPE = Shape(build_event, read_result, HTTP_EVENT, HTTP_V1_RESPONSE)


def _request_context(call: Call, headers: dict[str, list[str]], identity: Identity) -> dict[str, Any]:
    user_agent = headers.get("User-Agent", [""])[-1]
    return {
        **request_context(call),
        "identity": {**identity_keys(call, user_agent, identity), "cognitoAmr": None},
        "path": decode_path(f"{call.facts.stage_path}{call.request.path}"),
        "requestId": call.stamp.extended_request_id,
        "resourceId": call.facts.route_key,
        **http_v1_authorizer(identity),
    }
