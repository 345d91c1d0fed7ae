"""Functions of Lambda authorizers: their answers depend on the token, and they count their calls."""

import json
from pathlib import Path
from typing import Any

from kit.servers import write_function

_START = """
import json
import time

calls = []

def policy(effect="Allow", resource="*", **keys):
    statement = {"Effect": effect, "Action": "execute-api:Invoke", "Resource": resource, **keys}
    return {"Version": "2012-10-17", "Statement": [statement]}
"""
# What a token makes the function of a REST API's authorizer answer instead of an Allow.
ANSWERS: dict[str, str] = {
    "null": "None",
    "text": "'Allow'",
    "empty": "{}",
    "list": "[]",
    "no-principal": "{'policyDocument': policy()}",
    "no-policy": "{'principalId': 'a'}",
    "no-statement": "{'principalId': 'a', 'policyDocument': {}}",
    "no-effect": "{'principalId': 'a', 'policyDocument': policy('allow')}",
    "condition": "{'principalId': 'a', 'policyDocument': policy(Condition={})}",
    "nested": "{'principalId': 'a', 'policyDocument': policy(), 'context': {'a': [1]}}",
    "simple": "{'isAuthorized': True}",
}
TOKEN = (
    _START
    + f"""
def handler(event, context):
    if "authorizationToken" not in event:
        return {{"body": json.dumps(calls)}}
    token = event["authorizationToken"]
    calls.append(token)
    if token == "unauthorized":
        raise Exception("Unauthorized")
    if token == "raises":
        raise ValueError("boom")
    if token == "raises-more":
        raise Exception("Unauthorized!")
    answers = {{{", ".join(f"{name!r}: lambda: {code}" for name, code in ANSWERS.items())}}}
    if token in answers:
        return answers[token]()
    documents = {{
        "denied": policy("Deny"),
        "elsewhere": policy(resource="*/GET/elsewhere"),
        "posts": policy(resource="*/POST/*"),
        "gets": policy(resource="*/GET/*"),
    }}
    known = {{"text": "a", "level": 3, "yes": True, "calls": calls.count(token), "event": json.dumps(event)}}
    return {{"principalId": token, "policyDocument": documents.get(token, policy()), "context": known}}
"""
)
REQUEST = (
    _START
    + """
def handler(event, context):
    if "type" not in event:
        return {"body": json.dumps(calls)}
    user = event["headers"].get("X-User") or event["headers"].get("x-user")
    calls.append(user)
    if user == "unauthorized":
        raise Exception("Unauthorized")
    if user == "raises":
        raise ValueError("boom")
    if user == "nonsense":
        return {"nope": 1}
    if user == "null":
        return None
    known = {"calls": calls.count(user), "event": json.dumps(event)}
    if event.get("version") == "2.0":
        known |= {"list": ["a", {"b": None}]}
    answer = {"principalId": user, "policyDocument": policy("Deny" if user == "denied" else "Allow")}
    return {**answer, "isAuthorized": user != "denied", "context": known}
"""
)
SLOW = "import time\n\ndef handler(event, context):\n    time.sleep(60)\n"
NOBODY = "def handler(event, context):\n    raise AssertionError('it is throttled')\n"
LAMBDA_AUTHORIZERS: dict[str, dict[str, Any]] = {
    "token": {"type": "TOKEN", "function": "gate-token", "identityValidationExpression": "^[a-z-]+$"},
    "slow": {"type": "TOKEN", "function": "gate-slow"},
    "throttled": {"type": "TOKEN", "function": "gate-throttled"},
    "request": {
        "type": "REQUEST",
        "function": "gate-request",
        "identitySource": "method.request.header.X-User, method.request.querystring.token",
        "resultTtlInSeconds": 0,
    },
    "http1": {
        "type": "REQUEST",
        "function": "gate-request",
        "identitySource": ["$request.header.X-User", "$request.querystring.token"],
        "payloadFormatVersion": "1.0",
    },
    "http2": {
        "type": "REQUEST",
        "function": "gate-request",
        "identitySource": ["$request.header.X-User", "$request.querystring.token"],
        "enableSimpleResponses": True,
    },
    "http2-policy": {"type": "REQUEST", "function": "gate-request"},
    "http2-kept": {
        "type": "REQUEST",
        "function": "gate-request",
        "identitySource": "$request.header.X-User",
        "enableSimpleResponses": True,
        "resultTtlInSeconds": 300,
    },
    "http2-throttled": {"type": "REQUEST", "function": "gate-throttled"},
}


def write_authorizers(project: Path, isolation: str) -> None:
    """Write the functions that these authorizers ask."""
    write_function(project, "gate-token", TOKEN, "GET /calls-token", isolation=isolation)
    write_function(project, "gate-request", REQUEST, "GET /calls-request", isolation=isolation)
    write_function(project, "gate-slow", SLOW, timeout=1)
    write_function(project, "gate-throttled", NOBODY, reservedConcurrency=0, isolation=isolation)


def routes_of(**authorizers: str | dict[str, Any]) -> list[dict[str, Any]]:
    """Routes `GET_name=authorizer`, or with more keys; underscores are slashes and `id` is a parameter."""
    routes = []
    for key, authorizer in authorizers.items():
        method, *parts = key.split("_")
        path = "/".join("{id}" if part == "id" else part for part in parts)
        keys = authorizer if isinstance(authorizer, dict) else {"authorizer": authorizer}
        routes.append({"method": method, "path": f"/{path}", **keys})
    return json.loads(json.dumps(routes))
