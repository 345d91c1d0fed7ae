"""Every routing vector: which route a request is matched to."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from kit.tables import for_each
from kit.transports import new_project, write_answer
from kit.vector_cases import Vector, response_differences, vector_params, vectors_of
from kit.vector_servers import Find, grouped, served


def _is_matched(vector: Vector) -> bool:
    return "method" in vector["request"]


# The validator vectors say what is missing, not what was asked for: `POST /{name of the vector}` asks for it.
_ASKED = {
    "rest-validator-all": ("header.x-header-param", "path.issuer", "querystring.qs1"),
    "rest-validator-header": ("header.x-header-param",),
    "rest-validator-qs": ("querystring.qs1",),
    "rest-validator-body": (),
}
GROUPS = grouped(vectors_of("routing"), lambda vector: (vector["gateway"], vector["routes"]))


@pytest.fixture(scope="module")
def clients(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Find]:
    with served(GROUPS, _make_project, "test-client", tmp_path_factory.mktemp("clients")) as find:
        yield find


@pytest.fixture(scope="module")
def gunicorns(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Find]:
    with served(GROUPS, _make_project, "gunicorn", tmp_path_factory.mktemp("gunicorns")) as find:
        yield find


@for_each("vector", vector_params("routing"))
def test_routing_vector_through_the_test_client(vector: Vector, clients: Find) -> None:
    assert _routing_differences(vector, clients) == []


@for_each("vector", vector_params("routing"))
def test_routing_vector_through_gunicorn(vector: Vector, gunicorns: Find) -> None:
    assert _routing_differences(vector, gunicorns) == []


def _routing_differences(vector: Vector, find: Find) -> list[str]:
    if not _is_matched(vector):
        return _validator_differences(vector, find)
    request, expected = vector["request"], vector["expect"]
    reply = find(vector).send(request["method"], request["path"])
    if "response" in expected:
        return response_differences(vector, expected["response"], reply)
    return response_differences(vector, {"status": 200, "body": expected["route"]}, reply)


def _validator_differences(vector: Vector, find: Find) -> list[str]:
    """A request lacks everything that its route asks for, and then brings it."""
    server, path = find(vector), f"/{vector['id']}"
    refused = server.send("POST", path, [], b'{"a": 1}')
    headers = [("X-Header-Param", "1"), ("Content-Type", "application/json")]
    served = server.send("POST", f"{path}?qs1=1", headers, b'{"name": "anchor"}')
    expected = 400 if "path.issuer" in _ASKED[vector["id"]] else 200  # no path has that parameter
    found = response_differences(vector, vector["expect"]["response"], refused)
    return [*found, *response_differences(vector, {"status": expected}, served)]


def _make_validating_project(folder: Path, isolation: str) -> Path:
    project = new_project(folder)
    model = {"type": "object", "required": ["name"]}
    routes = [
        {
            "method": "POST",
            "path": f"/{name}",
            "requestParameters": {f"method.request.{parameter}": True for parameter in asked},
            "requestModels": {} if asked else {"$default": model},
        }
        for name, asked in _ASKED.items()
    ]
    write_answer(project, "validated", "return {}", isolation=isolation, routes=routes)
    return project


def _make_project(folder: Path, vectors: list[Vector], isolation: str) -> Path:
    """One function for each route, which answers with the route's name."""
    if not _is_matched(vectors[0]):
        return _make_validating_project(folder, isolation)
    # What no route takes is answered as the stage's kind of API does.
    project = new_project(folder, dev={"api": vectors[0]["gateway"]})
    for number, route in enumerate(vectors[0]["routes"]):
        answer = f"return {{'statusCode': 200, 'body': {route!r}}}"
        key = "ANY $default" if route == "$default" else route
        write_answer(project, f"route-{number}", answer, key, isolation=isolation)
    return project
