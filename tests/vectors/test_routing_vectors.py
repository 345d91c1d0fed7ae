"""Every routing vector: which route a request is matched to."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from transports import new_project, write_answer
from vector_cases import Vector, response_differences, vector_params, vectors_of
from vector_servers import Find, grouped, served


def _is_matched(vector: Vector) -> bool:
    return "method" in vector["request"]


GROUPS = grouped(filter(_is_matched, vectors_of("routing")), lambda vector: (vector["gateway"], vector["routes"]))


@pytest.fixture(scope="module")
def clients(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Find]:
    with served(GROUPS, _make_project, "test-client", tmp_path_factory.mktemp("clients")) as find:
        yield find


@pytest.fixture(scope="module")
def gunicorns(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Find]:
    with served(GROUPS, _make_project, "gunicorn", tmp_path_factory.mktemp("gunicorns")) as find:
        yield find


@pytest.mark.parametrize("vector", vector_params("routing"))
def test_routing_vector_through_the_test_client(vector: Vector, clients: Find) -> None:
    assert _routing_differences(vector, clients) == []


@pytest.mark.parametrize("vector", vector_params("routing"))
def test_routing_vector_through_gunicorn(vector: Vector, gunicorns: Find) -> None:
    assert _routing_differences(vector, gunicorns) == []


def _routing_differences(vector: Vector, find: Find) -> list[str]:
    if not _is_matched(vector):
        pytest.skip("needs a request validator, which no manifest can ask for yet")
    request, expected = vector["request"], vector["expect"]
    reply = find(vector).send(request["method"], request["path"])
    if "response" in expected:
        return response_differences(vector, expected["response"], reply)
    return response_differences(vector, {"status": 200, "body": expected["route"]}, reply)


def _make_project(folder: Path, vectors: list[Vector], isolation: str) -> Path:
    """One function for each route, which answers with the route's name."""
    # What no route takes is answered as the stage's kind of API does.
    project = new_project(folder, dev={"api": vectors[0]["gateway"]})
    for number, route in enumerate(vectors[0]["routes"]):
        answer = f"return {{'statusCode': 200, 'body': {route!r}}}"
        key = "ANY $default" if route == "$default" else route
        write_answer(project, f"route-{number}", answer, key, isolation=isolation)
    return project
