"""Every response vector: what the web sees of a function's result."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from kit.tables import for_each
from kit.transports import new_project, write_answer
from kit.vector_cases import Vector, manifest_of, response_differences, vector_params, vectors_of
from kit.vector_servers import Find, served

VECTORS = vectors_of("response")


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
    """One function for each vector; binary media types can be a function's own."""
    project = new_project(folder)
    for vector in vectors:
        raises = "handler_raises" in vector
        answer = "raise RuntimeError('raised')" if raises else f"return {vector['handler_result']!r}"
        name, manifest = _name(vector), manifest_of(vector)
        if vector["gateway"] == "rest":
            manifest["binaryMediaTypes"] = vector.get("route", {}).get("binary_media_types", [])
        write_answer(project, name, answer, f"ANY /{name}", isolation=isolation, **manifest)
    return project
