"""The pages of asynchronous invocations over HTTP: a client that got 202 looks here, and may cancel."""

import threading
import time
from collections.abc import Mapping, Sequence

import flask
from flask import Blueprint

from berth.errors import InvalidRequest, NoSuchInvocation
from berth.gateway.async_view import RETRY_SECONDS
from berth.gateway.caller_name import caller_name
from berth.gateway.lambda_api.blueprint import LambdaApi
from berth.gateway.lambda_api.errors import LambdaError
from berth.gateway.request import read_call
from berth.gateway.response import WireResponse, json_response, write_response
from berth.gateway.routing.head import LISTENER, open_head
from berth.gateway.view import Gateway
from berth.invoke.results.page_document import page_document
from berth.invoke.results.pages import Pages
from berth.model.asynchronous import InvocationPage
from berth.model.method_request import MethodRequest
from berth.model.route import PAGES, Route, RouteKey
from berth.model.value_class import value_class
from berth.payload.by_kind import SHAPES

_LONGEST_WAIT = 20  # seconds
_MOST_LONG_POLLS = 8  # requests; each holds a thread of the server
_LOOK_SECONDS = 0.25


def pages_blueprint(
    gateway: Gateway, pages: Pages, routes: Sequence[Route], lambda_api: LambdaApi | None
) -> Blueprint:
    """The blueprint of the pages of invocations that these routes and the Invoke API make."""
    made_by = {(route.function.name, str(route.key)): route for route in routes}
    blueprint = Blueprint("_berth_invocations", __name__, url_prefix=PAGES)
    access = Access(gateway, pages, made_by, lambda_api)
    waiting = threading.BoundedSemaphore(_MOST_LONG_POLLS)

    def show(request_id: str, authorizer: str | None = None) -> WireResponse:
        page = access.page(request_id, authorizer)
        seconds = _wait_seconds()
        if seconds and waiting.acquire(blocking=False):
            try:
                page = _await_end(pages, page, seconds)
            finally:
                waiting.release()
        return _answer(page)

    def cancel(request_id: str, authorizer: str | None = None) -> WireResponse:
        page = access.page(request_id, authorizer)
        return _answer(pages.cancel(request_id) or page)

    for path in ("/<request_id>", "/<authorizer>/<request_id>"):
        blueprint.add_url_rule(path, view_func=show, methods=["GET"])
        blueprint.add_url_rule(path, view_func=cancel, methods=["DELETE"])
    if lambda_api is not None:
        blueprint.register_error_handler(LambdaError, lambda_api.answer_error)
    return blueprint


@value_class
class Access:
    """Who may read a page: the caller of its invocation, found by the authorizer of the same route."""

    gateway: Gateway
    pages: Pages
    made_by: Mapping[tuple[str, str], Route]  # by the function's name and the route's key
    lambda_api: LambdaApi | None

    def page(self, request_id: str, authorizer: str | None) -> InvocationPage:
        """The page for the current request; raises NoSuchInvocation, also for another caller's.

        Raises Unauthorized and the other errors of authorizers and of the Invoke API as well.
        """
        page = self.pages.get(request_id)
        if page is None:
            raise NoSuchInvocation(request_id)
        if page.origin.route is None:
            self._check_invoke_api(page)
        else:
            self._check_route(page, authorizer)
        return page

    def _check_invoke_api(self, page: InvocationPage) -> None:
        """Let those read the page of an event of the Invoke API who may use that API."""
        listener = flask.request.environ.get(LISTENER)
        if self.lambda_api is None or not self.lambda_api.is_served_at(listener):
            raise NoSuchInvocation(page.request_id)
        self.lambda_api.receive(is_event=False)

    def _check_route(self, page: InvocationPage, authorizer: str | None) -> None:
        environ, stage, request_id = flask.request.environ, self.gateway.stage, page.request_id
        open_head(environ, stage.trust)
        route = self.made_by.get((page.function, page.origin.route or ""))
        if route is None or (self.lambda_api and self.lambda_api.is_alone_at(environ.get(LISTENER))):
            raise NoSuchInvocation(request_id)
        guard = route.authorizer.name if route.authorizer else None
        if authorizer != (guard if stage.authorizers_run_in == "gateway" else None):
            raise NoSuchInvocation(request_id)
        parameters, shape = flask.request.view_args or {}, SHAPES[route.function.api]
        call = read_call(environ, parameters, _page_route(route), self.gateway.stamps, shape)
        identity = self.gateway.authorize(call)
        if guard != page.origin.authorizer or caller_name(call, identity) != page.origin.identity:
            raise NoSuchInvocation(request_id)


def _page_route(made_by: Route) -> Route:
    """The route of a page: guarded as the route that made its invocation."""
    method_request = MethodRequest(api_key_required=made_by.method_request.api_key_required)
    return Route(
        RouteKey(flask.request.method, f"{PAGES}/{{id}}"),
        made_by.function,
        method_request,
        authorizer=made_by.authorizer,
        scopes=made_by.scopes,
    )


def _wait_seconds() -> int:
    text = flask.request.args.get("wait", "0")
    if not (text.isascii() and text.isdigit() and int(text[:4]) <= _LONGEST_WAIT):
        raise InvalidRequest(f"wait must be a whole number of seconds from 0 to {_LONGEST_WAIT}")
    return int(text)


def _await_end(pages: Pages, page: InvocationPage, seconds: int) -> InvocationPage:
    """Wait until an invocation has ended, but only for so long; returns its last page."""
    deadline = time.monotonic() + seconds
    while not page.state.is_final and time.monotonic() < deadline:
        time.sleep(_LOOK_SECONDS)
        page = pages.get(page.request_id) or page
    return page


def _answer(page: InvocationPage) -> WireResponse:
    later = [] if page.state.is_final else [("Retry-After", RETRY_SECONDS)]
    return write_response(json_response(200, page_document(page), [("Cache-Control", "no-store"), *later]))
