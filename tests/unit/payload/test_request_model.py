"""Models of request bodies."""

import json
from typing import Any

import pytest

from berth.payload.request_model import is_valid, model_problem
from kit.tables import for_each

NAMED = {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}}
LOCAL_ONLY = "only references within a model are supported"


@pytest.mark.parametrize(
    "model",
    [
        {},
        NAMED,
        {"$schema": "http://json-schema.org/draft-04/schema#", "title": "Order", "type": "object"},
        {"properties": {"a": {"$ref": "#/definitions/a"}}, "definitions": {"a": {"type": "integer"}}},
        {"items": [{"$ref": "#"}]},
        {"properties": {"$ref": {"type": "string"}}},
    ],
)
def test_model_can_be_used(model: Any) -> None:
    assert model_problem(model) is None


@pytest.mark.parametrize(
    ("model", "problem"),
    [
        ({"type": "text"}, "'text' is not valid under any of the given schemas"),
        ({"required": []}, "[] should be non-empty"),
        ({"required": True}, "True is not of type 'array'"),
        ({"minimum": "1"}, "'1' is not of type 'number'"),
        ({"properties": {"a": 1}}, "1 is not of type 'object'"),
        ({"pattern": "["}, "'[' is not a 'regex'"),
    ],
)
def test_model_is_refused_when_it_is_no_schema(model: Any, problem: str) -> None:
    assert model_problem(model) == f"is not a JSON Schema of draft 4: {problem}"


@pytest.mark.parametrize(
    ("model", "target"),
    [
        ({"$ref": "https://example.com/order.json"}, "https://example.com/order.json"),
        ({"properties": {"a": {"$ref": "other.json#/definitions/a"}}}, "other.json#/definitions/a"),
        ({"allOf": [{}, {"$ref": "http://localhost/x"}]}, "http://localhost/x"),
    ],
)
def test_model_is_refused_when_it_refers_to_another_document(model: Any, target: str) -> None:
    assert model_problem(model) == f"refers to {target!r}: {LOCAL_ONLY}"


def test_model_is_refused_when_it_refers_to_nowhere() -> None:
    assert model_problem({"properties": {"a": {"$ref": "#/definitions/a"}}}) is not None


@for_each(
    "body, valid",
    [
        (b'{"name": "Ada"}', True),
        ('{"name": "é☕"}'.encode(), True),
        (b'{"name": "Ada", "age": 1}', True),
        (b'{"name": null}', False),
        (b"{}", False),
        (b"", False),
        (b"null", False),
        (b"[]", False),
        (b"{", False),
        (b"name=Ada", False),
        (b"\xff", False),
        (b"[" * 100_000, False),
        (f'{{"name": {"9" * 5000}}}'.encode(), False),
    ],
)
def test_body_meets_its_model(body: bytes, valid: bool) -> None:
    assert is_valid(json.dumps(NAMED), body) is valid


def test_empty_body_counts_as_an_empty_object() -> None:
    assert is_valid('{"type": "object"}', b"")
    assert not is_valid('{"type": "array"}', b"")


@pytest.mark.parametrize(("value", "valid"), [(b"1", True), (b"1.0", False), (b"true", False)])
def test_model_is_of_draft_4_where_one_point_zero_is_no_integer(value: bytes, valid: bool) -> None:
    assert is_valid('{"properties": {"a": {"type": "integer"}}}', b'{"a": %s}' % value) is valid


def test_reference_within_a_model_is_followed() -> None:
    model = {"properties": {"a": {"$ref": "#/definitions/a"}}, "definitions": {"a": {"type": "string"}}}
    assert is_valid(json.dumps(model), b'{"a": "x"}')
    assert not is_valid(json.dumps(model), b'{"a": 1}')


@pytest.mark.parametrize("number", ["1e999", "-1e999", "1E+400", "NaN", "Infinity", "-Infinity", "1" * 400])
def test_number_beyond_any_double_meets_no_model(number: str) -> None:
    model = '{"properties": {"a": {"type": "number", "multipleOf": 0.01, "maximum": 10}}}'
    assert is_valid(model, b'{"a": 1.25}')
    assert not is_valid(model, f'{{"a": {number}}}'.encode())


@pytest.mark.parametrize("number", ["1e999", "NaN"])
def test_number_without_a_rule_must_be_finite(number: str) -> None:
    assert is_valid("{}", b'{"a": 1e308}')
    assert not is_valid("{}", f'{{"a": {number}}}'.encode())


@pytest.mark.parametrize(
    ("model", "body"),
    [
        ('{"pattern": "^(a+)+$"}', json.dumps("a" * 60 + "!")),
        (
            '{"patternProperties": {"^(a|a)*$": {}}, "additionalProperties": false}',
            json.dumps({"a" * 60: 1, "!": 1}),
        ),
        ('{"uniqueItems": true}', json.dumps([[number] for number in range(100_000)] + [[0]])),
        ('{"multipleOf": 0.01}', "1" * 4000),
    ],
    ids=["pattern", "names", "items", "number"],
)
def test_no_body_makes_a_check_long(model: str, body: str) -> None:
    assert not is_valid(model, body.encode())  # other ways to check these take hours
