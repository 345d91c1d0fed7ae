"""The view: one HTTP request, one invocation."""

import flask

from berth.gateway.cors import apply_cors
from berth.gateway.gateway import Gateway
from berth.gateway.request import read_request
from berth.gateway.response import WireResponse, write_response
from berth.model.invocation import Invocation
from berth.model.route import Route


def handle(gateway: Gateway, route: Route) -> WireResponse:
    """Serve one HTTP request by one invocation."""
    request = read_request(flask.request, route)
    stamp = gateway.stamp(route, request)
    identity = gateway.authorize(route, request, stamp)
    shape = gateway.shape(route)
    event = shape.build_event(route, request, identity, stamp)
    result = gateway.invoker.invoke(Invocation.of_event(route.function, event, stamp))
    return write_response(apply_cors(route, request, shape.read_result(route, request, stamp, result)))
