"""Which route a method and a raw path belong to, by a REST API's rules."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from app.errors import NoSuchRoute
from app.model.route import ANY, METHODS, RouteKey, Segment

Target = TypeVar("Target")


@dataclass
class _Node(Generic[Target]):
    """One resource: what hangs below it, and its methods."""

    literals: dict[str, "_Node[Target]"] = field(default_factory=dict)
    variable: "_Node[Target] | None" = None
    methods: dict[str, tuple[RouteKey, Target]] = field(default_factory=dict)
    greedy: dict[str, tuple[RouteKey, Target]] = field(default_factory=dict)

    def below(self, segment: Segment) -> "_Node[Target]":
        if not segment.is_variable:
            return self.literals.setdefault(segment.text, _Node())
        if self.variable is None:
            self.variable = _Node()
        return self.variable


class RouteTable(Generic[Target]):
    """Routes as a tree of path parts; finding one takes as long as its path is deep."""

    def __init__(self) -> None:
        self._root: _Node[Target] = _Node()

    def add(self, key: RouteKey, target: Target) -> None:
        """Add one route."""
        node = self._root
        for segment in key.segments:
            if segment.is_greedy:
                node.greedy[key.method] = (key, target)
                return
            node = node.below(segment)
        node.methods[key.method] = (key, target)

    def match(self, method: str, path: str) -> tuple[Target, dict[str, str]]:
        """Find the target and the raw path parameters; raises NoSuchRoute.

        Per path part a literal goes before `{name}` before `{name+}`, and a resource without the
        method is passed over for a less specific one (recorded from AWS). Slashes at either end do
        not count.
        """
        inner = path.strip("/")
        parts = inner.split("/") if inner else []
        found = _find(self._root, method, parts, 0) if method in METHODS and path.startswith("/") else None
        if found is None:
            raise NoSuchRoute(method, path)
        key, target = found
        return target, _parameters(key, parts)


def _find(
    node: _Node[Target], method: str, parts: Sequence[str], depth: int
) -> tuple[RouteKey, Target] | None:
    if depth == len(parts):
        return _of_method(node.methods, method)
    literal = node.literals.get(parts[depth])
    found = _find(literal, method, parts, depth + 1) if literal else None
    if found is None and node.variable and parts[depth]:
        found = _find(node.variable, method, parts, depth + 1)
    return found or _of_method(node.greedy, method)


def _of_method(methods: dict[str, tuple[RouteKey, Target]], method: str) -> tuple[RouteKey, Target] | None:
    return methods.get(method) or methods.get(ANY)


def _parameters(key: RouteKey, parts: Sequence[str]) -> dict[str, str]:
    parameters = {}
    for depth, segment in enumerate(key.segments):
        if segment.is_greedy:
            parameters[segment.text] = "/".join(parts[depth:]).strip("/")
        elif segment.is_variable:
            parameters[segment.text] = parts[depth]
    return parameters
