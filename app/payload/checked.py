"""A shape whose every event and result also goes through its schema: for debug mode and tests."""

from types import ModuleType

from app.model.gateway_context import Stamp
from app.model.http import HttpRequest, HttpResponse
from app.model.invocation import Event, InvocationResult
from app.model.route import Route


class CheckedShape:
    """The same two directions; raises MalformedDocument where a shape and its schema disagree."""

    def __init__(self, shape: ModuleType) -> None:
        self._shape = shape

    def build_event(self, route: Route, request: HttpRequest, stamp: Stamp) -> Event:
        """Build an event and check it."""
        event: Event = self._shape.build_event(route, request, stamp)
        self._shape.check_event(event)
        return event

    def read_result(
        self, route: Route, request: HttpRequest, stamp: Stamp, result: InvocationResult
    ) -> HttpResponse:
        """Check a result's short cut and read it."""
        response: HttpResponse = self._shape.read_result(route, request, stamp, result)
        self._shape.check_result(result)
        return response
