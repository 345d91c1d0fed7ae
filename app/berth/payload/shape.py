"""A shape whose every event and result also goes through its schema: for debug mode and tests."""

from typing import Protocol

from berth.model.gateway_context import Identity, Stamp
from berth.model.http import HttpRequest, HttpResponse
from berth.model.invocation import Event, InvocationResult
from berth.model.route import Route


class Shape(Protocol):
    """An event shape, both directions: a module such as `rest`, or one of these around it."""

    def build_event(self, route: Route, request: HttpRequest, identity: Identity, stamp: Stamp) -> Event:
        """Build the event for a request."""
        ...

    def read_result(
        self, route: Route, request: HttpRequest, stamp: Stamp, result: InvocationResult
    ) -> HttpResponse:
        """Read a function's result into a response."""
        ...


class CheckableShape(Shape, Protocol):
    """A shape that knows its schema."""

    def check_event(self, event: Event) -> None:
        """Check an event against its schema."""
        ...

    def check_result(self, result: InvocationResult) -> None:
        """Check what `read_result` made of a result against its schema."""
        ...


class CheckedShape:
    """The same two directions; raises MalformedDocument where a shape and its schema disagree."""

    def __init__(self, shape: CheckableShape) -> None:
        self._shape = shape

    def build_event(self, route: Route, request: HttpRequest, identity: Identity, stamp: Stamp) -> Event:
        """Build an event and check it."""
        event = self._shape.build_event(route, request, identity, stamp)
        self._shape.check_event(event)
        return event

    def read_result(
        self, route: Route, request: HttpRequest, stamp: Stamp, result: InvocationResult
    ) -> HttpResponse:
        """Check a result's short cut and read it."""
        response = self._shape.read_result(route, request, stamp, result)
        self._shape.check_result(result)
        return response
