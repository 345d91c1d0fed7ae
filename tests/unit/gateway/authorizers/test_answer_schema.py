"""What authorizers answer: policies of REST APIs and HTTP APIs, and simple responses."""

from typing import Any

import pytest

from berth.errors import MalformedDocument
from berth.gateway.authorizers.answer_schema import (
    HTTP_POLICY_ANSWER,
    POLICY_ANSWER,
    SIMPLE_ANSWER,
)
from berth.schemas.reading import read
from kit.tables import for_each

POLICY = {"Version": "2012-10-17", "Statement": []}
ANSWER = {"principalId": "alice", "policyDocument": POLICY}
SCHEMAS = (POLICY_ANSWER, HTTP_POLICY_ANSWER, SIMPLE_ANSWER)


def _problems(schema: Any, document: Any) -> list[tuple[str, str]]:
    with pytest.raises(MalformedDocument) as malformed:
        read(schema, document)
    return list(malformed.value.messages)


@pytest.mark.parametrize("schema", [POLICY_ANSWER, HTTP_POLICY_ANSWER])
def test_policy_needs_no_context(schema: Any) -> None:
    assert read(schema, ANSWER) == {"principal_id": "alice", "policy": POLICY, "context": None}


def test_rest_apis_context_is_text() -> None:
    context = {"text": "é", "whole": 1, "part": 1.5, "yes": True, "no": False, "empty": "", "low": -1}
    assert read(POLICY_ANSWER, {**ANSWER, "context": context})["context"] == {
        "text": "é",
        "whole": "1",
        "part": "1.5",
        "yes": "true",
        "no": "false",
        "empty": "",
        "low": "-1",
    }


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([], "an array is neither text nor number nor boolean"),
        ({"a": 1}, "an object is neither text nor number nor boolean"),
        (None, "must not be null"),
    ],
)
def test_rest_apis_context_is_refused_when_it_is_nested(value: Any, message: str) -> None:
    document = {**ANSWER, "context": {"fine": "a", "key": value}}
    assert _problems(POLICY_ANSWER, document) == [("context.key", message)]


@pytest.mark.parametrize("schema", SCHEMAS)
@pytest.mark.parametrize("context", [None, {}])
def test_context_may_be_empty(schema: Any, context: Any) -> None:
    assert read(schema, {**ANSWER, "isAuthorized": True, "context": context})["context"] == context


@pytest.mark.parametrize("context", ["text", 1, True, [], ["a"]])
@for_each("schema", SCHEMAS)
def test_context_is_refused_when_it_is_no_object(schema: Any, context: Any) -> None:
    document = {**ANSWER, "isAuthorized": True, "context": context}
    assert _problems(schema, document) == [("context", "must be an object")]


@pytest.mark.parametrize("schema", [HTTP_POLICY_ANSWER, SIMPLE_ANSWER])
def test_http_apis_context_is_anything(schema: Any) -> None:
    context = {"number": 1, "list": ["a", {"b": None}], "map": {"c": 1.5}, "none": None, "yes": True}
    assert read(schema, {**ANSWER, "isAuthorized": True, "context": context})["context"] == context


@pytest.mark.parametrize("schema", [POLICY_ANSWER, HTTP_POLICY_ANSWER])
@for_each(
    "changes, key, message",
    [
        ({"principalId": None}, "principalId", "must not be null"),
        ({"principalId": ""}, "principalId", "must not be empty"),
        ({"principalId": 7}, "principalId", "must be a string, not 7"),
        ({"principalId": ["alice"]}, "principalId", "must be a string, not an array"),
        ({"policyDocument": None}, "policyDocument", "must not be null"),
        ({"usageIdentifierKey": 1}, "usageIdentifierKey", "must be a string"),
    ],
)
def test_policy_is_refused_with_a_wrong_value(schema: Any, changes: Any, key: str, message: str) -> None:
    assert _problems(schema, {**ANSWER, **changes}) == [(key, message)]


def test_principal_is_required_by_rest_apis_only() -> None:
    assert _problems(POLICY_ANSWER, {"policyDocument": POLICY}) == [("principalId", "is required")]
    assert read(HTTP_POLICY_ANSWER, {"policyDocument": POLICY})["principal_id"] == ""


@pytest.mark.parametrize("schema", [POLICY_ANSWER, HTTP_POLICY_ANSWER])
def test_policy_is_required(schema: Any) -> None:
    assert _problems(schema, {"principalId": "alice"}) == [("policyDocument", "is required")]
    assert _problems(schema, {"principalId": "alice", "policy": POLICY}) == [
        ("policyDocument", "is required")
    ]


@pytest.mark.parametrize("document", [None, True, 1, "Allow", [], [ANSWER], "unauthorized"])
@for_each("schema", SCHEMAS)
def test_answer_is_refused_when_it_is_no_object(schema: Any, document: Any) -> None:
    assert _problems(schema, document) == [("", "must be an object")]


@pytest.mark.parametrize("schema", SCHEMAS)
def test_unknown_keys_are_passed_over(schema: Any) -> None:
    document = {**ANSWER, "isAuthorized": False, "is_authorized": True, "statusCode": 200}
    assert "statusCode" not in read(schema, document)
    assert read(schema, document).get("is_authorized", False) is False


@pytest.mark.parametrize("is_authorized", [True, False])
def test_simple_response_says_yes_or_no(is_authorized: bool) -> None:
    assert read(SIMPLE_ANSWER, {"isAuthorized": is_authorized}) == {
        "is_authorized": is_authorized,
        "context": None,
    }


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (None, "must not be null"),
        ("true", "must be true or false, not 'true'"),
        (1, "must be true or false, not 1"),
        ("", "must be true or false, not ''"),
        ([True], "must be true or false, not an array"),
        ({}, "must be true or false, not an object"),
    ],
)
def test_simple_response_is_refused_when_it_says_neither(value: Any, message: str) -> None:
    assert _problems(SIMPLE_ANSWER, {"isAuthorized": value}) == [("isAuthorized", message)]


@pytest.mark.parametrize("document", [{}, ANSWER, {"authorized": True}, {"IsAuthorized": True}])
def test_simple_response_is_refused_when_it_says_nothing(document: Any) -> None:
    assert _problems(SIMPLE_ANSWER, document) == [("isAuthorized", "is required")]
