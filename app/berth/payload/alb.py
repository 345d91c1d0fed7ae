"""The event shape of an Application Load Balancer's Lambda target, both directions and both header modes."""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache

from berth.errors import MalformedProxyResponse, MethodNotSupported
from berth.model.call import Call, Identity
from berth.model.function import Function
from berth.model.http import Headers, HttpResponse
from berth.model.invocation import Event, InvocationResult
from berth.payload import all_but_rest, results, urls
from berth.payload.headers import lower_headers
from berth.payload.schema.event_alb import ALB_EVENT
from berth.payload.schema.proxy_response import ALB_MULTI_VALUE_RESPONSE, ALB_RESPONSE
from berth.payload.shape import Shape

# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html
MAX_RESPONSE_BYTES = 1024 * 1024


def build_event(call: Call, identity: Identity) -> Event:
    """Build the event: nothing decoded, `{}` and `""` where API Gateway has null.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html
    Raises MethodNotSupported for TRACE.
    """
    request = call.request
    if request.method == "TRACE":
        raise MethodNotSupported("a load balancer does not pass TRACE on")
    body = all_but_rest.encode_http_body(call)
    return {
        "requestContext": {"elb": {"targetGroupArn": _target_group_arn(call.route.function)}},
        "httpMethod": request.method,
        "path": request.path,
        **_maps(call, lower_headers(_event_headers(call)), urls.split_query(request.query)),
        "body": body.text or "",
        "isBase64Encoded": body.is_base64,
    }


def read_result(call: Call, result: InvocationResult) -> HttpResponse:
    """Read a function's result; of the two header maps only the one of the target group's mode counts.

    Raises FunctionFailed, MalformedProxyResponse or UndecodableBody.
    """
    document = results.parse_result(call, result)
    if len(result.payload) > MAX_RESPONSE_BYTES:
        raise MalformedProxyResponse(call.route.function.name, f"over {MAX_RESPONSE_BYTES} bytes")
    is_multi = call.route.function.multi_value_headers
    response = results.read_envelope(call, document, ALB_MULTI_VALUE_RESPONSE if is_multi else ALB_RESPONSE)
    lines = results.header_lines(
        call, results.header_pairs(replace(response, headers=None) if is_multi else response)
    )
    return results.http_response(response.status_code, lines, results.decoded_body(call, response))


SHAPE = Shape(build_event, read_result, ALB_EVENT, ALB_RESPONSE)


def _event_headers(call: Call) -> Headers:
    """Every header line, those about the client's connection included: a balancer passes them on."""
    kept = [
        line
        for line in call.request.headers
        if line[0] not in {"Transfer-Encoding", all_but_rest.TRACE_HEADER}
    ]
    return [*kept, (all_but_rest.TRACE_HEADER, call.stamp.trace_header)]


def _maps(
    call: Call, headers: dict[str, list[str]], query: dict[str, list[str]]
) -> dict[str, Mapping[str, str | list[str]]]:
    """Query string and headers: with multi-value headers on, their maps take the others' place."""
    if call.route.function.multi_value_headers:
        return {"multiValueQueryStringParameters": query, "multiValueHeaders": headers}
    return {"queryStringParameters": urls.last_values(query), "headers": urls.last_values(headers)}


@lru_cache(maxsize=4096)
def _target_group_arn(function: Function) -> str:
    """The ARN of a made-up target group with the function's name; it is the same after every start."""
    stage, name = function.stage, function.name
    digits = hashlib.sha256(f"{stage.api_id}/{name}".encode()).hexdigest()[:16]
    return f"arn:aws:elasticloadbalancing:{stage.region}:{stage.account_id}:targetgroup/{name[:32]}/{digits}"
