"""The comparing itself: a vector must not pass because nothing was compared."""

from typing import Any

import pytest

from kit.servers import Reply
from kit.vector_cases import event_differences, response_differences, vectors_of

EVENT = {
    "path": "/x",
    "headers": {"X-A": "1", "authorization": "2"},
    "requestContext": {"identity": {"user": None}},
}


def test_there_are_vectors_of_every_kind() -> None:
    least = {"event": 14, "response": 29, "routing": 11, "authorizer": 10}
    assert [kind for kind, count in least.items() if len(vectors_of(kind)) < count] == []


@pytest.mark.parametrize(
    ("expected", "differences"),
    [
        ({"path": "/x"}, []),
        ({"headers": {"X-A": "1", "Authorization": "2"}}, []),
        ({"headers": {"x-a": "1"}}, ["headers.x-a is missing"]),
        ({"headers": {"X-A": "2"}}, ["headers.X-A: '1' is not '2'"]),
        ({"headers": None}, ["headers: {'X-A': '1', 'authorization': '2'} is not None"]),
        ({"body": None}, ["body is missing"]),
        ({"requestContext": {"identity": {"User": None}}}, ["requestContext.identity.User is missing"]),
    ],
)
def test_event_is_compared_key_by_key(expected: dict[str, Any], differences: list[str]) -> None:
    assert event_differences({"expect_event": expected}, EVENT) == differences


@pytest.mark.parametrize(
    ("key", "differences"),
    [("headers.x-a", ["headers.x-a is there"]), ("headers.x-b", []), ("path.x-a", [])],
)
def test_absent_key_is_reported_when_it_is_there(key: str, differences: list[str]) -> None:
    assert event_differences({"expect_event": {}, "expect_absent": [key]}, EVENT) == differences


@pytest.mark.parametrize(
    ("expected", "differences"),
    [
        ({"status": 200, "headers": {"X-A": ["1", "2"]}, "body": "{}", "body_json": {}}, []),
        ({"status": 201}, ["status 200"]),
        ({"status": 200, "headers": {"x-a": "1"}}, ["x-a: ['1', '2']"]),
        ({"status": 200, "headers": {"x-b": "1"}}, ["x-b: []"]),
        ({"status": 200, "body": ""}, ["body b'{}'"]),
        ({"status": 200, "body_base64": "e30="}, []),
        ({"status": 200, "body_base64": ""}, ["body b'{}'"]),
        ({"status": 200, "body_json": []}, ["body b'{}'"]),
        ({"status": 200, "headers_match": {"x-t": "starts Root=1;Parent=<16 hex generated>"}}, []),
        ({"status": 200, "headers_match": {"x-t": "starts Root=2"}}, ["x-t: Root=1;Parent=00f067aa0ba902b7"]),
    ],
)
def test_response_is_compared_line_by_line(expected: dict[str, Any], differences: list[str]) -> None:
    lines = [("X-A", "1"), ("X-A", "2"), ("X-T", "Root=1;Parent=00f067aa0ba902b7")]
    assert response_differences({}, expected, Reply(200, lines, b"{}")) == differences


def test_header_names_are_compared_as_they_are_when_the_vector_is_about_casing() -> None:
    expected = {"status": 200, "headers": {"x-a": "1"}}
    assert response_differences({"note": "casing"}, expected, Reply(200, [("X-A", "1")], b"")) == ["x-a: []"]
