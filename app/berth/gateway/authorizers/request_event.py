"""What a Lambda authorizer is asked with.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-lambda-authorizer-input.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-lambda-authorizer.html
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from berth.model.gateway_context import ANONYMOUS, Stamp
from berth.model.http import HttpRequest
from berth.model.invocation import Event
from berth.model.route import Route
from berth.payload import http_v1, http_v2, rest

_MAPS = """headers multiValueHeaders queryStringParameters multiValueQueryStringParameters
    pathParameters stageVariables""".split()


def method_arn(route: Route, request: HttpRequest) -> str:
    """The ARN of the method (REST API) or route (HTTP API) that is called, with the path as it was sent."""
    stage = route.stage
    api = f"arn:aws:execute-api:{stage.region}:{stage.account_id}:{stage.api_id}"
    return f"{api}/{route.stage_name}/{request.method}/{request.path.strip('/')}"


def token_event(token: str, arn: str) -> Event:
    """The three keys of a TOKEN authorizer."""
    return {"type": "TOKEN", "methodArn": arn, "authorizationToken": token}


def rest_event(route: Route, request: HttpRequest, stamp: Stamp, arn: str) -> Event:
    """The event of a REST API's REQUEST authorizer: no body, and `{}` where the function gets null."""
    event = rest.proxy_event(route, replace(request, body=b""), ANONYMOUS, stamp)
    return {"type": "REQUEST", "methodArn": arn, **_without_body(event)}


def http_v1_event(
    route: Route, request: HttpRequest, stamp: Stamp, arn: str, identity: Sequence[str]
) -> Event:
    """The event of version 1.0; the identity sources are joined by commas."""
    event = _without_body(http_v1.build_event(route, replace(request, body=b""), ANONYMOUS, stamp))
    source = ",".join(identity)
    return {
        "version": "1.0",
        "type": "REQUEST",
        "methodArn": arn,
        "identitySource": source,
        "authorizationToken": source,
        **{key: value for key, value in event.items() if key != "version"},
    }


def http_v2_event(
    route: Route, request: HttpRequest, stamp: Stamp, arn: str, identity: Sequence[str]
) -> Event:
    """The event of version 2.0; the identity sources are a list."""
    event = http_v2.build_event(route, replace(request, body=b""), ANONYMOUS, stamp)
    return {
        "version": "2.0",
        "type": "REQUEST",
        "routeArn": arn,
        "identitySource": list(identity),
        **{key: value for key, value in event.items() if key not in {"version", "isBase64Encoded"}},
    }


def _without_body(event: Event) -> dict[str, Any]:
    kept = {key: value for key, value in event.items() if key not in {"body", "isBase64Encoded"}}
    return {key: {} if key in _MAPS and value is None else value for key, value in kept.items()}
