"""What every view shares: the door to the functions, the stamps, the event shapes."""

from dataclasses import dataclass, field

import flask

from app.gateway.request import incoming_trace
from app.gateway.stamp import StampSource
from app.invoke import Invoker
from app.model.gateway_context import Stamp
from app.model.http import HttpRequest
from app.model.route import Route
from app.payload import rest
from app.payload.shape import CheckableShape, CheckedShape, Shape

SHAPES: dict[str, CheckableShape] = {"rest": rest}
CHECKED_SHAPES: dict[str, Shape] = {api: CheckedShape(shape) for api, shape in SHAPES.items()}


@dataclass(frozen=True, eq=False)
class Gateway:
    """One per application."""

    invoker: Invoker
    stamps: StampSource = field(default_factory=StampSource)

    def shape(self, route: Route) -> Shape:
        """The event shape of a route; in debug mode and under test it is checked by its schema."""
        app = flask.current_app
        shapes = CHECKED_SHAPES if app.debug or app.testing else SHAPES
        return shapes[route.function.api]

    def stamp(self, request: HttpRequest) -> Stamp:
        """Stamp the current request; a fault later on is answered under the same request id."""
        stamp = self.stamps(incoming_trace(request))
        flask.g.stamp = stamp
        return stamp

    def fault_stamp(self) -> Stamp:
        """The stamp of the current request, or a new one if it was refused before it had any."""
        return flask.g.get("stamp") or self.stamps(None)
