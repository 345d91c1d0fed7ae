"""Models of request bodies: JSON Schemas of draft 4, as API Gateway has them.

The package jsonschema is an extra and imported where it is used.
"""

import json
from functools import lru_cache
from typing import Any


def model_problem(model: Any) -> str | None:
    """Why a model cannot be used, or None; raises ModuleNotFoundError without the package jsonschema."""
    from jsonschema import Draft4Validator
    from jsonschema.exceptions import SchemaError

    try:
        Draft4Validator.check_schema(model)
    except SchemaError as wrong:
        return f"is not a JSON Schema of draft 4: {wrong.message}"
    outside = next((target for target in _references(model) if not target.startswith("#")), None)
    return f"refers to {outside!r}: only references within a model are supported" if outside else None


def is_valid(model: str, body: bytes) -> bool:
    """Whether a body is JSON and meets a model, given as its text; an empty body counts as `{}`."""
    try:
        return bool(_validator(model).is_valid(json.loads(body or b"{}")))
    except (ValueError, RecursionError):
        return False


@lru_cache(maxsize=256)
def _validator(model: str) -> Any:
    from jsonschema import Draft4Validator

    return Draft4Validator(json.loads(model))


def _references(model: Any) -> list[str]:
    """Every `$ref` in a model."""
    if isinstance(model, list):
        return [target for each in model for target in _references(each)]
    if not isinstance(model, dict):
        return []
    own = [model["$ref"]] if isinstance(model.get("$ref"), str) else []
    return own + [target for each in model.values() for target in _references(each)]
