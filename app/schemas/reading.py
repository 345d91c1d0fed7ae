"""A document through its schema: the model, or every problem with its key path."""

import difflib
from collections.abc import Iterator
from typing import Any

from marshmallow import Schema, ValidationError, fields

from app.errors import MalformedDocument

# marshmallow's own words, in ours.
_WORDS = {
    "Missing data for required field.": "is required",
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
        raise MalformedDocument(_flatten(invalid.messages, schema, "")) from invalid


def _flatten(messages: Any, schema: Schema | None, path: str) -> Iterator[tuple[str, str]]:
    """Turn marshmallow's nested messages into (key path, message) pairs."""
    if isinstance(messages, str):
        yield path, _WORDS.get(messages, messages)
    elif isinstance(messages, list):
        for message in messages:
            yield from _flatten(message, schema, path)
    else:
        for key, inner in messages.items():
            yield from _flatten_key(key, inner, schema, path)


def _flatten_key(key: Any, inner: Any, schema: Schema | None, path: str) -> Iterator[tuple[str, str]]:
    if inner == ["Unknown field."]:
        yield _joined(path, key), f"unknown key{_nearest(str(key), schema)}"
    elif key in {"_schema", "key", "value"} and isinstance(inner, list):
        # marshmallow's own levels: a whole object's errors, and the two sides of a mapping.
        yield from _flatten(inner, schema, path)
    else:
        yield from _flatten(inner, _inner_schema(schema, key), _joined(path, key))


def _joined(path: str, key: Any) -> str:
    if isinstance(key, int):
        return f"{path}[{key}]"
    return f"{path}.{key}" if path else str(key)


def _inner_schema(schema: Schema | None, key: Any) -> Schema | None:
    """The schema one level down; a list's index stays within its items' schema."""
    if schema is None or isinstance(key, int):
        return schema
    field = next((item for item in schema.fields.values() if item.data_key == key), schema.fields.get(key))
    if isinstance(field, fields.List):
        field = field.inner
    return field.schema if isinstance(field, fields.Nested) else None


def _nearest(key: str, schema: Schema | None) -> str:
    if schema is None:
        return ""
    known = [field.data_key or name for name, field in schema.fields.items()]
    by_lower = {name.lower(): name for name in known}
    near = difflib.get_close_matches(key.lower().replace("_", ""), by_lower, n=1)
    return f": did you mean {by_lower[near[0]]!r}?" if near else ""
