"""Models of bodies, JSON Schemas of draft 4: whether a document meets one, in a time that has a limit.

The package jsonschema says why a document is wrong. API Gateway does not, and to collect the reasons may take
for ever: the keywords here only answer yes or no. An expression is searched for by an automaton, unique items
are found by their texts, and all checks of one document together may do so much work and no more.
"""

import json
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any
from urllib.parse import unquote

from berth.model.automaton import Work
from berth.model.expression import Expression, ExpressionRefused

# Which Python types JSON's types are; a boolean is no number.
_TYPES: Mapping[str, tuple[type, ...]] = {
    "array": (list,),
    "boolean": (bool,),
    "integer": (int,),
    "null": (type(None),),
    "number": (int, float),
    "object": (dict,),
    "string": (str,),
}
_COST = 4  # of a keyword's test, in the units of Work


class BodyModel:
    """One model; raises ExpressionRefused for a pattern in it that cannot be used."""

    def __init__(self, schema: Any) -> None:
        self._schema = schema
        self._expressions = {text: _expression(text) for text in _patterns(schema)}

    def accepts(self, document: Any) -> bool:
        """Whether a document meets the model.

        Raises ExpressionTooCostly if the check takes too much work, and RecursionError.
        """
        return _Check(self._schema, self._expressions, Work()).meets(document, self._schema)


