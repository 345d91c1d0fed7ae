"""Models of request bodies: JSON Schemas of draft 4, as API Gateway has them.

The package jsonschema is an extra and imported where it is used.
"""

import json
import math
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from typing import Any
from urllib.parse import unquote

from berth.model.expression import ExpressionRefused, compile_expression


def model_problem(model: Any) -> str | None:
    """Why a model cannot be used, or None; raises ModuleNotFoundError without the package jsonschema."""
    from jsonschema.exceptions import SchemaError

    try:
        _validator_class().check_schema(model)
    except SchemaError as wrong:
        return f"is not a JSON Schema of draft 4: {wrong.message}"
    for target in _found(model, "$ref"):
        if not target.startswith("#"):
            return f"refers to {target!r}: only references within a model are supported"
        if not _leads_somewhere(model, target):
            return f"refers to {target!r}, which is not there"
    for pattern in (*_found(model, "pattern"), *_pattern_names(model)):
        try:
            compile_expression(pattern)
        except ExpressionRefused as refused:
            return f"has the pattern {pattern!r}, which {refused}"
    return None


def is_valid(model: str, body: bytes) -> bool:
    """Whether a body is JSON and meets a model, given as its text; an empty body counts as `{}`."""
    try:
        return bool(_validator(model).is_valid(_loads(body or b"{}")))
    except (ValueError, RecursionError):
        return False


def _loads(body: bytes) -> Any:
    """Read JSON as API Gateway does: neither `NaN` nor a number that is too large for a double is JSON."""
    return json.loads(body, parse_float=_finite, parse_constant=_finite)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is no finite number")
    return number


@lru_cache(maxsize=256)
def _validator(model: str) -> Any:
    return _validator_class()(json.loads(model))


@cache
def _validator_class() -> Any:
    """The validator of draft 4, with keywords that take no longer on one document than on another."""
    from jsonschema import Draft4Validator, ValidationError, validators

    def wrong_if(is_wrong: bool) -> Iterator[Any]:
        if is_wrong:
            yield ValidationError("is not valid")

    def pattern(validator: Any, text: str, instance: Any, schema: Any) -> Iterator[Any]:
        return wrong_if(isinstance(instance, str) and compile_expression(text).search(instance) is None)

    def pattern_properties(validator: Any, patterns: Any, instance: Any, schema: Any) -> Iterator[Any]:
        for text, inner in patterns.items() if isinstance(instance, dict) else ():
            for name in filter(compile_expression(text).search, instance):
                yield from validator.descend(instance[name], inner)

    def additional_properties(validator: Any, allowed: Any, instance: Any, schema: Any) -> Iterator[Any]:
        known = schema.get("properties", {})
        expressions = [compile_expression(text) for text in schema.get("patternProperties", {})]
        for name in instance if isinstance(instance, dict) else ():
            if name in known or any(each.search(name) for each in expressions):
                continue
            yield from (
                wrong_if(not allowed)
                if isinstance(allowed, bool)
                else validator.descend(instance[name], allowed)
            )

    def unique_items(validator: Any, is_wanted: bool, instance: Any, schema: Any) -> Iterator[Any]:
        is_list = is_wanted and isinstance(instance, list)
        return wrong_if(is_list and len(set(map(_spelling, instance))) < len(instance))

    keywords = {
        "pattern": pattern,
        "patternProperties": pattern_properties,
        "additionalProperties": additional_properties,
        "uniqueItems": unique_items,
    }
    return validators.extend(Draft4Validator, keywords)  # type: ignore[no-untyped-call]


def _spelling(document: Any) -> str:
    """A text that two JSON documents share if they are equal, and only then; 1 and 1.0 are equal."""
    return json.dumps(_whole(document), sort_keys=True)


def _whole(document: Any) -> Any:
    if isinstance(document, dict):
        return {name: _whole(value) for name, value in document.items()}
    if isinstance(document, list):
        return [_whole(value) for value in document]
    return int(document) if isinstance(document, float) and document.is_integer() else document


def _leads_somewhere(model: Any, target: str) -> bool:
    """Whether a JSON pointer such as `#/definitions/a` leads to a part of the model."""
    for part in unquote(target[1:]).split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        if isinstance(model, list) and name.isdigit() and int(name) < len(model):
            model = model[int(name)]
        elif isinstance(model, dict) and name in model:
            model = model[name]
        else:
            return False
    return target[1:2] in {"", "/"}


def _found(model: Any, key: str) -> list[str]:
    """Every text under a key such as `$ref`, anywhere in a model."""
    own = [model[key]] if isinstance(model, dict) and isinstance(model.get(key), str) else []
    return own + [text for part in _parts_of(model) for text in _found(part, key)]


def _pattern_names(model: Any) -> list[str]:
    """Every expression that a model compares the names of properties with."""
    named = model.get("patternProperties") if isinstance(model, dict) else None
    own = list(named) if isinstance(named, dict) else []
    return own + [text for part in _parts_of(model) for text in _pattern_names(part)]


def _parts_of(model: Any) -> Iterable[Any]:
    if isinstance(model, dict):
        return model.values()
    return model if isinstance(model, list) else ()
