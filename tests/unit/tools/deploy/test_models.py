"""Which models of bodies a document can hold."""

from typing import Any

from berth.tools.deploy.openapi.models import can_be_said
from kit.tables import for_each


@for_each(
    "schema, is_said",
    [
        ({}, True),
        (
            {"type": "object", "properties": {"a": {"type": "string", "pattern": "^a"}}, "required": ["a"]},
            True,
        ),
        ({"type": "array", "items": {"type": "integer", "minimum": 1}}, True),
        ({"type": "object", "additionalProperties": False}, True),
        ({"anyOf": [{"type": "string"}, {"type": "number"}]}, True),
        ({"type": ["string", "null"]}, False),
        ({"type": "null"}, False),
        ({"type": "array"}, False),
        ({"items": [{"type": "string"}]}, False),
        ({"oneOf": [{}]}, False),
        ({"$ref": "#/definitions/a", "definitions": {"a": {}}}, False),
        ({"properties": {"a": {"patternProperties": {}}}}, False),
        ({"not": {"exclusiveMinimum": True}}, False),
        ({"minItems": 1}, False),
    ],
)
def test_model_is_said_or_left_to_berth(schema: Any, is_said: bool) -> None:
    assert can_be_said(schema) is is_said
