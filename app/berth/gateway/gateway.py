"""What every view shares: the door to the functions, the stamps, the event shapes."""

from dataclasses import dataclass, field, replace

import flask

from berth.gateway.authorizers.api_keys import find_api_key, told_api_key
from berth.gateway.authorizers.decision import Decisions
from berth.gateway.authorizers.forwarded_identity import told_identity
from berth.gateway.request import incoming_trace
from berth.gateway.stamp import StampSource, told_stamp
from berth.invoke.invoker import Invoker
from berth.model.gateway_context import Identity, Stamp
from berth.model.http import HttpRequest
from berth.model.route import Route
from berth.model.stage import Stage
from berth.payload import alb, function_url, http_v1, http_v2, rest
from berth.payload.shape import CheckableShape, CheckedShape, Shape

SHAPES: dict[str, CheckableShape] = {
    "rest": rest,
    "http1": http_v1,
    "http2": http_v2,
    "alb": alb,
    "url": function_url,
}
CHECKED_SHAPES: dict[str, Shape] = {name: CheckedShape(shape) for name, shape in SHAPES.items()}


@dataclass(frozen=True, eq=False)
class Gateway:
    """One per application."""

    invoker: Invoker
    stage: Stage
    decisions: Decisions
    stamps: StampSource = field(default_factory=StampSource)

    def shape(self, route: Route) -> Shape:
        """The event shape of a route; in debug mode and under test it is checked by its schema."""
        app = flask.current_app
        shapes = CHECKED_SHAPES if app.debug or app.testing else SHAPES
        return shapes[route.function.shape]

    def authorize(self, route: Route, request: HttpRequest, stamp: Stamp) -> Identity:
        """Who the caller is, by the route's authorizer and then its API key.

        Raises Unauthorized, AccessDenied, AuthorizerFailed or Forbidden.
        """
        is_told = route.stage.authorizers_run_in == "gateway"
        decide = told_identity if is_told else self.decisions.decide
        identity = decide(route, request, stamp)
        if not route.method_request.api_key_required:
            return identity
        key = told_api_key(request) if is_told else find_api_key(route.stage.api_keys, request)
        return replace(identity, api_key=key.value, api_key_id=key.id)

    def stamp(self, route: Route, request: HttpRequest) -> Stamp:
        """Stamp the current request; a fault later on is answered under the same request id."""
        stamp = self.stamps(incoming_trace(request))
        if request.context:
            stamp = told_stamp(stamp, request.context, route.function.api)
        flask.g.stamp = stamp
        return stamp

    def fault_stamp(self) -> Stamp:
        """The stamp of the current request, or a new one if it was refused before it had any."""
        return flask.g.get("stamp") or self.stamps(None)

    def current_api(self) -> str:
        """The kind of API that answers the current request: its route's, or the stage's without one."""
        route = getattr(flask.request.url_rule, "route", None)
        return route.function.api if route else self.stage.api
