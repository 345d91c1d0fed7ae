"""The event shape of an Application Load Balancer's Lambda target, both directions and both header modes."""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache

from berth.errors import MalformedProxyResponse, MethodNotSupported
from berth.model.gateway_context import Identity, Stamp
from berth.model.http import Headers, HttpRequest, HttpResponse
from berth.model.invocation import Event, InvocationResult
from berth.model.route import Route
from berth.payload.headers import lower_headers
from berth.payload.http_api import TRACE_HEADER, encode_http_body
from berth.payload.query import last_values, split_query
from berth.payload.response import decoded_body, header_lines, header_pairs, http_response
from berth.payload.result import check_plain, parse_result, read_envelope
from berth.payload.schema.event_alb import check_alb_event
from berth.payload.schema.response import load_alb_multi_value_response, load_alb_response

# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html
MAX_RESPONSE_BYTES = 1024 * 1024


def build_event(route: Route, request: HttpRequest, identity: Identity, stamp: Stamp) -> Event:
    """Build the event: nothing decoded, `{}` and `""` where API Gateway has null.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html
    Raises MethodNotSupported for TRACE.
    """
    if request.method == "TRACE":
        raise MethodNotSupported("a load balancer does not pass TRACE on")
    body = encode_http_body(request)
    return {
        "requestContext": {"elb": {"targetGroupArn": _target_group_arn(route)}},
        "httpMethod": request.method,
        "path": request.path,
        **_maps(route, lower_headers(_event_headers(request, stamp)), split_query(request.query)),
        "body": body.text or "",
        "isBase64Encoded": body.is_base64,
    }


def check_event(event: Event) -> None:
    """Check an event against its schema; raises MalformedDocument."""
    check_alb_event(event)


def check_result(result: InvocationResult) -> None:
    """Check that the short cut for plain results says what the schema says."""
    check_plain(result, load_alb_response)


def read_result(route: Route, request: HttpRequest, stamp: Stamp, result: InvocationResult) -> HttpResponse:
    """Read a function's result; of the two header maps only the one of the target group's mode counts.

    Raises FunctionFailed, MalformedProxyResponse or UndecodableBody.
    """
    document = parse_result(route, result)
    if len(result.payload) > MAX_RESPONSE_BYTES:
        raise MalformedProxyResponse(route.function.name, f"over {MAX_RESPONSE_BYTES} bytes")
    is_multi = route.function.multi_value_headers
    response = read_envelope(
        route, document, load_alb_multi_value_response if is_multi else load_alb_response
    )
    lines = header_lines(route, header_pairs(replace(response, headers=None) if is_multi else response))
    return http_response(response.status_code, lines, decoded_body(route, response))


def _event_headers(request: HttpRequest, stamp: Stamp) -> Headers:
    """Every header line: a balancer passes on what is about its client's connection, too."""
    kept = [line for line in request.headers if line[0] not in {"Transfer-Encoding", TRACE_HEADER}]
    return [*kept, (TRACE_HEADER, stamp.trace_header)]


def _maps(
    route: Route, headers: dict[str, list[str]], query: dict[str, list[str]]
) -> dict[str, Mapping[str, str | list[str]]]:
    """Query string and headers: with multi-value headers on, their maps take the others' place."""
    if route.function.multi_value_headers:
        return {"multiValueQueryStringParameters": query, "multiValueHeaders": headers}
    return {"queryStringParameters": last_values(query), "headers": last_values(headers)}


@lru_cache(maxsize=4096)
def _target_group_arn(route: Route) -> str:
    """Of a target group that is named after the function, the same in every start."""
    stage, name = route.stage, route.function.name
    digits = hashlib.sha256(f"{stage.api_id}/{name}".encode()).hexdigest()[:16]
    return f"arn:aws:elasticloadbalancing:{stage.region}:{stage.account_id}:targetgroup/{name[:32]}/{digits}"
