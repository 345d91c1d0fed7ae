"""Flask with a gateway's idea of a URL: raw paths, AWS's precedence of routes, no redirects."""

from collections.abc import Callable
from typing import Any

from flask import Flask
from flask.sessions import NullSession, SessionInterface, SessionMixin
from flask.wrappers import Request, Response
from gunicorn.http.errors import ParseException
from werkzeug.exceptions import BadRequest, Forbidden, NotFound
from werkzeug.routing import Map, MapAdapter, Rule
from werkzeug.wsgi import get_host

from berth.errors import MalformedRequest, NoSuchRoute, UntrustedGateway
from berth.gateway.client import GatewayClient
from berth.gateway.request import MAX_BODY_BYTES
from berth.gateway.response import WireResponse
from berth.gateway.routing.api_routes import ApiRoutes
from berth.gateway.routing.head import RequestHead, raw_target, read_head
from berth.model.http import HttpResponse
from berth.model.route import ANY, METHODS, RESERVED_PREFIX, Route, is_reserved
from berth.model.trust import Trust
from berth.payload.urls import split_target


class NoRouteHere(NoSuchRoute, Forbidden):
    """NoSuchRoute as Flask expects it from matching: also an HTTP exception."""


class UntrustedHere(UntrustedGateway, Forbidden):
    """UntrustedGateway as Flask expects it from matching."""


class MalformedHere(MalformedRequest, BadRequest):
    """MalformedRequest as Flask expects it from matching."""


class RouteRule(Rule):
    """The rule of a function's route, for `flask routes` and `url_for`; ApiRoutes matches."""

    def __init__(self, string: str, *, route: Route | None = None, **options: Any) -> None:
        super().__init__(string, **options)
        self.route = route
        if route is not None:
            # Werkzeug adds HEAD to GET; in a REST API it is a method like any other.
            self.methods = set(METHODS if route.key.method == ANY else [route.key.method])


class RouteAdapter(MapAdapter):
    """One request's view of the RouteMap."""

    map: "RouteMap"

    def __init__(self, routes: "RouteMap", environ: dict[str, Any]) -> None:
        super().__init__(
            map=routes,
            server_name=get_host(environ),
            script_name=environ.get("SCRIPT_NAME", ""),
            subdomain="",
            url_scheme=environ["wsgi.url_scheme"],
            path_info=environ.get("PATH_INFO", ""),
            default_method=environ["REQUEST_METHOD"],
            query_args=environ.get("QUERY_STRING", ""),
        )
        self._environ = environ

    def match(
        self, path_info: str | None = None, method: str | None = None, *args: Any, **kwargs: Any
    ) -> Any:
        """Match the raw path; raises an HTTP exception that is also NoSuchRoute."""
        target = raw_target(self._environ)
        if RESERVED_PREFIX in target and is_reserved(split_target(target)[0]):
            return self._match_own(path_info, method, *args, **kwargs)
        rule, parameters = self.map.find(self._head())
        return (rule if kwargs.get("return_rule") else rule.endpoint), parameters

    def _head(self) -> RequestHead:
        try:
            return read_head(self._environ, self.map.trust)
        except UntrustedGateway as untrusted:
            raise UntrustedHere(str(untrusted)) from untrusted
        except MalformedRequest as malformed:
            raise MalformedHere(str(malformed)) from malformed

    def _match_own(self, *args: Any, **kwargs: Any) -> Any:
        """Match the server's own URLs: no `/{proxy+}` of a function may answer there."""
        rule, values = super().match(*args, **kwargs | {"return_rule": True})
        if isinstance(rule, RouteRule) and rule.route is not None:
            raise NotFound
        return (rule if kwargs.get("return_rule") else rule.endpoint), values


class RouteMap(Map):
    """Werkzeug's map for the server's own URLs, and one of AWS's kind for those of functions."""

    trust: Trust | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._routes: ApiRoutes[RouteRule] = ApiRoutes()
        super().__init__(*args, **kwargs)

    def add(self, rulefactory: Any) -> None:
        """Add a rule; a function's is found by AWS's rules."""
        super().add(rulefactory)
        if isinstance(rulefactory, RouteRule) and rulefactory.route is not None:
            self._routes.add(rulefactory.route, rulefactory)

    def find(self, head: RequestHead) -> tuple[RouteRule, dict[str, str]]:
        """Find the rule for a request, and the raw path parameters; raises NoRouteHere."""
        try:
            return self._routes.match(head)
        except NoSuchRoute as none:
            raise NoRouteHere(head.method, head.path) from none

    def bind_to_environ(self, environ: Any, *args: Any, **kwargs: Any) -> MapAdapter:
        """Bind the map to one request."""
        return RouteAdapter(self, getattr(environ, "environ", environ))


class NoSessions(SessionInterface):
    """Neither API Gateway nor Lambda has sessions."""

    def open_session(self, app: Flask, request: Request) -> SessionMixin:
        """Open nothing."""
        return _NULL_SESSION

    def is_null_session(self, obj: object) -> bool:
        """Never save."""
        return True

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Save nothing."""


_NULL_SESSION = NullSession()


class GatewayApp(Flask):
    """The application: functions' blueprints are registered on it."""

    url_map_class = RouteMap
    url_rule_class: type[Rule] = RouteRule
    response_class = WireResponse
    test_client_class = GatewayClient
    session_interface = NoSessions()
    # What the stage's kind of API answers to a request that never became one.
    refuse: Callable[[Exception], HttpResponse]

    def __init__(self, import_name: str) -> None:
        super().__init__(import_name, static_folder=None, template_folder=None)
        self.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES

    def trust(self, trust: Trust | None) -> None:
        """Believe what a gateway says of its context once it has proved itself, or nobody."""
        assert isinstance(self.url_map, RouteMap)
        self.url_map.trust = trust

    def handle_exception(self, e: Exception) -> Any:
        """Leave a body that is not framed as HTTP says to the server: the connection must end with it."""
        if isinstance(e, ParseException):
            raise e
        return super().handle_exception(e)
