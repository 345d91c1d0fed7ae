"""Every response vector: what the web sees of a function's result."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kit.servers import write_function
from kit.tables import for_each
from kit.transports import new_project
from kit.vector_cases import Vector, manifest_of, response_differences, vector_params, vectors_of
from kit.vector_servers import Find, grouped, served

VECTORS = vectors_of("response")
HANDLER = """
RESULTS = {results}

def handler(event, context):
    path = event.get("rawPath") or event["path"]
    if path in {raising}:
        raise RuntimeError("raised")
    return RESULTS[path]
"""


@pytest.fixture(scope="module")
def clients(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Find]:
    with served([VECTORS], _make_project, "test-client", tmp_path_factory.mktemp("client")) as find:
        yield find


@pytest.fixture(scope="module")
def gunicorns(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Find]:
    with served([VECTORS], _make_project, "gunicorn", tmp_path_factory.mktemp("gunicorn")) as find:
        yield find


@for_each("vector", vector_params("response"))
def test_response_vector_through_the_test_client(vector: Vector, clients: Find) -> None:
    assert _response_differences(vector, clients) == []


@for_each("vector", vector_params("response"))
def test_response_vector_through_gunicorn(vector: Vector, gunicorns: Find) -> None:
    assert _response_differences(vector, gunicorns) == []


def _response_differences(vector: Vector, find: Find) -> list[str]:
    request = vector.get("request", {})
    headers = [(name, value) for name, value in request.get("headers", ())]
    reply = find(vector).send(request.get("method", "GET"), f"/{_name(vector)}", headers)
    return response_differences(vector, vector["expect_response"], reply)


def _name(vector: Vector) -> str:
    return f"vector-{VECTORS.index(vector)}"


def _make_project(folder: Path, vectors: list[Vector], isolation: str) -> Path:
    """A function for each manifest, which does what the vector of its path says."""
    project = new_project(folder)
    for number, group in enumerate(grouped(vectors, _manifest)):
        results = {f"/{_name(vector)}": vector.get("handler_result") for vector in group}
        raising = [f"/{_name(vector)}" for vector in group if "handler_raises" in vector]
        code = HANDLER.format(results=results, raising=raising)
        routes = [f"ANY {path}" for path in results]
        write_function(project, f"group-{number}", code, *routes, isolation=isolation, **_manifest(group[0]))
    return project


def _manifest(vector: Vector) -> dict[str, Any]:
    """Binary media types can be a function's own."""
    if vector["gateway"] != "rest":
        return manifest_of(vector)
    return {"binaryMediaTypes": vector.get("route", {}).get("binary_media_types", [])}
