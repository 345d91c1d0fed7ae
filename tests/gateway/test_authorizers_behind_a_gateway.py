"""Authorizers that Berth runs behind a trusted API Gateway: they see the facts that the function sees."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from kit.servers import write_function
from kit.transports import ECHO, TRANSPORTS, Transport, isolation_for, new_project, open_transport

PREFIX, TOKEN = "X-Berth-0123456789abcdef-", "a" * 32
# Allows everybody, and tells the function what the authorizer was asked with.
GATE = """
import json

def handler(event, context):
    statement = {"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": "*"}
    return {
        "principalId": "ada",
        "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        "context": {"asked": json.dumps(event)},
    }
"""
AUTHORIZERS = {
    "rest": {"type": "REQUEST", "function": "gate", "resultTtlInSeconds": 0},
    "http1": {"type": "REQUEST", "function": "gate", "payloadFormatVersion": "1.0"},
    "http2": {"type": "REQUEST", "function": "gate", "payloadFormatVersion": "2.0"},
}
STAGE = {
    "apiId": "ourownapi0",
    "stage": "own",
    "accountId": "000000000042",
    "region": "eu-west-1",
    "stageVariables": {"host": "own"},
    "authorizers": AUTHORIZERS,
    "authorizersRunIn": "berth",
    "gateway": {
        "trust": "token",
        "prefix": {"environment": "TEST_PREFIX"},
        "tokens": [{"environment": "TEST_TOKEN"}],
        "variables": ["host"],
    },
}
FORWARDED = {
    "Token": TOKEN,
    "Account-Id": "111122223333",
    "Api-Id": "z9y8x7w6v5",
    "Stage": "prod",
    "Domain-Name": "api.example.com",
    "Domain-Prefix": "api",
    "Source-Ip": "203.0.113.77",
    "Var-1": "forwarded",
}
HEADERS = [*((f"{PREFIX}{name}", value) for name, value in FORWARDED.items()), ("Authorization", "x")]


@pytest.fixture(scope="module", params=TRANSPORTS)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Transport]:
    project = new_project(tmp_path_factory.mktemp("behind") / "project", dev=STAGE)
    isolation = isolation_for(request.param)
    write_function(project, "gate", GATE, "GET /gate", isolation=isolation)
    for name in AUTHORIZERS:
        api = {"api": "rest"} if name == "rest" else {"api": "http", "payloadFormatVersion": f"{name[-1]}.0"}
        route = {"method": "GET", "path": f"/{name}/{{id}}", "authorizer": name}
        write_function(project, name, ECHO, isolation=isolation, routes=[route], **api)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TEST_PREFIX", PREFIX)
        patch.setenv("TEST_TOKEN", TOKEN)
        with open_transport(request.param, project) as opened:
            yield opened


def _events(server: Transport, name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The function's event, and the authorizer's."""
    reply = server.get(f"/{name}/7", headers=HEADERS)
    assert reply.status == 200, reply.body
    event = reply.json()
    context = event["requestContext"]["authorizer"]
    return event, json.loads(context.get("lambda", context)["asked"])


@pytest.mark.parametrize(
    ("name", "key"), [("rest", "methodArn"), ("http1", "methodArn"), ("http2", "routeArn")]
)
def test_method_arn_is_of_the_api_and_the_stage_that_the_event_shows(
    server: Transport, name: str, key: str
) -> None:
    event, asked = _events(server, name)
    assert asked[key] == f"arn:aws:execute-api:eu-west-1:111122223333:z9y8x7w6v5/prod/GET/{name}/7"
    context = event["requestContext"]
    assert (context["accountId"], context["apiId"], context["stage"]) == (
        "111122223333",
        "z9y8x7w6v5",
        "prod",
    )


@pytest.mark.parametrize("name", AUTHORIZERS)
def test_authorizer_is_asked_with_the_context_of_the_event(server: Transport, name: str) -> None:
    event, asked = _events(server, name)
    for key in ("accountId", "apiId", "stage", "domainName", "domainPrefix", "requestId"):
        assert asked["requestContext"][key] == event["requestContext"][key], key
    assert asked["stageVariables"] == event["stageVariables"] == {"host": "forwarded"}
    assert asked["pathParameters"] == event["pathParameters"] == {"id": "7"}
