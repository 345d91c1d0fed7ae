"""Routes: what a manifest claims, and what a request is matched to."""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from app.model.function import Function
from app.model.stage import Stage

METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
ANY = "ANY"
RESERVED_PREFIX = "/_berth"

_VARIABLE = re.compile(r"\{([^{}+]*)(\+?)\}")


@dataclass(frozen=True)
class Segment:
    """One path part of a resource: a literal, a `{variable}` or a greedy `{variable+}`."""

    text: str
    is_variable: bool = False
    is_greedy: bool = False


@dataclass(frozen=True)
class RouteKey:
    """A method and a resource path, written as API Gateway writes them: `GET /orders/{id}`."""

    method: str
    path: str

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @cached_property
    def segments(self) -> tuple[Segment, ...]:
        """The path parts from left to right; none for `/`."""
        return tuple(_segment(text) for text in self.path.split("/")[1:] if text)

    @property
    def template(self) -> tuple[str, str]:
        """The key without variable names: two routes with one template shadow each other."""
        return self.method, "/".join(_anonymous(segment) for segment in self.segments)

    @property
    def variables(self) -> Iterator[str]:
        """The names of the path parameters, in order."""
        return (segment.text for segment in self.segments if segment.is_variable)


@dataclass(frozen=True, eq=False)
class Route:
    """An integration: a route key of a stage linked to the function that serves it."""

    key: RouteKey
    function: Function
    stage: Stage

    @cached_property
    def resource_id(self) -> str:
        """Six lower-case characters, the same for one resource path in every start."""
        return hashlib.sha256(self.key.path.encode()).hexdigest()[:6]


def is_reserved(path: str) -> bool:
    """Whether a path is the server's own."""
    return path == RESERVED_PREFIX or path.startswith(f"{RESERVED_PREFIX}/")


def _segment(text: str) -> Segment:
    variable = _VARIABLE.fullmatch(text)
    if variable is None:
        return Segment(text)
    return Segment(variable[1], is_variable=True, is_greedy=bool(variable[2]))


def _anonymous(segment: Segment) -> str:
    if not segment.is_variable:
        return segment.text
    return "{+}" if segment.is_greedy else "{}"
