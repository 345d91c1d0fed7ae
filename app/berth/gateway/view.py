"""The view: one HTTP request, one invocation."""

from dataclasses import field, replace

import flask
from flask.globals import request_ctx

from berth.gateway.authorizers.api_keys import find_api_key, forwarded_api_key
from berth.gateway.authorizers.decision import Decisions
from berth.gateway.authorizers.forwarded_identity import forwarded_identity
from berth.gateway.cors import apply_cors
from berth.gateway.request import begun_loan, kept_call, read_body, read_call
from berth.gateway.response import WireResponse, write_response
from berth.gateway.stamp import StampSource
from berth.invoke.invoker import Invoker
from berth.model.api_kind import ApiKind
from berth.model.call import Call, Identity
from berth.model.invocation import Invocation, InvocationResult
from berth.model.route import Route
from berth.model.stage import Stage
from berth.model.stamp import Stamp
from berth.model.value_class import value_class
from berth.payload.by_kind import CHECKED_SHAPES, SHAPES
from berth.payload.method_request import check_method_request

_WHOLE = "berth.whole call"  # of a request whose body was read to find its caller


@value_class(eq=False)
class Gateway:
    """What all views of an application share: the stage, its authorizers, the way to its functions."""

    invoker: Invoker
    stage: Stage
    decisions: Decisions
    stamps: StampSource = field(default_factory=StampSource)

    def receive(self, route: Route) -> Call:
        """Read the current head into a call, and remember its stamp for the answer to a later fault."""
        # The context's own objects: flask.request and flask.current_app look them up at every access.
        request, app = request_ctx.request, request_ctx.app
        shapes = CHECKED_SHAPES if app.debug or app.testing else SHAPES
        environ, parameters = request.environ, request.view_args or {}
        kept = kept_call(environ)
        shape = shapes[route.function.api]
        call = kept[0] if kept else read_call(environ, parameters, route, self.stamps, shape)
        flask.g.stamp = call.stamp
        return call

    def authorize(self, call: Call) -> Identity:
        """Who the caller is, by the route's authorizer and then its API key.

        Raises Unauthorized, AccessDenied, AuthorizerFailed or Forbidden.
        """
        kept = kept_call(request_ctx.request.environ)
        return kept[1] if kept else self.find_identity(call)

    def invoke(self, call: Call, identity: Identity) -> InvocationResult:
        """The function's result; the short lane may have begun the invocation already.

        Raises what prepare() and Invoker.invoke() raise.
        """
        loan = begun_loan(request_ctx.request.environ)
        return loan.wait() if loan else self.invoker.invoke(self.prepare(call, identity))

    def prepare(self, call: Call, identity: Identity) -> Invocation:
        """Read the body, check what the route asks of requests, and build the event: all else may go."""
        whole = self.complete(call, identity)
        return whole.invocation(whole.shape.build_event(whole, identity))

    def complete(self, call: Call, identity: Identity) -> Call:
        """Read the body, and check what the route asks of requests."""
        request = request_ctx.request
        whole: Call = request.environ.pop(_WHOLE, None) or read_body(request, call, identity)
        check_method_request(whole)
        return whole

    def find_identity(self, call: Call) -> Identity:
        """Who the caller is; see authorize()."""
        stage = call.route.stage
        is_forwarded = stage.authorizers_run_in == "gateway"
        if not is_forwarded and call.route.authorizer and call.route.authorizer.signs_bodies:
            request = request_ctx.request
            request.environ[_WHOLE] = call = read_body(request, call)
        identity = forwarded_identity(call) if is_forwarded else self.decisions.decide(call)
        if not call.route.method_request.api_key_required:
            return identity
        key = forwarded_api_key(call) if is_forwarded else find_api_key(stage.api_keys, call.request)
        return replace(identity, api_key=key.value, api_key_id=key.id)

    def current_stamp(self) -> Stamp:
        """The stamp of the current request, which gets one now if it is answered before it had any."""
        flask.g.stamp = stamp = flask.g.get("stamp") or self.stamps(None)
        return stamp

    def current_api(self) -> ApiKind:
        """The kind of API that answers the current request: its route's, or the stage's without one."""
        route = getattr(flask.request.url_rule, "route", None)
        return route.function.api if route else self.stage.api


def handle(gateway: Gateway, route: Route) -> WireResponse:
    """Serve one HTTP request by one invocation."""
    call = gateway.receive(route)
    identity = gateway.authorize(call)
    result = gateway.invoke(call, identity)
    response = apply_cors(call, call.shape.read_result(call, result))
    return write_response(response)


class RouteView:
    """The view of a synchronous route; the path parameters that Flask passes are not needed."""

    def __init__(self, gateway: Gateway, route: Route) -> None:
        self.gateway = gateway
        self.route = route

    def __call__(self, /, **path_parameters: str) -> WireResponse:
        return handle(self.gateway, self.route)
