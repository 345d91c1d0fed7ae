"""What authorizers answer: policies of REST APIs and HTTP APIs, and simple responses."""

from typing import Any

import pytest

from berth.errors import MalformedDocument
from berth.gateway.authorizers.answer_schema import (
    load_http_policy_answer,
    load_policy_answer,
    load_simple_answer,
)

POLICY = {"Version": "2012-10-17", "Statement": []}
ANSWER = {"principalId": "alice", "policyDocument": POLICY}
LOADS = (load_policy_answer, load_http_policy_answer, load_simple_answer)


def _problems(load: Any, document: Any) -> list[tuple[str, str]]:
    with pytest.raises(MalformedDocument) as malformed:
        load(document)
    return list(malformed.value.messages)


@pytest.mark.parametrize("load", [load_policy_answer, load_http_policy_answer])
def test_policy_needs_no_context(load: Any) -> None:
    assert load(ANSWER) == {"principal_id": "alice", "policy": POLICY, "context": None}


def test_rest_apis_context_is_text() -> None:
    context = {"text": "é", "whole": 1, "part": 1.5, "yes": True, "no": False, "empty": "", "low": -1}
    assert load_policy_answer({**ANSWER, "context": context})["context"] == {
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
    assert _problems(load_policy_answer, document) == [("context.key", message)]


@pytest.mark.parametrize("load", LOADS)
@pytest.mark.parametrize("context", [None, {}])
def test_context_may_be_empty(load: Any, context: Any) -> None:
    assert load({**ANSWER, "isAuthorized": True, "context": context})["context"] == context


@pytest.mark.parametrize("load", LOADS)
@pytest.mark.parametrize("context", ["text", 1, True, [], ["a"]])
def test_context_is_refused_when_it_is_no_object(load: Any, context: Any) -> None:
    document = {**ANSWER, "isAuthorized": True, "context": context}
    assert _problems(load, document) == [("context", "must be an object")]


@pytest.mark.parametrize("load", [load_http_policy_answer, load_simple_answer])
def test_http_apis_context_is_anything(load: Any) -> None:
    context = {"number": 1, "list": ["a", {"b": None}], "map": {"c": 1.5}, "none": None, "yes": True}
    assert load({**ANSWER, "isAuthorized": True, "context": context})["context"] == context


@pytest.mark.parametrize(
    ("changes", "key", "message"),
    [
        ({"principalId": None}, "principalId", "must not be null"),
        ({"principalId": ""}, "principalId", "must not be empty"),
        ({"principalId": 7}, "principalId", "must be a string, not 7"),
        ({"principalId": ["alice"]}, "principalId", "must be a string, not an array"),
        ({"policyDocument": None}, "policyDocument", "must not be null"),
        ({"usageIdentifierKey": 1}, "usageIdentifierKey", "must be a string"),
    ],
)
@pytest.mark.parametrize("load", [load_policy_answer, load_http_policy_answer])
def test_policy_is_refused_with_a_wrong_value(load: Any, changes: Any, key: str, message: str) -> None:
    assert _problems(load, {**ANSWER, **changes}) == [(key, message)]


def test_principal_is_required_by_rest_apis_only() -> None:
    assert _problems(load_policy_answer, {"policyDocument": POLICY}) == [("principalId", "is required")]
    assert load_http_policy_answer({"policyDocument": POLICY})["principal_id"] == ""


@pytest.mark.parametrize("load", [load_policy_answer, load_http_policy_answer])
def test_policy_is_required(load: Any) -> None:
    assert _problems(load, {"principalId": "alice"}) == [("policyDocument", "is required")]
    assert _problems(load, {"principalId": "alice", "policy": POLICY}) == [("policyDocument", "is required")]


@pytest.mark.parametrize("load", LOADS)
@pytest.mark.parametrize("document", [None, True, 1, "Allow", [], [ANSWER], "unauthorized"])
def test_answer_is_refused_when_it_is_no_object(load: Any, document: Any) -> None:
    assert _problems(load, document) == [("", "must be an object")]


@pytest.mark.parametrize("load", LOADS)
def test_unknown_keys_are_passed_over(load: Any) -> None:
    document = {**ANSWER, "isAuthorized": False, "is_authorized": True, "statusCode": 200}
    assert "statusCode" not in load(document)
    assert load(document).get("is_authorized", False) is False


@pytest.mark.parametrize("is_authorized", [True, False])
def test_simple_response_says_yes_or_no(is_authorized: bool) -> None:
    assert load_simple_answer({"isAuthorized": is_authorized}) == {
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
    assert _problems(load_simple_answer, {"isAuthorized": value}) == [("isAuthorized", message)]


@pytest.mark.parametrize("document", [{}, ANSWER, {"authorized": True}, {"IsAuthorized": True}])
def test_simple_response_is_refused_when_it_says_nothing(document: Any) -> None:
    assert _problems(load_simple_answer, document) == [("isAuthorized", "is required")]
