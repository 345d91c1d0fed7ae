"""Fields that take JSON values as they are: no text becomes a number, and no number a boolean."""

import re
from typing import Any

from marshmallow import INCLUDE, Schema, ValidationError, fields

from berth.model.route import ANY, DEFAULT_ROUTE, METHODS, RouteKey

# The characters API Gateway accepts in a path part, and in the name of a path parameter.
_LITERAL = re.compile(r"[a-zA-Z0-9._:-]+")
_VARIABLE = re.compile(r"\{[a-zA-Z0-9._-]+\+?\}")
# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-condition-types.html#path-conditions
_PATTERN = re.compile(r"""/[a-zA-Z0-9_.$/~"'@:+&*?-]{0,127}""")


class AwsSchema(Schema):
    """A document that AWS defines. Unknown keys are kept, since AWS may add some."""

    class Meta:
        """marshmallow's own settings."""

        unknown = INCLUDE


class Whole(fields.Integer):
    """A JSON number without a fraction."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(strict=True, **{"allow_none": False} | kwargs)

    def _validated(self, value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise ValidationError(f"must be a whole number, not {described(value)}")
        return int(super()._validated(value))


class Flag(fields.Boolean):
    """JSON true or false and nothing else."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"allow_none": False} | kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise ValidationError(f"must be true or false, not {described(value)}")
        return value


class ClientText(fields.String):
    """A JSON string with any characters, as a client may send it."""

    def __init__(self, **kwargs: Any) -> None:
        # Without this, a default of None would let null through.
        super().__init__(**{"allow_none": False} | kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        if not isinstance(value, str):
            raise ValidationError(f"must be a string, not {described(value)}")
        return value


class ScalarText(fields.Field[str]):
    """Text, or a boolean or number as its JSON text."""

    wrong = "is neither text nor number nor boolean"

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        if isinstance(value, bool):
            return "true" if value else "false"
        if not isinstance(value, str | int | float):
            raise ValidationError(f"{described(value)} {self.wrong}")
        return str(value)


class AnyText(ClientText):
    """A JSON string without NUL."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        if "\0" in text:
            raise ValidationError("must not contain NUL")
        return text


class Text(AnyText):
    """A JSON string, not empty."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        if not text:
            raise ValidationError("must not be empty")
        return text


class Pattern(Text):
    """A JSON string that matches a pattern as a whole."""

    def __init__(self, pattern: str, wrong: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.pattern = pattern
        self.wrong = wrong

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        if not re.fullmatch(self.pattern, text):
            raise ValidationError(f"{text!r} {self.wrong}")
        return text


class Resource(Text):
    """A resource path that API Gateway would accept."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        path = super()._deserialize(value, attr, data, **kwargs)
        problem = _path_problem(path)
        if problem:
            raise ValidationError(f"{path!r} {problem}")
        return path


def described(value: Any) -> str:
    """Describe a JSON value in a message: an object or array by its kind, anything else by its text."""
    kinds = {dict: "an object", list: "an array", type(None): "null"}
    if type(value) in kinds:
        return kinds[type(value)]
    text = str(value).lower() if isinstance(value, bool) else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _path_problem(path: str) -> str | None:
    """Say why API Gateway or a load balancer would refuse a path; None if they would not."""
    if path == DEFAULT_ROUTE:
        return None
    if not path.startswith("/"):
        return "must begin with /"
    if RouteKey(ANY, path).is_pattern:
        wrong = "is a pattern, and may hold a-z A-Z 0-9 _ - . $ / ~ \" ' @ : + & * ? only, 128 at most"
        return None if _PATTERN.fullmatch(path) else wrong
    parts = path.split("/")[1:]
    if path == "/":
        return None
    if "" in parts:
        is_trailing = parts.index("") == len(parts) - 1
        return f"has a trailing slash: write {path[:-1]!r}" if is_trailing else "must have no empty path part"
    for part in parts:
        if not (_LITERAL.fullmatch(part) or _VARIABLE.fullmatch(part)):
            allowed = "only a-z A-Z 0-9 . _ - : or one whole {name} or {name+} is allowed"
            return f"has the path part {part!r}: {allowed}"
    return _variables_problem(path, parts)


def _variables_problem(path: str, parts: list[str]) -> str | None:
    if any(part.endswith("+}") for part in parts[:-1]):
        return "has a greedy {name+} that is not the last path part"
    names = list(RouteKey(ANY, path).variables)
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        return f"names the path parameter {repeated[0]!r} twice"
    return None


def method_problem(method: str) -> str | None:
    """Say why a REST API has no such method, and which one was probably meant; None if it has it."""
    if method in {*METHODS, ANY}:
        return None
    meant = method.upper() if method.upper() in {*METHODS, ANY} else None
    hint = f": did you mean {meant}?" if meant else ""
    return f"{method!r} is not one of {', '.join((ANY, *METHODS))}{hint}"
