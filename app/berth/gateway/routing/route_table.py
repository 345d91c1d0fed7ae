"""Finds the route of a method and a raw path, as REST APIs and HTTP APIs do."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Generic, TypeVar

from berth.errors import NoSuchRoute
from berth.model.route import ANY, METHODS, RouteKey, Segment

Target = TypeVar("Target")
Match = tuple[RouteKey, Target, dict[str, str]]


@dataclass
class _Node(Generic[Target]):
    """One resource: the resources below it, and its methods."""

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
    """A REST API's routes as a tree of path parts; finding one takes as long as its path is deep."""

    _stripped = "/"  # of a greedy parameter's ends

    def __init__(self) -> None:
        self._root: _Node[Target] = _Node()
        self._default: tuple[RouteKey, Target] | None = None
        # By method and path: what was found for requests that spelled the path of a route as its key does. So
        # clients cannot fill it: it has at most one entry for each route and method.
        self._found: dict[tuple[str, str], tuple[RouteKey, Target]] = {}

    def add(self, key: RouteKey, target: Target) -> None:
        """Add one route."""
        self._found.clear()
        if key.is_default:
            self._default = (key, target)
            return
        node = self._root
        for segment in key.segments:
            if segment.is_greedy:
                node.greedy[key.method] = (key, target)
                return
            node = node.below(segment)
        node.methods[key.method] = (key, target)

    def match(self, method: str, path: str) -> Match[Target]:
        """Find the key, the target and the path parameters; raises NoSuchRoute.

        Per path part a literal goes before `{name}` before `{name+}`, and a resource without the
        method is passed over for a less specific one (recorded from AWS). Slashes at either end do
        not count.
        """
        if again := self._found.get((method, path)):
            return *again, {}
        parts = self._parts(path)
        is_known = method in METHODS and path.startswith("/")
        found = (self._find(method, parts) or self._default) if is_known else None
        if found is None:
            raise NoSuchRoute(method, path)
        key, target = found
        parameters = _parameters(key, parts, self._stripped)
        if path == key.path and not parameters:
            self._found[method, path] = found
        return key, target, parameters

    def _parts(self, path: str) -> Sequence[str]:
        inner = path.strip("/")
        return inner.split("/") if inner else ()

    def _find(self, method: str, parts: Sequence[str]) -> tuple[RouteKey, Target] | None:
        return _find(self._root, method, parts, 0)


class HttpRouteTable(RouteTable[Target]):
    """An HTTP API's routes: a full match goes before every greedy one, and every slash counts.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html
    """

    _stripped = ""

    def _parts(self, path: str) -> Sequence[str]:
        return path[1:].split("/") if path != "/" else ()

    def _find(self, method: str, parts: Sequence[str]) -> tuple[RouteKey, Target] | None:
        full = _find(self._root, method, parts, 0, with_greedy=False)
        return full or _find(self._root, method, parts, 0)


def _find(
    node: _Node[Target], method: str, parts: Sequence[str], depth: int, with_greedy: bool = True
) -> tuple[RouteKey, Target] | None:
    if depth == len(parts):
        return _of_method(node.methods, method)
    literal = node.literals.get(parts[depth])
    found = _find(literal, method, parts, depth + 1, with_greedy) if literal else None
    if found is None and node.variable and parts[depth]:
        found = _find(node.variable, method, parts, depth + 1, with_greedy)
    if found is None and with_greedy and any(parts[depth:]):
        found = _of_method(node.greedy, method)
    return found


def _of_method(methods: dict[str, tuple[RouteKey, Target]], method: str) -> tuple[RouteKey, Target] | None:
    return methods.get(method) or methods.get(ANY)


def _parameters(key: RouteKey, parts: Sequence[str], stripped: str) -> dict[str, str]:
    parameters = {}
    for depth, segment in enumerate(key.segments):
        if segment.is_greedy:
            parameters[segment.text] = "/".join(parts[depth:]).strip(stripped)
        elif segment.is_variable:
            parameters[segment.text] = parts[depth]
    return parameters


def forwarded_parameters(template: str, path: str) -> dict[str, str] | None:
    """The path parameters by API Gateway's own template; None if the path does not fit it."""
    try:
        return _table_of(template).match("GET", path)[2]
    except NoSuchRoute:
        return None


@lru_cache(maxsize=1024)
def _table_of(template: str) -> RouteTable[None]:
    table: RouteTable[None] = RouteTable()
    table.add(RouteKey(ANY, template), None)
    return table
