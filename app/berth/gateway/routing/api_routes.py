"""One table of the routes of all kinds of API: the more specific template wins."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Generic, TypeVar

from berth.errors import NoSuchRoute
from berth.gateway.routing.head import RequestHead
from berth.gateway.routing.listener_rules import ListenerRules
from berth.gateway.routing.route_table import HttpRouteTable, RouteTable
from berth.model import api_kind
from berth.model.route import Route

Target = TypeVar("Target")
# How specific a match is, the lowest most; its target; the raw path parameters.
Found = tuple[tuple[Any, ...], Target, dict[str, str]]

# What each kind of API finds its routes in.
TABLES: Mapping[api_kind.ApiKind, type[RouteTable[Any]] | type[ListenerRules[Any]]] = {
    api_kind.REST: RouteTable,
    api_kind.HTTP_1: HttpRouteTable,
    api_kind.HTTP_2: HttpRouteTable,
    api_kind.ALB: ListenerRules,
    api_kind.URL: RouteTable,
}


class ApiRoutes(Generic[Target]):
    """Each kind of API finds a route by its own rules; of several the most specific wins."""

    def __init__(self) -> None:
        # By the name of the API: routes of both payload format versions are routes of one HTTP API.
        self._tables: dict[str, RouteTable[Target] | ListenerRules[Target]] = {}
        self._finders: dict[str, Callable[[RequestHead], Found[Target]]] = {}

    def add(self, route: Route, target: Target) -> None:
        """Add one route."""
        kind = route.function.api
        table = self._tables.setdefault(kind.name, TABLES[kind]())
        if isinstance(table, ListenerRules):
            table.add(route.key, route.listener_rule, target)
            self._finders[kind.name] = lambda head: _find_rule(table, head)
        else:
            table.add(route.key, target)
            self._finders[kind.name] = lambda head: _find_route(table, kind, route.wire_path, head)

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


def _find_route(
    table: RouteTable[Target], kind: api_kind.ApiKind, prefix: str, head: RequestHead
) -> Found[Target]:
    method = head.overridden_method if kind.has_method_override else head.method
    path = head.inner_path(prefix)
    if path is None:
        raise NoSuchRoute(method, head.path)
    key, target, parameters = table.match(method, path)
    return (key.specificity, 1), target, parameters


def _find_rule(rules: ListenerRules[Target], head: RequestHead) -> Found[Target]:
    key, target, rule = rules.match(head)
    return (key.specificity, int(not rule.conditions)), target, {}
