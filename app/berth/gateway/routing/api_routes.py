"""One table of the routes of all kinds of API: the more specific template wins."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any, Generic, TypeVar

from berth.errors import AmbiguousPath, NoSuchRoute
from berth.gateway.routing.head import RequestHead
from berth.gateway.routing.listener_rules import ListenerRules
from berth.gateway.routing.route_table import HttpRouteTable, RouteTable
from berth.model import api_kind
from berth.model.route import Guard, Route
from berth.model.value_class import value_class
from berth.payload.readings import path_readings
from berth.payload.urls import decode_path

Target = TypeVar("Target")
Table = RouteTable[tuple[Target, Guard]] | ListenerRules[tuple[Target, Guard]]

# What each kind of API finds its routes in.
TABLES: Mapping[api_kind.ApiKind, type[RouteTable[Any]] | type[ListenerRules[Any]]] = {
    api_kind.REST: RouteTable,
    api_kind.HTTP_1: HttpRouteTable,
    api_kind.HTTP_2: HttpRouteTable,
    api_kind.ALB: ListenerRules,
    api_kind.URL: RouteTable,
}


@value_class
class Found(Generic[Target]):
    """A route that takes a request."""

    rank: tuple[Any, ...]  # how specific the match is; the lowest rank wins
    target: Target
    parameters: Mapping[str, str]
    path: str  # without the stage
    guard: Guard


class ApiRoutes(Generic[Target]):
    """Each kind of API finds a route by its own rules; of several the most specific wins.

    A function or its web framework may read a path otherwise than the gateway: decode it, resolve its dot
    segments, cut its parameters. So a route is taken only if its guard covers the guard of every route
    that another reading of the path would lead to.
    """

    def __init__(self) -> None:
        # By the name of the API: routes of both payload format versions are routes of one HTTP API.
        self._apis: dict[str, _ApiTable[Target]] = {}
        self._guards: set[Guard] = set()

    def add(self, route: Route, target: Target) -> None:
        """Add one route."""
        kind = route.function.api
        api = self._apis.get(kind.name)
        if api is None:
            api = self._apis[kind.name] = _ApiTable(kind, route.wire_path, TABLES[kind]())
        api.add(route, target)
        self._guards.add(route.guard)

    def match(self, head: RequestHead) -> tuple[Target, Mapping[str, str]]:
        """Find the target for a request and its path parameters; raises NoSuchRoute or AmbiguousPath."""
        found = self.find(head, None)
        if len(self._guards) > 1:
            self._refuse_weaker(head, found)
        return found.target, found.parameters

    def inner_paths(self, head: RequestHead) -> Iterator[str]:
        """The path of a request as each API takes it, without its stage."""
        paths = (head.inner_path(api.prefix) for api in self._apis.values())
        return (path for path in paths if path is not None)

    def _refuse_weaker(self, head: RequestHead, found: Found[Target]) -> None:
        for reading in path_readings(found.path) - {found.path}:
            try:
                other = self.find(head, reading)
            except NoSuchRoute:
                continue
            if not found.guard.covers(other.guard):
                raise AmbiguousPath(f"{found.path} can be read as {reading}, which has another guard")

    def find(self, head: RequestHead, path: str | None) -> Found[Target]:
        """Find the most specific route for a path without its stage; None stands for the request's own path.

        This looks at one reading only, so its caller has to compare the guards; raises NoSuchRoute.
        """
        if len(self._apis) == 1 and "apiKind" not in head.context:
            (api,) = self._apis.values()
            return api.find(head, path)
        found = list(self._found(head, path))
        if not found:
            raise NoSuchRoute(head.method, path or head.path)
        return min(found, key=lambda each: each.rank)

    def _found(self, head: RequestHead, path: str | None) -> Iterator[Found[Target]]:
        """What each API finds; where a trusted gateway tells its kind of API, no other one is asked."""
        told = head.context.get("apiKind")
        for name, api in self._apis.items():
            with suppress(NoSuchRoute):
                if told is None or told == name:
                    yield api.find(head, path)


class _ApiTable(Generic[Target]):
    """The routes of one API."""

    def __init__(self, kind: api_kind.ApiKind, prefix: str, table: Table[Target]) -> None:
        self._kind = kind
        self.prefix = prefix  # the stage, where requests carry it
        self._table = table

    def add(self, route: Route, target: Target) -> None:
        if isinstance(self._table, ListenerRules):
            self._table.add(route.key, route.listener_rule, (target, route.guard))
        else:
            self._table.add(route.key, (target, route.guard))

    def find(self, head: RequestHead, path: str | None) -> Found[Target]:
        """Find the route for a path without its stage; None stands for the request's own path."""
        kind = self._kind
        method = head.overridden_method if kind.has_method_override else head.method
        path = head.inner_path(self.prefix) if path is None else path
        if path is None:
            raise NoSuchRoute(method, head.path)
        if isinstance(self._table, ListenerRules):
            key, (target, guard), rule = self._table.match(head, path)
            return Found((key.specificity, int(not rule.conditions)), target, {}, path, guard)
        matched = decode_path(path) if kind.matches_decoded_path else path
        key, (target, guard), parameters = self._table.match(method, matched)
        return Found((key.specificity, 1), target, parameters, path, guard)
