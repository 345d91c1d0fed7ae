"""Every authorizer vector: the event that an authorizer gets, and what its answer does."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kit.servers import write_function
from kit.tables import for_each
from kit.transports import ECHO, new_project, open_transport, write_answer
from kit.vector_cases import Vector, event_differences, response_differences, vector_params, vectors_of
from kit.vector_servers import Find, served

# The stage in place of the documentation's `*`: "real calls carry the concrete stage".
STAGE_NAME = "test"
# Where the identity of the documented events may have come from.
HEADERS = {"rest": [("Authorization", "allow")], "http": [("X-User", "user1"), ("X-Code", "123")]}
ALLOW = {"Statement": [{"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": "*"}]}
OTHERS = {"Statement": [{"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": "*/PUT/x"}]}
# The documents that vectors only describe.
DESCRIBED = {
    "Allow *": ALLOW,
    "policy that does not allow the method": {"principalId": "u", "policyDocument": OTHERS},
}
ASKED = "{'principalId': 'u', 'policyDocument': %r, 'context': {'event': __import__('json').dumps(event)}}"


@pytest.fixture(scope="module")
def clients(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Find]:
    groups = [[vector] for vector in vectors_of("authorizer")]
    with served(groups, _make_project, "test-client", tmp_path_factory.mktemp("clients")) as find:
        yield find


@for_each("vector", vector_params("authorizer"))
def test_authorizer_vector_through_the_test_client(vector: Vector, clients: Find) -> None:
    headers = [tuple(line) for line in vector.get("request", {}).get("headers", HEADERS[vector["gateway"]])]
    reply = clients(vector).get(f"/{_path(vector)}", headers=headers)
    if "expect_response" in vector:
        assert response_differences(vector, vector["expect_response"], reply) == []
        return
    assert reply.status == 200
    if "expect_event" in vector:
        assert event_differences(vector, reply.json()) == []
    else:
        assert _question_differences(vector, reply.json()["requestContext"]["authorizer"]) == []


def test_authorizer_vectors_are_answered_by_gunicorn_as_well(tmp_path: Path) -> None:
    vector = next(each for each in vectors_of("authorizer") if each["id"] == "token-input")
    with open_transport("gunicorn", _make_project(tmp_path / "project", [vector], "process")) as server:
        reply = server.get("/", headers=HEADERS["rest"])
    assert _question_differences(vector, reply.json()["requestContext"]["authorizer"]) == []


def _question_differences(vector: Vector, authorizer: dict[str, Any]) -> list[str]:
    """What the authorizer was asked, which its context has handed on."""
    event = json.loads(authorizer.get("lambda", authorizer)["event"])
    expected = {
        key: value.replace("/*/", f"/{STAGE_NAME}/") if key.endswith("Arn") else value
        for key, value in vector["expect_authorizer_event"].items()
    }
    found = event_differences({**vector, "expect_event": expected}, event)
    is_whole = "exactly these" not in vector.get("note", "") or set(event) == set(expected)
    return found if is_whole else [*found, f"keys {sorted(event)}"]


def _arn(vector: Vector) -> list[str]:
    """The parts of the ARN that the vector is about, or of any."""
    event = vector.get("expect_authorizer_event", {})
    arn = (
        event.get("methodArn")
        or event.get("routeArn")
        or "arn:aws:execute-api:eu-west-1:123456789012:a1/x/GET/x"
    )
    return str(arn).split(":")


def _path(vector: Vector) -> str:
    return _arn(vector)[5].split("/", 3)[3]


def _make_project(folder: Path, vectors: list[Vector], isolation: str) -> Path:
    """One route, its function, and the authorizer that answers as the vector says."""
    (vector,) = vectors
    *_, region, account_id, rest = _arn(vector)
    stage = {
        "stage": STAGE_NAME,
        "region": region,
        "accountId": account_id,
        "apiId": rest.split("/")[0],
        "authorizers": {"gate": _authorizer(vector)},
    }
    project = new_project(folder, dev=stage)
    write_answer(project, "gate", _answer(vector), isolation=isolation)
    is_rest = vector["gateway"] == "rest"
    route = (
        {"method": "GET", "path": f"/{_path(vector)}"} if is_rest else {"method": "ANY", "path": "$default"}
    )
    routes = [{**route, "authorizer": "gate"}]
    write_function(project, "echo", ECHO, isolation=isolation, api=vector["gateway"], routes=routes)
    return project


def _authorizer(vector: Vector) -> dict[str, Any]:
    if vector["gateway"] == "rest":
        return {"type": "TOKEN", "function": "gate"}
    sources = [f"$request.header.{name}" for name, _ in HEADERS["http"]]
    version = vector.get("expect_authorizer_event", {}).get("version", "2.0")
    is_simple = "expect_authorizer_event" not in vector
    return {
        "type": "REQUEST",
        "function": "gate",
        "identitySource": sources,
        "payloadFormatVersion": version,
        "enableSimpleResponses": is_simple,
    }


def _answer(vector: Vector) -> str:
    """The statement of the authorizer's function."""
    if "authorizer_raises" in vector:
        return f"raise {vector['authorizer_raises']}"
    result = vector.get("authorizer_result")
    if result is None:
        return f"return {ASKED % ALLOW}"
    if isinstance(result, str):
        return f"return {DESCRIBED[result]!r}"
    if "policyDocument" in result:
        result = {**result, "policyDocument": DESCRIBED[result["policyDocument"]]}
    return f"return {result!r}"
