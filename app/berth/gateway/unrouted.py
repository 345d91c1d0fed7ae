"""Tells the log of requests that no route takes: what was asked for, why nothing answers, what is near."""

import difflib
import logging
import threading
import time
from collections.abc import Callable, Sequence

from berth.errors import GatewayRefusal, NoSuchRoute, printable
from berth.gateway.flask_app import RouteMap
from berth.gateway.routing.head import RequestHead
from berth.model.route import METHODS, Route

log = logging.getLogger("berth")

# Anybody can ask for paths that are none, so lines are few and short: this many at once, then one a second.
_LINES_AT_ONCE = 20
_LONGEST_METHOD = 20  # characters
_LONGEST_PATH = 200
_NEAREST = 3
_LIKENESS = 0.6  # of two paths, as difflib counts it


class UnroutedLog:
    """Writes one line for each request that no route takes, and counts those of a flood."""

    def __init__(self, routes: RouteMap, clock: Callable[[], float] = time.monotonic) -> None:
        self._routes = routes
        self._clock = clock
        self._lock = threading.Lock()
        self._allowed = float(_LINES_AT_ONCE)
        self._counted_at = clock()
        self._left_out = 0

    def tell(self, request_id: str, head: RequestHead) -> None:
        """Log one request, or count it for the next line if there were too many of late."""
        left_out = self._take_line()
        if left_out is None:
            return
        asked = f"{printable(head.method, _LONGEST_METHOD)} {printable(head.path, _LONGEST_PATH)}"
        more = f" ({left_out} more such requests were not logged)" if left_out else ""
        log.warning("%s: no route for %s: %s%s", request_id, asked, self._why(head), more)

    def _take_line(self) -> int | None:
        """How many requests had no line since the last one; None if this one has none either."""
        with self._lock:
            now = self._clock()
            self._allowed = min(_LINES_AT_ONCE, self._allowed + now - self._counted_at)
            self._counted_at = now
            if self._allowed < 1:
                self._left_out += 1
                return None
            self._allowed -= 1
            left_out, self._left_out = self._left_out, 0
            return left_out

    def _why(self, head: RequestHead) -> str:
        routes = [route for rule in self._routes.iter_rules() if (route := getattr(rule, "route", None))]
        if not routes:
            return "no function of the stage has a route"
        if methods := [method for method in METHODS if self._is_found(head.asking(method))]:
            return f"the path has routes for {', '.join(methods)} alone"
        stages = {route.wire_path for route in routes}
        if "" not in stages and all(head.inner_path(each) is None for each in stages):
            return f"paths of this stage begin with {' or '.join(sorted(stages))} (stageInPath)"
        has_conditions = any(route.listener_rule.conditions for route in routes)
        unmet = ", or its conditions are not met" if has_conditions else ""
        return f"no route has this path{unmet}; {_nearest(head, routes)}"

    def _is_found(self, head: RequestHead) -> bool:
        try:
            self._routes.find(head)
        except GatewayRefusal as refused:
            return not isinstance(refused, NoSuchRoute)
        return True


def _nearest(head: RequestHead, routes: Sequence[Route]) -> str:
    """The routes whose paths look most like the request's, or some others if none does."""
    keys: dict[str, list[str]] = {}
    for route in routes:
        keys.setdefault(f"{route.wire_path}{route.key.path}", []).append(str(route.key))
    near = difflib.get_close_matches(head.path[:_LONGEST_PATH], keys, _NEAREST, _LIKENESS)
    shown = [key for path in near or keys for key in keys[path]]
    more = "" if near or len(shown) <= _NEAREST else ", ..."
    return f"{'the nearest' if near else 'there are'}: {', '.join(shown[:_NEAREST])}{more}"
