"""The HTTP API event shape of payload format version 1.0, both directions."""

from typing import Any

from berth.model.call import Call, Identity
from berth.model.http import HttpRequest, HttpResponse
from berth.model.invocation import Event, InvocationResult
from berth.payload import all_but_rest, rest, results, urls
from berth.payload.caller import http_v1_authorizer
from berth.payload.headers import spell_headers
from berth.payload.schema.event_v1 import HTTP_EVENT
from berth.payload.schema.proxy_response import HTTP_V1_RESPONSE
from berth.payload.shape import Shape

# Spelled so in events, however the client spelled them, and every X-Forwarded- header (reported).
_RESPELLED = frozenset("Content-Length Host User-Agent X-Amzn-Trace-Id".split())
_FORWARDED = "X-Forwarded-"


def build_event(call: Call, identity: Identity) -> Event:
    """Build the event: a REST API's keys and `version`; only `path` stays percent-encoded.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
    """
    request, facts = call.request, call.facts
    headers = urls.values_by_name(all_but_rest.event_headers(call))
    event = rest.event_of(
        call,
        f"{facts.base_path or facts.stage_path}{request.path}",
        _spelled(request, headers),
        urls.decode_query(request.query),
        _request_context(call, headers, identity),
        all_but_rest.encode_http_body(call),
    )
    return {"version": "1.0", **event}


def read_result(call: Call, result: InvocationResult) -> HttpResponse:
    """Read a function's result: a status is required, unknown keys are not looked at.

    Raises FunctionFailed, MalformedProxyResponse or UndecodableBody.
    """
    response = results.read_response(call, result, HTTP_V1_RESPONSE)
    # The single value of a header goes before its multi values, unlike in a REST API (recorded).
    return all_but_rest.http_api_answer(call, response, results.header_pairs(response))


SHAPE = Shape(build_event, read_result, HTTP_EVENT, HTTP_V1_RESPONSE)


def _spelled(request: HttpRequest, headers: dict[str, list[str]]) -> dict[str, list[str]]:
    forwarded = {name for name in headers if name.startswith(_FORWARDED)}
    return spell_headers(headers, request.lines, _RESPELLED | forwarded)


def _request_context(call: Call, headers: dict[str, list[str]], identity: Identity) -> dict[str, Any]:
    user_agent, facts = headers.get("User-Agent", [""])[-1], call.facts
    context = rest.request_context(
        call,
        {**rest.identity_keys(call, user_agent, identity), "cognitoAmr": None},
        path=urls.decode_path(f"{facts.stage_path}{call.request.path}"),
        request_id=call.stamp.extended_request_id,
        resource_id=facts.route_key,
    )
    return {**context, **http_v1_authorizer(identity)}
