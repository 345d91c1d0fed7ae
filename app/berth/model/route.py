"""Routes: what a manifest claims, and what a request is matched to."""

import hashlib
import re
from collections.abc import Iterable, Iterator
from functools import cached_property

from berth.model.asynchronous import Callback
from berth.model.authorizer import Authorizer
from berth.model.function import Function
from berth.model.listener_rule import ANY_REQUEST, ListenerRule
from berth.model.method_request import NO_METHOD_REQUEST, MethodRequest
from berth.model.stage import Stage
from berth.model.value_class import value_class

METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
ANY = "ANY"
# The path of the route that takes each request that no other route takes.
DEFAULT_ROUTE = "$default"
RESERVED_PREFIX = "/_berth"
# Where the pages of asynchronous invocations are.
PAGES = f"{RESERVED_PREFIX}/invocations"

_LITERAL, _NAMED, _END, _GREEDY, _DEFAULT, _END_OF_GREEDY = range(6)  # the lower, the more specific
_VARIABLE = re.compile(r"\{([^{}+]*)(\+?)\}")


@value_class
class Segment:
    """One path part of a resource: a literal, a `{variable}` or a greedy `{variable+}`."""

    text: str
    is_variable: bool = False
    is_greedy: bool = False


@value_class
class RouteKey:
    """A method and a resource path, written as API Gateway writes them: `GET /orders/{id}`."""

    method: str
    path: str

    def __str__(self) -> str:
        return DEFAULT_ROUTE if self.is_default else f"{self.method} {self.path}"

    @property
    def is_default(self) -> bool:
        """Whether this is the route for requests that no other route takes."""
        return self.path == DEFAULT_ROUTE

    @property
    def is_pattern(self) -> bool:
        """Whether the path is a load balancer's pattern with `*` or `?`."""
        return "*" in self.path or "?" in self.path

    @cached_property
    def segments(self) -> tuple[Segment, ...]:
        """The path parts from left to right; none for `/`."""
        return tuple(_segment(text) for text in self.path.split("/")[1:] if text)

    @cached_property
    def specificity(self) -> tuple[tuple[int, ...], int]:
        """Sorts routes that take the same path: a literal part goes before a variable one, then a greedy one.

        A longer path goes before its own beginning, and between equal paths a method of its own
        before ANY.
        """
        ranks = [_DEFAULT] if self.is_default else list(map(_rank, self.segments))
        end = _END_OF_GREEDY if ranks and ranks[-1] == _GREEDY else _END
        return (*ranks, end), int(self.method == ANY)

    @property
    def template(self) -> tuple[str, str]:
        """The key without variable names: two routes with one template shadow each other."""
        if self.is_default or self.is_pattern:
            return self.method, self.path
        return self.method, "/".join(["", *map(_anonymous, self.segments)])

    @property
    def variables(self) -> Iterator[str]:
        """The names of the path parameters, in order."""
        return (segment.text for segment in self.segments if segment.is_variable)


@value_class
class Guard:
    """What a route asks of its callers before a function is invoked."""

    authorizer: str | None = None
    scopes: frozenset[str] = frozenset()  # a token needs one of them
    api_key_required: bool = False

    def covers(self, other: "Guard") -> bool:
        """Whether every caller that this guard lets in would be let in by the other one, too."""
        has_authorizer = other.authorizer in {None, self.authorizer}
        has_scopes = not other.scopes or (bool(self.scopes) and self.scopes <= other.scopes)
        return has_authorizer and has_scopes and self.api_key_required >= other.api_key_required


@value_class(eq=False)
class Route:
    """An integration: a route key of a stage linked to the function that serves it."""

    key: RouteKey
    function: Function
    method_request: MethodRequest = NO_METHOD_REQUEST
    listener_rule: ListenerRule = ANY_REQUEST
    authorizer: Authorizer | None = None
    scopes: tuple[str, ...] = ()
    invocation: str = "sync"  # sync, async, or caller: as the request's X-Amz-Invocation-Type says
    callback: Callback | None = None

    @cached_property
    def stage(self) -> Stage:
        """The stage that serves the route's function."""
        return self.function.stage

    @property
    def guard(self) -> Guard:
        """What the route asks of its callers."""
        name = self.authorizer.name if self.authorizer else None
        return Guard(name, frozenset(self.scopes), self.method_request.api_key_required)

    @cached_property
    def stage_name(self) -> str:
        """The stage's name in events."""
        return self.stage.name_for(self.function.api)

    @cached_property
    def stage_path(self) -> str:
        """The stage as the first part of a path in events, or nothing."""
        return self.stage.path_for(self.function.api)

    @cached_property
    def wire_path(self) -> str:
        """The stage as requests carry it in front of their path, or nothing."""
        return self.stage_path if self.stage.stage_in_path else ""

    @cached_property
    def resource_id(self) -> str:
        """Six lower-case characters, the same for one resource path in every start."""
        return hashlib.sha256(self.key.path.encode()).hexdigest()[:6]


def is_reserved(path: str) -> bool:
    """Whether a path is the server's own."""
    return path == RESERVED_PREFIX or path.startswith(f"{RESERVED_PREFIX}/")


def options_routes(routes: Iterable[Route]) -> Iterator[tuple[Route, str]]:
    """An OPTIONS route for each resource of a REST API that has none, and the methods that it allows.

    As SAM adds them for `Cors`: beside ANY, too.
    https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-property-api-corsconfiguration.html
    """
    resources: dict[str, list[Route]] = {}
    for route in routes:
        if route.function.api.has_options_methods:
            resources.setdefault(RouteKey("", route.key.path).template[1], []).append(route)
    for same in resources.values():
        methods = {route.key.method for route in same}
        if "OPTIONS" not in methods:
            allowed = METHODS if ANY in methods else sorted(methods | {"OPTIONS"})
            first = same[0]
            yield Route(RouteKey("OPTIONS", first.key.path), first.function), ",".join(allowed)


def _segment(text: str) -> Segment:
    variable = _VARIABLE.fullmatch(text)
    if variable is None:
        return Segment(text)
    return Segment(variable[1], is_variable=True, is_greedy=bool(variable[2]))


def _rank(segment: Segment) -> int:
    if segment.is_greedy or "*" in segment.text:
        return _GREEDY
    return _NAMED if segment.is_variable or "?" in segment.text else _LITERAL


def _anonymous(segment: Segment) -> str:
    if not segment.is_variable:
        return segment.text
    return "{+}" if segment.is_greedy else "{}"
