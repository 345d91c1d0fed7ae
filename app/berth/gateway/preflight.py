"""Preflight requests, answered by the gateway."""

from collections.abc import Iterable
from dataclasses import replace
from http import HTTPStatus

import flask
from flask import Blueprint

from berth.errors import MalformedRequest, NoSuchRoute, UntrustedGateway
from berth.gateway.blueprint import View, add_routes
from berth.gateway.flask_app import GatewayApp, RefusedRequest, RouteMap, asks_invoke_api
from berth.gateway.response import WireResponse, write_response
from berth.gateway.routing.head import RequestHead
from berth.gateway.view import Gateway
from berth.model.api_kind import REST, ApiKind
from berth.model.cors import Cors
from berth.model.http import HttpResponse
from berth.model.route import Route, options_routes
from berth.model.stamp import Stamp


def answer_preflights(app: GatewayApp, gateway: Gateway, cors: Cors) -> None:
    """Let the gateway answer preflight requests to HTTP APIs and function URLs, whatever their routes."""

    @app.before_request
    def answer() -> WireResponse | None:
        refused = flask.request.routing_exception
        refusal = refused.refusal if isinstance(refused, RefusedRequest) else None
        if flask.request.method != "OPTIONS" or isinstance(refusal, UntrustedGateway | MalformedRequest):
            return None
        if asks_invoke_api(flask.request.environ):
            return None
        origin, wanted = map(flask.request.headers.get, ("Origin", "Access-Control-Request-Method"))
        if origin is None or wanted is None:
            return None
        kind, stamp = _preflighted_api(gateway, wanted), gateway.current_stamp()
        response = _preflight_response(kind, cors, origin, stamp)
        return write_response(response) if response else None

    app.preflights = answer


def _preflight_response(kind: ApiKind | None, cors: Cors, origin: str, stamp: Stamp) -> HttpResponse | None:
    """The answer of an HTTP API or a function URL; the other kinds have none of their own."""
    if kind is None or kind.preflight_status is None:
        return None
    length = [] if kind.preflight_status == HTTPStatus.NO_CONTENT else [("Content-Length", "0")]
    headers = [*cors.preflight_headers(origin), *length, *kind.id_headers(stamp)]
    return HttpResponse(kind.preflight_status, headers, b"")


def _preflighted_api(gateway: Gateway, wanted: str) -> ApiKind | None:
    """The kind of API behind a preflight request: of its own route, or of the one it asks about."""
    rule = flask.request.url_rule
    if rule is None:
        routes = flask.current_app.url_map
        assert isinstance(routes, RouteMap)
        head = RequestHead(flask.request.environ, gateway.stage.trust).asking(wanted)
        try:
            rule, _ = routes.find(head)
        except NoSuchRoute:
            return gateway.stage.api
    route = getattr(rule, "route", None)
    return route.function.api if route else None


def options_blueprint(gateway: Gateway, cors: Cors, routes: Iterable[Route]) -> Blueprint:
    """The blueprint of the OPTIONS methods that CORS adds to REST APIs."""
    blueprint = Blueprint("_berth_cors", __name__)
    add_routes(
        blueprint,
        {
            route: _options_view(gateway, replace(cors, allow_methods=cors.allow_methods or (allowed,)))
            for route, allowed in options_routes(routes)
        },
    )
    return blueprint


def _options_view(gateway: Gateway, cors: Cors) -> View:
    headers = list(cors.preflight_headers(cors.allow_origins[0]))

    def answer(**path_parameters: str) -> WireResponse:
        stamp, body = gateway.current_stamp(), b"{}\n"
        own = [
            ("Content-Type", "application/json"),
            ("Content-Length", str(len(body))),
            *REST.id_headers(stamp),
        ]
        return write_response(HttpResponse(200, [*headers, *own], body))

    return answer
