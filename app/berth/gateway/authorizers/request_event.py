"""The events that Lambda authorizers are invoked with.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-lambda-authorizer-input.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-lambda-authorizer.html
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from berth.model.call import ANONYMOUS, Call
from berth.model.invocation import Event
from berth.payload import http_v1, http_v2, rest

_MAPS = """headers multiValueHeaders queryStringParameters multiValueQueryStringParameters
    pathParameters stageVariables""".split()


def method_arn(call: Call) -> str:
    """The ARN of the method (REST API) or route (HTTP API) that is called, with the path as it was sent."""
    facts, request = call.facts, call.request
    api = f"arn:aws:execute-api:{call.route.stage.region}:{facts.account_id}:{facts.api_id}"
    return f"{api}/{facts.stage}/{request.method}/{request.path.strip('/')}"


def token_event(token: str, arn: str) -> Event:
    """The three keys of a TOKEN authorizer."""
    return {"type": "TOKEN", "methodArn": arn, "authorizationToken": token}


def rest_event(call: Call, arn: str) -> Event:
    """The event of a REST API's REQUEST authorizer: no body, and `{}` where the function gets null."""
    event = rest.build_event(_without_body(call), ANONYMOUS)
    return {"type": "REQUEST", "methodArn": arn, **_without_null(event)}


def http_v1_event(call: Call, arn: str, identity: Sequence[str]) -> Event:
    """The event of version 1.0; the identity sources are joined by commas."""
    event = _without_null(http_v1.build_event(_without_body(call), ANONYMOUS))
    source = ",".join(identity)
    return {
        "version": "1.0",
        "type": "REQUEST",
        "methodArn": arn,
        "identitySource": source,
        "authorizationToken": source,
        **{key: value for key, value in event.items() if key != "version"},
    }


def http_v2_event(call: Call, arn: str, identity: Sequence[str]) -> Event:
    """The event of version 2.0; the identity sources are a list."""
    event = http_v2.build_event(_without_body(call), ANONYMOUS)
    return {
        "version": "2.0",
        "type": "REQUEST",
        "routeArn": arn,
        "identitySource": list(identity),
        **{key: value for key, value in event.items() if key not in {"version", "isBase64Encoded"}},
    }


def _without_body(call: Call) -> Call:
    return replace(call, request=replace(call.request, body=b""))


def _without_null(event: Event) -> dict[str, Any]:
    """The event without its body's keys, and with `{}` for null."""
    kept = {key: value for key, value in event.items() if key not in {"body", "isBase64Encoded"}}
    return {key: {} if key in _MAPS and value is None else value for key, value in kept.items()}
