"""D114, D128: what a gateway does not wait for, and what is not served here."""

from pathlib import Path
from typing import Any

from kit.doctor import found_in
from kit.tables import for_each

ROUTE = {"method": "GET", "path": "/orders"}
TIMEOUTS: list[tuple[str, dict[str, Any], list[str]]] = [
    ("a REST API", {"timeout": 30, "routes": [ROUTE]}, ["D114 manifest.json:3"]),
    ("an HTTP API", {"api": "http", "timeout": 31, "routes": [ROUTE]}, ["D114 manifest.json:4"]),
    (
        "one route of two",
        {"timeout": 60, "routes": [ROUTE, {**ROUTE, "path": "/a", "invocation": "async"}]},
        ["D114 manifest.json:3"],
    ),
    ("a REST API in time", {"timeout": 29, "routes": [ROUTE]}, []),
    ("an HTTP API in time", {"api": "http", "timeout": 30, "routes": [ROUTE]}, []),
    ("a load balancer", {"api": "alb", "timeout": 900, "routes": [ROUTE]}, []),
    ("a function URL", {"api": "url", "timeout": 900}, []),
    ("an asynchronous route", {"timeout": 900, "routes": [{**ROUTE, "invocation": "async"}]}, []),
    ("an asynchronous function", {"timeout": 900, "invocation": "async", "routes": [ROUTE]}, []),
    ("a caller who may choose", {"timeout": 900, "invocation": "caller", "routes": [ROUTE]}, []),
    ("no route", {"timeout": 900}, []),
]


@for_each("name, manifest, expected", TIMEOUTS)
def test_gateway_timeouts(tmp_path: Path, name: str, manifest: dict[str, Any], expected: list[str]) -> None:
    assert found_in(tmp_path, **manifest) == expected


def test_timeout_of_the_stage_counts(tmp_path: Path) -> None:
    stage: dict[str, str | bytes] = {"manifests/dev.json": '{"timeout": 900}'}
    assert found_in(tmp_path, "", stage, routes=[ROUTE]) == ["D114 manifest.json"]


DURABLE = "from aws_durable_execution_sdk_python import durable_execution"
OTHERS = [
    (
        "a WebSocket's id",
        "def handler(event, context):\n    return event['requestContext']['connectionId']",
        ["D128 2"],
    ),
    (
        "a WebSocket's id, carefully",
        "def handler(e, c):\n    rc = e.get('requestContext', {})\n    return rc.get('connectionId')",
        ["D128 3"],
    ),
    (
        "a WebSocket's route",
        "def handler(event, context):\n    if event['requestContext']['routeKey'] == '$connect': ...",
        ["D128 2"],
    ),
    ("durable executions", DURABLE, ["D128 1"]),
    ("a generator", "def handler(event, context):\n    yield 'a'", ["D128 1"]),
    (
        "posting to a WebSocket",
        "import boto3\n"
        "def f(url, id):\n"
        "    api = boto3.client('apigatewaymanagementapi', endpoint_url=url)\n"
        "    api.post_to_connection(ConnectionId=id, Data=b'')",
        [],
    ),
    ("another id", "def handler(event, context):\n    return event['detail']['connectionId']", []),
    (
        "an HTTP route",
        "def handler(event, context):\n    return event['requestContext']['routeKey'] == '$default'",
        [],
    ),
    (
        "a generator inside",
        "def handler(event, context):\n    def rows():\n        yield 1\n    return list(rows())",
        [],
    ),
    (
        "a generator beside",
        "def rows():\n    yield 1\ndef handler(event, context):\n    return list(rows())",
        [],
    ),
]


@for_each("name, code, expected", OTHERS)
def test_what_is_not_served(tmp_path: Path, name: str, code: str, expected: list[str]) -> None:
    package: dict[str, str | bytes] = {"functions/orders/.packages/aws_durable_execution_sdk_python.py": ""}
    assert found_in(tmp_path, code, package) == expected


def test_streams_of_the_web_adapter(tmp_path: Path) -> None:
    assert found_in(tmp_path, environment={"AWS_LWA_INVOKE_MODE": "RESPONSE_STREAM"}) == [
        "D128 manifest.json:4"
    ]
    assert found_in(tmp_path, environment={"AWS_LWA_INVOKE_MODE": "buffered"}) == []
