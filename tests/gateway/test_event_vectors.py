"""Every event vector: the event a function gets for a request."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kit.servers import Reply, write_function
from kit.tables import for_each
from kit.transports import ECHO, new_project
from kit.vector_cases import Vector, event_differences, manifest_of, request_of, vector_params, vectors_of
from kit.vector_servers import Find, grouped, served


def _stage(vector: Vector) -> dict[str, Any]:
    route = vector["route"]
    # One entry says in brackets how it is known.
    listed = [entry.split(" ", 1)[0] for entry in route.get("binary_media_types", ())]
    return {
        "stage": route.get("stage", "$default"),
        "stageInPath": True,
        "stageVariables": route.get("stage_variables", {}),
        "binaryMediaTypes": listed,
    }


def _group(vector: Vector) -> object:
    return _stage(vector), manifest_of(vector)


GROUPS = grouped(vectors_of("event"), _group)


@pytest.fixture(scope="module")
def clients(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Find]:
    with served(GROUPS, _make_project, "test-client", tmp_path_factory.mktemp("clients")) as find:
        yield find


@pytest.fixture(scope="module")
def gunicorns(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Find]:
    with served(GROUPS, _make_project, "gunicorn", tmp_path_factory.mktemp("gunicorns")) as find:
        yield find


@for_each("vector", vector_params("event"))
def test_event_vector_through_the_test_client(vector: Vector, clients: Find) -> None:
    assert event_differences(vector, _send(vector, clients).json()) == []


@for_each("vector", vector_params("event"))
def test_event_vector_through_gunicorn(vector: Vector, gunicorns: Find) -> None:
    assert event_differences(vector, _send(vector, gunicorns).json()) == []


def _send(vector: Vector, find: Find) -> Reply:
    reply = find(vector).send(*request_of(vector))
    assert reply.status == 200
    return reply


def _make_project(folder: Path, vectors: list[Vector], isolation: str) -> Path:
    routes = {route for vector in vectors for route in _routes(vector)}
    project = new_project(folder, dev=_stage(vectors[0]))
    write_function(project, "echo", ECHO, *sorted(routes), isolation=isolation, **manifest_of(vectors[0]))
    return project


def _routes(vector: Vector) -> set[str]:
    """A REST API's route has a resource, an HTTP API's a key; balancers and URLs have neither."""
    route = vector["route"]
    if "resource" in route:
        return {f"{route['method']} {route['resource']}", *route.get("siblings", ())}
    key = route.get("route_key", "$default")
    catch_all = "ANY /*" if vector["gateway"] == "alb" else "ANY $default"
    return {catch_all if key == "$default" else key}
