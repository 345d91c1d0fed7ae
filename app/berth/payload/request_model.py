"""Models of request bodies: JSON Schemas of draft 4, as API Gateway has them.

The package jsonschema is an extra and imported where it is used.
"""

import json
from functools import lru_cache
from typing import Any
from urllib.parse import unquote


def model_problem(model: Any) -> str | None:
    """Why a model cannot be used, or None; raises ModuleNotFoundError without the package jsonschema."""
    from jsonschema import Draft4Validator
    from jsonschema.exceptions import SchemaError

    try:
        Draft4Validator.check_schema(model)
    except SchemaError as wrong:
        return f"is not a JSON Schema of draft 4: {wrong.message}"
    for target in _references(model):
        if not target.startswith("#"):
            return f"refers to {target!r}: only references within a model are supported"
        if not _leads_somewhere(model, target):
            return f"refers to {target!r}, which is not there"
    return None


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


def _leads_somewhere(model: Any, target: str) -> bool:
    """Whether a JSON pointer such as `#/definitions/a` is of a part of a model."""
    for part in unquote(target[1:]).split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        if isinstance(model, list) and name.isdigit() and int(name) < len(model):
            model = model[int(name)]
        elif isinstance(model, dict) and name in model:
            model = model[name]
        else:
            return False
    return target[1:2] in {"", "/"}


def _references(model: Any) -> list[str]:
    """Every `$ref` in a model."""
    if isinstance(model, list):
        return [target for each in model for target in _references(each)]
    if not isinstance(model, dict):
        return []
    own = [model["$ref"]] if isinstance(model.get("$ref"), str) else []
    return own + [target for each in model.values() for target in _references(each)]
