"""Models: what the package jsonschema accepts is accepted, and no document makes a check long."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft4Validator

from berth.payload.body_model import BodyModel
from berth.payload.method_request import is_valid, model_problem

TREE = {
    "definitions": {
        "node": {
            "oneOf": [
                {"$ref": "#/definitions/leaf"},
                {"$ref": "#/definitions/pair"},
                {"$ref": "#/definitions/pair"},
            ]
        },
        "leaf": {"type": "integer"},
        "pair": {"properties": {"a": {"$ref": "#/definitions/node"}}, "required": ["a"]},
    },
    "$ref": "#/definitions/node",
}


def _nested(depth: int) -> str:
    return '{"a":' * depth + "1" + "}" * depth


@pytest.mark.parametrize(
    ("model", "body"),
    [
        ({"properties": {"a": {"pattern": "^(a+)+$"}}}, json.dumps({"a": "a" * 100_000 + "!"})),
        (
            {"patternProperties": {"^(a+)+$": {"type": "string"}}, "additionalProperties": False},
            json.dumps({"a" * 68 + "!": 1}),
        ),
        ({"items": {"pattern": "(a|b)*c.{2000}d"}}, json.dumps(["ac" * 3000] * 1000)),
        ({"uniqueItems": True, "not": {}}, json.dumps([{"a": number} for number in range(100_000)])),
        ({"uniqueItems": True, "not": {}}, json.dumps([number * (2**61 - 1) for number in range(100_000)])),
        (TREE, _nested(60)),
        ({"$ref": "#"}, "{}"),
        ({"multipleOf": 0.1}, "1e999999999"),
        ({"multipleOf": 3}, "1e999999999"),
        ({"multipleOf": 7}, "1" * 4000),
        ({"multipleOf": 1e-300}, "1" * 4000),
        ({"multipleOf": 7}, "1" * 5_000_000),
        ({}, "[" * 1_000_000),
    ],
)
def test_no_body_makes_a_check_long(model: Any, body: str) -> None:
    assert model_problem(model) is None
    assert not is_valid(json.dumps(model), body.encode())


@pytest.mark.parametrize("unique", [[1, 2, "1", True, [1], {"a": 1}], [[], {}, None, False, 0, ""], []])
def test_different_items_are_unique(unique: Any) -> None:
    assert BodyModel({"uniqueItems": True}).accepts(unique)


@pytest.mark.parametrize(
    "twice",
    [
        [1, 1.0],
        [{"a": 1, "b": [2]}, {"b": [2.0], "a": 1}],
        ["x", "y", "x"],
        [1e300, int(1e300)],
    ],
)
def test_equal_items_are_not_unique(twice: Any) -> None:
    assert not BodyModel({"uniqueItems": True}).accepts(twice)


@pytest.mark.parametrize(
    "model",
    [
        {"pattern": r"(a)\1"},
        {"properties": {"a": {"items": {"pattern": "(?>a)"}}}},
        {"patternProperties": {"a*+": {}}},
        {"definitions": {"a": {"anyOf": [{"pattern": "((a{100}){100}){100}"}]}}},
    ],
)
def test_model_with_a_pattern_that_cannot_be_used_is_refused(model: Any) -> None:
    problem = model_problem(model)
    assert problem is not None
    assert problem.startswith("has the pattern ")


NUMBERS = st.sampled_from([0, 1, 2, 3, 1.0, 0.5, 2.5, -1, 10])
DOCUMENTS = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBERS, st.sampled_from(["", "a", "ab", "b1"])),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
    ),
    max_leaves=6,
)
TYPES = st.sampled_from(["array", "boolean", "integer", "null", "number", "object", "string"])
NAMES = st.lists(st.sampled_from("abc"), min_size=1, max_size=2, unique=True)
PATTERNS = st.sampled_from(["^a", "b$", "[0-9]", "^[ab]+$"])


def _keywords(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    named, several = (
        st.dictionaries(st.sampled_from("abc"), inner, max_size=2),
        st.lists(inner, min_size=1, max_size=3),
    )
    size = st.integers(0, 3)
    return st.fixed_dictionaries(
        {},
        optional={
            "type": st.one_of(TYPES, st.lists(TYPES, min_size=1, max_size=2, unique=True)),
            "enum": st.lists(DOCUMENTS, min_size=1, max_size=3, unique_by=repr),
            "multipleOf": st.sampled_from([1, 2, 0.5]),
            "pattern": PATTERNS,
            "maxLength": size,
            "minLength": size,
            "maxItems": size,
            "minItems": size,
            "maxProperties": size,
            "minProperties": size,
            "items": st.one_of(inner, several),
            "additionalItems": st.one_of(st.booleans(), inner),
            "uniqueItems": st.booleans(),
            "properties": named,
            "patternProperties": st.dictionaries(PATTERNS, inner, max_size=2),
            "additionalProperties": st.one_of(st.booleans(), inner),
            "required": NAMES,
            "dependencies": st.dictionaries(st.sampled_from("abc"), st.one_of(NAMES, inner), max_size=2),
            "allOf": several,
            "anyOf": several,
            "oneOf": several,
            "not": inner,
        },
    )


LIMITS = st.fixed_dictionaries(
    {"maximum": NUMBERS, "minimum": NUMBERS},
    optional={"exclusiveMaximum": st.booleans(), "exclusiveMinimum": st.booleans()},
)
MODELS = st.recursive(st.one_of(_keywords(st.just({})), LIMITS), _keywords, max_leaves=4)


@given(MODELS, DOCUMENTS)
def test_any_model_accepts_what_jsonschema_accepts(model: Any, document: Any) -> None:
    Draft4Validator.check_schema(model)
    assert BodyModel(model).accepts(document) is Draft4Validator(model).is_valid(document)
