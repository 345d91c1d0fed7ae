"""Every event vector through a generated document to a real gunicorn.

A document alone tells API Gateway what to forward, and the server has its manifests and two secrets.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from berth.model.call import ANONYMOUS
from kit.api_gateway.apis import GATEWAY, SECRETS, WAYS, Api, read_api
from kit.api_gateway.differences import differing
from kit.api_gateway.gateway import Balancer, Sent
from kit.api_gateway.lambda_event import lambda_event
from kit.servers import start_gunicorn, write_function
from kit.tables import for_each
from kit.transports import ECHO, new_project
from kit.vector_cases import Vector, event_differences, manifest_of, request_of, vectors_of

KINDS = ("rest", "http")
VECTORS = [vector for vector in vectors_of("event") if vector["gateway"] in KINDS]
TRUST = {**GATEWAY, "variables": ["stageVariableName"]}


@pytest.fixture(scope="module")
def addresses(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, str]]:
    """A server for each kind of API, with the routes of all vectors; it knows of no stage of theirs."""
    with ExitStack() as stack:
        opened = {}
        for kind in KINDS:
            project = new_project(tmp_path_factory.mktemp(kind) / "project", dev={"gateway": TRUST})
            _write_functions(project, [vector for vector in VECTORS if vector["gateway"] == kind])
            server = stack.enter_context(start_gunicorn(project, environ=SECRETS))
            opened[kind] = f"127.0.0.1:{server.port}"
        yield opened


def _write_functions(project: Path, vectors: list[Vector]) -> None:
    routes: dict[str, list[str]] = {}
    for vector in vectors:
        routes.setdefault(json.dumps(_manifest(vector)), []).extend(_routes(vector))
    for number, (manifest, keys) in enumerate(routes.items()):
        write_function(project, f"echo-{number}", ECHO, *dict.fromkeys(keys), **json.loads(manifest))


@pytest.fixture(scope="module")
def apis(tmp_path_factory: pytest.TempPathFactory) -> Mapping[tuple[str, str], Api]:
    """The API of each vector, by the vector's id and the kind of load balancer."""
    folder, found = tmp_path_factory.mktemp("documents"), {}
    for vector in VECTORS:
        route = vector["route"]
        stage = {
            "stage": route["stage"],
            "stageVariables": route.get("stage_variables", {}),
            "gateway": TRUST,
        }
        project = new_project(folder / vector["id"], prod=stage)
        write_function(project, "echo", ECHO, *_routes(vector), **_manifest(vector))
        for balancer in ("alb", "nlb"):
            found[vector["id"], balancer] = read_api(project, balancer)
    return found


def _manifest(vector: Vector) -> dict[str, Any]:
    listed = [entry.split(" ", 1)[0] for entry in vector["route"].get("binary_media_types", ())]
    return {**manifest_of(vector), **({"binaryMediaTypes": listed} if listed else {})}


def _routes(vector: Vector) -> list[str]:
    route = vector["route"]
    if vector["gateway"] == "http":
        return [route["route_key"] if " " in route["route_key"] else f"ANY {route['route_key']}"]
    return [f"{route['method']} {route['resource']}", *route.get("siblings", ())]


@pytest.mark.parametrize("way", WAYS, ids=str)
@for_each("vector", [pytest.param(vector, id=vector["id"]) for vector in VECTORS])
def test_event_is_the_one_that_lambda_would_have_got(
    vector: Vector, way: Balancer, apis: Mapping[tuple[str, str], Api], addresses: Mapping[str, str]
) -> None:
    api = apis[vector["id"], way.kind]
    gateway = api.behind(way, addresses[vector["gateway"]], vector["route"]["stage"])
    sent = Sent(*request_of(vector))
    reply = gateway.send(sent)
    assert reply.status == 200, reply.body
    event = reply.json()
    assert event_differences(vector, event) == []
    expected = lambda_event(gateway, gateway.receive(sent), api.deployment.routes[0], ANONYMOUS)
    assert list(differing(expected, event)) == []
