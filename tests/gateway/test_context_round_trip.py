"""Every event vector of a REST or HTTP API again, behind an API Gateway whose context comes in headers."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from berth.model.gateway_context import CONTEXT_FIELDS, numbered_fields
from kit.parameter_mapping import mapped_headers
from kit.servers import write_function
from kit.tables import for_each
from kit.transports import ECHO, new_project
from kit.vector_cases import Vector, event_differences, manifest_of, request_of, vectors_of
from kit.vector_servers import Find, grouped, served

PREFIX = "X-Berth-0123456789abcdef-"
TOKEN = "f" * 64
VARIABLES = ("host", "stageVariableName")
FIELDS = (*CONTEXT_FIELDS, *numbered_fields("Var", VARIABLES))
GATEWAY = {
    "trust": "token",
    "prefix": {"environment": "TEST_PREFIX"},
    "tokens": [{"environment": "TEST_TOKEN"}],
    "variables": VARIABLES,
}
# What the gateway tells of every request: nothing of it is in the server's manifests.
TOLD = {
    "accountId": "111122223333",
    "apiId": "z9y8x7w6v5",
    "deploymentId": "d0e1f2",
    "domainName": "z9y8x7w6v5.execute-api.eu-west-1.amazonaws.com",
    "domainPrefix": "z9y8x7w6v5",
    "protocol": "HTTP/1.1",
    "requestTime": "10/Jul/2026:19:19:04 +0000",
    "requestTimeEpoch": 1783711144123,
    "resourceId": "abc123",
    "identity": {"sourceIp": "203.0.113.77"},
}
IDS = {
    "rest": {"requestId": "0f5c2a8e-6a0b-4f0e-9b7e-3d2c1b0a9f8e", "extendedRequestId": "ATfSdF7nPHcErRA="},
    "http": {"requestId": "JCJJxhz4PHcEJgQ=", "extendedRequestId": "JCJJxhz4PHcEJgQ="},
}
VECTORS = [vector for vector in vectors_of("event") if vector["gateway"] in IDS]


def _manifest(vector: Vector) -> dict[str, Any]:
    listed = [entry.split(" ", 1)[0] for entry in vector["route"].get("binary_media_types", ())]
    return {**manifest_of(vector), **({"binaryMediaTypes": listed} if vector["gateway"] == "rest" else {})}


GROUPS = grouped(VECTORS, _manifest)


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Find]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TEST_PREFIX", PREFIX)
        patch.setenv("TEST_TOKEN", TOKEN)
        with served(GROUPS, _make_project, "test-client", tmp_path_factory.mktemp("told")) as find:
            yield find


def _make_project(folder: Path, vectors: list[Vector], isolation: str) -> Path:
    """Routes that say nothing: what is told decides."""
    project = new_project(folder, dev={"gateway": GATEWAY})
    routes = ["ANY /", "ANY /{anything+}"] if vectors[0]["gateway"] == "rest" else ["ANY $default"]
    write_function(project, "echo", ECHO, *routes, isolation=isolation, **_manifest(vectors[0]))
    return project


@pytest.mark.parametrize("has_stage", [True, False], ids=["with-stage", "without-stage"])
@for_each("vector", VECTORS)
def test_event_is_the_one_that_lambda_would_have_got(vector: Vector, has_stage: bool, servers: Find) -> None:
    method, target, headers, body = request_of(vector)
    stage = f"/{vector['route']['stage']}"
    if not has_stage:
        target = target.removeprefix(stage)
    lines = [*_as_sent_on(headers), *_context_headers(vector)]
    event = servers(vector).send(method, target, lines, body).json()
    assert event_differences(vector, event) == []
    assert _told_differences(vector["gateway"], event) == []
    assert not [name for name in event["headers"] if name.lower().startswith("x-berth")]


def _as_sent_on(headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """API Gateway's own Host, and its own User-Agent where the client sent none."""
    own = [("Host", "balancer.internal:8000")]
    if not any(name.lower() == "user-agent" for name, _ in headers):
        own.append(("User-Agent", "AmazonAPIGateway_z9y8x7w6v5"))
    return [*own, *headers]


def _context_headers(vector: Vector) -> list[tuple[str, str]]:
    route, api = vector["route"], vector["gateway"]
    headers = {name.lower(): value for name, value in vector["request"]["headers"]}
    context = {
        **TOLD,
        **IDS[api],
        "stage": route["stage"],
        "httpMethod": vector["request"]["method"],
        "path": vector["request"]["path"],
        "routeKey": route.get("route_key"),
        "resourcePath": route.get("resource"),
        "identity": {**TOLD["identity"], "userAgent": headers.get("user-agent")},
    }
    variables = route.get("stage_variables", {})
    return [(f"{PREFIX}Token", TOKEN), *mapped_headers(FIELDS, PREFIX, api, context, variables)]


def _told_differences(api: str, event: Mapping[str, Any]) -> list[str]:
    """What an event says of the context otherwise than it was told."""
    context = event["requestContext"]
    http = context.get("http", context)
    told = {
        "accountId": context["accountId"],
        "apiId": context["apiId"],
        "domainName": context["domainName"],
        "domainPrefix": context["domainPrefix"],
        "protocol": http["protocol"],
        "requestTime": context.get("requestTime", context.get("time")),
        "requestTimeEpoch": context.get("requestTimeEpoch", context.get("timeEpoch")),
        "identity": {"sourceIp": context.get("identity", http)["sourceIp"]},
        "requestId": context["requestId"],
        "extendedRequestId": context.get("extendedRequestId", context["requestId"]),
    }
    if api == "rest":
        told |= {name: context[name] for name in ("deploymentId", "resourceId")}
    expected = {**TOLD, **IDS[api]}
    return [f"{name}: {value!r}" for name, value in told.items() if value != expected[name]]