class _Check:
    """The check of one document."""

    def __init__(self, root: Any, expressions: Mapping[str, Expression], work: Work) -> None:
        self._root, self._expressions, self.work = root, expressions, work

    def meets(self, instance: Any, schema: Any) -> bool:
        target = schema.get("$ref")
        if isinstance(target, str):  # what stands beside a reference has no meaning
            self.work.add(_COST)
            return self.meets(instance, find_part(self._root, target))
        for name, value in schema.items():
            keyword = _KEYWORDS.get(name)
            if keyword is not None:
                self.work.add(_COST)
                if not keyword(self, value, instance, schema):
                    return False
        return True

    def fits(self, pattern: str, text: str) -> bool:
        return self._expressions[pattern].is_in(text, self.work)

    def text(self, instance: Any) -> str:
        """A text that two documents share if they are equal, and only then."""
        text = json.dumps(_whole_numbers(instance), sort_keys=True)
        self.work.add(len(text) // 8)
        return text

    def fitting(self, patterns: Mapping[str, Any], name: str) -> list[Any]:
        """The schemas of the patterns that a property's name fits."""
        return [schema for pattern, schema in patterns.items() if self.fits(pattern, name)]


def find_part(model: Any, target: str) -> Any:
    """The part of a model at a JSON pointer such as `#/definitions/a`; raises LookupError."""
    if target[1:2] not in {"", "/"}:
        raise LookupError(target)
    for part in unquote(target[1:]).split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        if isinstance(model, list) and name.isdecimal():
            model = model[int(name)]
        elif isinstance(model, dict):
            model = model[name]
        else:
            raise LookupError(target)
    return model


def _patterns(schema: Any) -> set[str]:
    """Every expression in a model."""
    if isinstance(schema, list):
        return set().union(*map(_patterns, schema))
    if not isinstance(schema, dict):
        return set()
    own = {schema["pattern"]} if isinstance(schema.get("pattern"), str) else set()
    named = schema.get("patternProperties")
    return own.union(named if isinstance(named, dict) else (), *map(_patterns, schema.values()))


def _expression(text: str) -> Expression:
    try:
        return Expression(text)
    except ExpressionRefused as wrong:
        raise ExpressionRefused(f"has the pattern {text!r}, which {wrong}") from wrong


def _is(instance: Any, name: str) -> bool:
    is_other = isinstance(instance, bool) and name in {"integer", "number"}
    return isinstance(instance, _TYPES[name]) and not is_other


def _whole_numbers(instance: Any) -> Any:
    """A document in which 1.0 is written as 1: JSON Schema knows one number."""
    if isinstance(instance, list):
        return list(map(_whole_numbers, instance))
    if isinstance(instance, dict):
        return {name: _whole_numbers(value) for name, value in instance.items()}
    return int(instance) if isinstance(instance, float) and instance.is_integer() else instance


def _type(check: _Check, wanted: Any, instance: Any, schema: Any) -> bool:
    return any(_is(instance, name) for name in ([wanted] if isinstance(wanted, str) else wanted))


def _enum(check: _Check, listed: Any, instance: Any, schema: Any) -> bool:
    return check.text(instance) in map(check.text, listed)


def _multiple_of(check: _Check, divisor: Any, instance: Any, schema: Any) -> bool:
    if not _is(instance, "number"):
        return True
    if isinstance(divisor, int):
        return bool(instance % divisor == 0)
    try:
        quotient = instance / divisor
        return bool(int(quotient) == quotient)
    except OverflowError:
        # 1e999 has become infinite when it was read, and that is no multiple of anything.
        return instance not in _INFINITE and (Fraction(instance) / Fraction(divisor)).denominator == 1


_INFINITE = (float("inf"), float("-inf"))


def _limit(exclusive: str, sign: int) -> "Keyword":
    def keyword(check: _Check, limit: Any, instance: Any, schema: Any) -> bool:
        if not _is(instance, "number"):
            return True
        is_equal, is_beyond = instance == limit, instance > limit if sign > 0 else instance < limit
        return not (is_beyond or (is_equal and schema.get(exclusive, False)))

    return keyword


def _length(kind: str, sign: int) -> "Keyword":
    def keyword(check: _Check, limit: Any, instance: Any, schema: Any) -> bool:
        return not _is(instance, kind) or sign * (len(instance) - limit) <= 0

    return keyword


def _pattern(check: _Check, pattern: Any, instance: Any, schema: Any) -> bool:
    return not _is(instance, "string") or check.fits(pattern, instance)


def _items(check: _Check, items: Any, instance: Any, schema: Any) -> bool:
    if not _is(instance, "array"):
        return True
    if isinstance(items, dict):
        return all(check.meets(each, items) for each in instance)
    return all(check.meets(each, wanted) for each, wanted in zip(instance, items, strict=False))


def _additional_items(check: _Check, additional: Any, instance: Any, schema: Any) -> bool:
    items = schema.get("items", {})
    if not _is(instance, "array") or isinstance(items, dict):
        return True
    if isinstance(additional, dict):
        return all(check.meets(each, additional) for each in instance[len(items) :])
    return bool(additional) or len(instance) <= len(items)


def _unique_items(check: _Check, is_wanted: Any, instance: Any, schema: Any) -> bool:
    if not is_wanted or not _is(instance, "array"):
        return True
    return len(set(map(check.text, instance))) == len(instance)


def _properties(check: _Check, properties: Any, instance: Any, schema: Any) -> bool:
    if not _is(instance, "object"):
        return True
    return all(check.meets(instance[name], each) for name, each in properties.items() if name in instance)


def _pattern_properties(check: _Check, patterns: Any, instance: Any, schema: Any) -> bool:
    if not _is(instance, "object"):
        return True
    return all(
        check.meets(value, wanted)
        for name, value in instance.items()
        for wanted in check.fitting(patterns, name)
    )


def _additional_properties(check: _Check, additional: Any, instance: Any, schema: Any) -> bool:
    if not _is(instance, "object") or additional is True:
        return True
    known, patterns = schema.get("properties", {}), schema.get("patternProperties", {})
    others = (name for name in instance if name not in known and not check.fitting(patterns, name))
    if isinstance(additional, dict):
        return all(check.meets(instance[name], additional) for name in others)
    return next(others, None) is None


def _required(check: _Check, names: Any, instance: Any, schema: Any) -> bool:
    return not _is(instance, "object") or all(name in instance for name in names)


def _dependencies(check: _Check, dependencies: Any, instance: Any, schema: Any) -> bool:
    if not _is(instance, "object"):
        return True
    met = [wanted for name, wanted in dependencies.items() if name in instance]
    return all(
        check.meets(instance, wanted)
        if isinstance(wanted, dict)
        else all(name in instance for name in wanted)
        for wanted in met
    )


def _all_of(check: _Check, schemas: Any, instance: Any, schema: Any) -> bool:
    return all(check.meets(instance, each) for each in schemas)


def _any_of(check: _Check, schemas: Any, instance: Any, schema: Any) -> bool:
    return any(check.meets(instance, each) for each in schemas)


def _one_of(check: _Check, schemas: Any, instance: Any, schema: Any) -> bool:
    return sum(check.meets(instance, each) for each in schemas) == 1


def _not(check: _Check, unwanted: Any, instance: Any, schema: Any) -> bool:
    return not check.meets(instance, unwanted)


# A keyword's test: of the check, the keyword's value, the document, and the schema that has the keyword.
Keyword = Callable[[_Check, Any, Any, Any], bool]
_KEYWORDS: Mapping[str, Keyword] = {
    "type": _type,
    "enum": _enum,
    "multipleOf": _multiple_of,
    "maximum": _limit("exclusiveMaximum", 1),
    "minimum": _limit("exclusiveMinimum", -1),
    "maxLength": _length("string", 1),
    "minLength": _length("string", -1),
    "maxItems": _length("array", 1),
    "minItems": _length("array", -1),
    "maxProperties": _length("object", 1),
    "minProperties": _length("object", -1),
    "pattern": _pattern,
    "items": _items,
    "additionalItems": _additional_items,
    "uniqueItems": _unique_items,
    "properties": _properties,
    "patternProperties": _pattern_properties,
    "additionalProperties": _additional_properties,
    "required": _required,
    "dependencies": _dependencies,
    "allOf": _all_of,
    "anyOf": _any_of,
    "oneOf": _one_of,
    "not": _not,
}
