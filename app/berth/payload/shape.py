"""Event shapes: what each kind of API makes of a request, and of a function's result."""

from collections.abc import Callable
from dataclasses import replace

from berth.model.call import Call, Identity
from berth.model.http import HttpResponse
from berth.model.invocation import Event, InvocationResult
from berth.model.value_class import value_class
from berth.payload.results import check_plain
from berth.schemas.reading import Schema, read


@value_class
class Shape:
    """An event shape, both directions, and the schemas of its events and results."""

    build_event: Callable[[Call, Identity], Event]
    read_result: Callable[[Call, InvocationResult], HttpResponse]
    event_schema: Schema
    result_schema: Schema


def checked(shape: Shape) -> Shape:
    """The same shape, whose events and results also go through their schemas: for debug mode and tests.

    Its functions raise MalformedDocument where the shape and a schema disagree.
    """

    def build_event(call: Call, identity: Identity) -> Event:
        event = shape.build_event(call, identity)
        read(shape.event_schema, event)
        return event

    def read_result(call: Call, result: InvocationResult) -> HttpResponse:
        response = shape.read_result(call, result)
        check_plain(result, shape.result_schema)
        return response

    return replace(shape, build_event=build_event, read_result=read_result)
