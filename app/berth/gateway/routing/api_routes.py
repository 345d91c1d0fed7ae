"""One table of the routes of all kinds of API: the more specific template wins."""

from collections.abc import Callable, Iterator
from typing import Any, Generic, TypeVar

from berth.errors import NoSuchRoute
from berth.gateway.routing.head import RequestHead
from berth.gateway.routing.listener_rules import ListenerRules
from berth.gateway.routing.route_table import HttpRouteTable, RouteTable
from berth.model.route import Route

Target = TypeVar("Target")
# How specific a match is, the lowest most; its target; the raw path parameters.
Found = tuple[tuple[Any, ...], Target, dict[str, str]]


class ApiRoutes(Generic[Target]):
    """Every kind of API finds by its own rules; between those that find one, the template decides."""

    def __init__(self) -> None:
        self._tables: dict[str, RouteTable[Target]] = {}
        self._rules: ListenerRules[Target] = ListenerRules()
        self._prefixes: dict[str, str] = {}
        self._finders: dict[str, Callable[[RequestHead], Found[Target]]] = {}

    def add(self, route: Route, target: Target) -> None:
        """Add one route."""
        kind = route.function.api
        if kind == "alb":
            self._rules.add(route.key, route.listener_rule, target)
            self._finders[kind] = self._find_rule
            return
        table = self._tables.setdefault(kind, HttpRouteTable() if kind == "http" else RouteTable())
        table.add(route.key, target)
        self._prefixes[kind] = route.wire_path
        self._finders[kind] = lambda head: self._find_route(kind, head)

    def match(self, head: RequestHead) -> tuple[Target, dict[str, str]]:
        """Find the target for a request and the raw path parameters; raises NoSuchRoute."""
        if len(self._finders) == 1:
            (find,) = self._finders.values()
            return find(head)[1:]
        found = list(self._found(head))
        if not found:
            raise NoSuchRoute(head.method, head.path)
        return min(found, key=lambda each: each[0])[1:]

    def _found(self, head: RequestHead) -> Iterator[Found[Target]]:
        for find in self._finders.values():
            try:
                yield find(head)
            except NoSuchRoute:
                continue

    def _find_route(self, kind: str, head: RequestHead) -> Found[Target]:
        method = head.overridden_method if kind == "rest" else head.method
        path = head.inner_path(self._prefixes[kind])
        if path is None:
            raise NoSuchRoute(method, head.path)
        key, target, parameters = self._tables[kind].match(method, path)
        return (key.specificity, 1), target, parameters

    def _find_rule(self, head: RequestHead) -> Found[Target]:
        key, target, rule = self._rules.match(head)
        return (key.specificity, int(not rule.conditions)), target, {}
