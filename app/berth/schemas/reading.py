"""Reading a document through its schema; every problem has the path of its key."""

import difflib
from collections.abc import Iterable, Iterator
from typing import Any

from marshmallow import Schema as Schema
from marshmallow import ValidationError, fields

from berth.errors import MalformedDocument

MISSING = "Missing data for required field."  # marshmallow's words
IS_MISSING = "is required"  # ours
# What marshmallow says, and what we say instead.
_WORDS = {
    MISSING: IS_MISSING,
    "Field may not be null.": "must not be null",
    "Not a valid list.": "must be an array",
    "Not a valid mapping type.": "must be an object",
    "Invalid input type.": "must be an object",
    "Not a valid string.": "must be a string",
}


def read(schema: Schema, document: Any) -> Any:
    """Load a document; raises MalformedDocument with every problem."""
    try:
        return schema.load(document)
    except ValidationError as invalid:
        valid = invalid.valid_data if isinstance(invalid.valid_data, dict) else {}
        raise MalformedDocument(_flatten(invalid.messages, schema, ""), valid) from invalid


def document_keys(schema: Schema) -> dict[str, str]:
    """The keys that a schema knows, by the names of their fields."""
    return {name: field.data_key or name for name, field in schema.fields.items()}


def _flatten(messages: Any, shape: Any, path: str) -> Iterator[tuple[str, str]]:
    """Turn marshmallow's nested messages about a shape into (key path, message) pairs."""
    if isinstance(messages, str):
        yield path, _WORDS.get(messages, messages)
    elif isinstance(messages, list):
        for message in messages:
            yield from _flatten(message, shape, path)
    elif isinstance(shape, fields.Dict):
        for key, sides in messages.items():
            for side, inner in sides.items():
                yield from _flatten(inner, getattr(shape, f"{side}_field"), _joined(path, key))
    elif isinstance(shape, fields.List):
        for index, inner in messages.items():
            yield from _flatten(inner, shape.inner, f"{path}[{index}]")
    else:
        yield from _flatten_keys(messages, getattr(shape, "schema", shape), path)


def _flatten_keys(messages: dict[str, Any], schema: Schema, path: str) -> Iterator[tuple[str, str]]:
    known = {field.data_key or name: field for name, field in schema.fields.items()}
    for key, inner in messages.items():
        if key == "_schema":  # about the object as a whole
            yield from _flatten(inner, None, path)
        elif inner == ["Unknown field."]:
            yield _joined(path, key), f"unknown key{_nearest(key, known)}"
        else:
            yield from _flatten(inner, known.get(key), _joined(path, key))


def _joined(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _nearest(key: str, known: Iterable[str]) -> str:
    by_lower = {name.lower(): name for name in known}
    near = difflib.get_close_matches(key.lower().replace("_", ""), by_lower, n=1)
    return f": did you mean {by_lower[near[0]]!r}?" if near else ""
