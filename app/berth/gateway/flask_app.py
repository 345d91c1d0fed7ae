"""Flask with a gateway's idea of a URL: raw paths, AWS's precedence of routes, no redirects."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from flask import Flask
from flask.sessions import NullSession, SessionInterface, SessionMixin
from flask.wrappers import Request, Response
from gunicorn.http.errors import ParseException
from werkzeug.exceptions import HTTPException, NotFound
from werkzeug.routing import Map, MapAdapter, Rule

from berth.errors import GatewayRefusal
from berth.gateway.request import MAX_BODY_BYTES
from berth.gateway.response import WireResponse
from berth.gateway.routing.api_routes import ApiRoutes
from berth.gateway.routing.head import LISTENER, Environ, RequestHead, open_head, raw_target
from berth.manifest.loader import Catalog
from berth.model.http import HttpResponse
from berth.model.invoke_api import InvokeApi, is_invoke_path
from berth.model.route import ANY, METHODS, RESERVED_PREFIX, Route, is_reserved
from berth.model.trust import Trust
from berth.payload.urls import split_target

if TYPE_CHECKING:
    from flask.testing import FlaskClient

INVOKE_BLUEPRINT = "_berth_invoke"
_INVOKE_API = "berth.invoke api"  # of a request that was sent to it


class RefusedRequest(HTTPException):
    """Carries a GatewayRefusal through Flask, which takes only HTTP exceptions from matching.

    The fault table answers the refusal, so nobody ever sees this code.
    """

    code = 400

    def __init__(self, refusal: GatewayRefusal) -> None:
        super().__init__(str(refusal))
        self.refusal = refusal


@contextmanager
def _refusing() -> Iterator[None]:
    """Raise RefusedRequest in the place of each GatewayRefusal that is raised inside the `with` block."""
    try:
        yield
    except GatewayRefusal as refusal:
        raise RefusedRequest(refusal) from refusal


class RouteRule(Rule):
    """The rule of a function's route: `flask routes` and `url_for` read it, and ApiRoutes finds it."""

    def __init__(self, string: str, *, route: Route | None = None, **options: Any) -> None:
        super().__init__(string, **options)
        self.route = route
        if route is not None:
            # Werkzeug adds HEAD to GET; in a REST API it is a method like any other.
            self.methods = set(METHODS if route.key.method == ANY else [route.key.method])

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        """What `url_for` calls; compiled at its first call, because that takes half of a server's start."""
        compiled = cache(partial(super()._compile_builder, append_unknown))

        def build(rule: Rule, /, **values: Any) -> tuple[str, str]:
            return compiled()(rule, **values)

        return build


class RouteAdapter(MapAdapter):
    """Finds the route of one request, by what the application's stage trusts and serves."""

    map: "RouteMap"

    def __init__(
        self, routes: "RouteMap", request: Request, trust: Trust | None, invoke_api: InvokeApi | None
    ) -> None:
        environ = request.environ
        super().__init__(
            map=routes,
            server_name=request.host,
            script_name=environ.get("SCRIPT_NAME", ""),
            subdomain="",
            url_scheme=environ["wsgi.url_scheme"],
            path_info=environ.get("PATH_INFO", ""),
            default_method=environ["REQUEST_METHOD"],
            query_args=environ.get("QUERY_STRING", ""),
        )
        self._environ = environ
        self._trust = trust
        self._invoke_api = invoke_api

    def match(
        self, path_info: str | None = None, method: str | None = None, *args: Any, **kwargs: Any
    ) -> Any:
        """Match the raw path; raises RefusedRequest, or werkzeug's exceptions for the server's own URLs."""
        target = raw_target(self._environ)
        if RESERVED_PREFIX in target:
            if is_reserved(split_target(target)[0]):
                return self._match_own(path_info, method, *args, **kwargs)
            with _refusing():
                own = self.map.find_own(open_head(self._environ, self._trust))
            if own is not None:
                return self._match_own(own, method, *args, **kwargs)
        if self._invoke_api is not None and _is_for(self._invoke_api, self._environ):
            return self._match_invoke_api(split_target(target)[0], method, *args, **kwargs)
        with _refusing():
            rule, parameters = self.map.find(open_head(self._environ, self._trust))
        return (rule if kwargs.get("return_rule") else rule.endpoint), parameters

    def _match_own(self, *args: Any, **kwargs: Any) -> Any:
        """Match one of the server's own URLs; a function's `/{proxy+}` never answers there."""
        rule, values = super().match(*args, **kwargs | {"return_rule": True})
        if isinstance(rule, RouteRule) and rule.route is not None:
            raise NotFound
        return (rule if kwargs.get("return_rule") else rule.endpoint), values

    def _match_invoke_api(self, path: str, *args: Any, **kwargs: Any) -> Any:
        """Match a path as it was sent: a function's name in it may hold an encoded slash."""
        self._environ[_INVOKE_API] = True
        if "//" in path:  # werkzeug would redirect
            raise NotFound
        rule, values = super().match(path, *args, **kwargs | {"return_rule": True})
        if not rule.endpoint.startswith(f"{INVOKE_BLUEPRINT}."):
            raise NotFound
        return (rule if kwargs.get("return_rule") else rule.endpoint), values


def _is_for(api: InvokeApi, environ: Environ) -> bool:
    """Whether this is a request to the Invoke API: its own listener takes no other ones."""
    if api.bind is None and not is_invoke_path(split_target(raw_target(environ))[0]):
        return False
    return api.is_served_at(environ.get(LISTENER))


def asks_invoke_api(environ: Environ) -> bool:
    """Whether a request was sent to the Invoke API, and so to none of the functions' APIs."""
    return _INVOKE_API in environ


class RouteMap(Map):
    """Holds the server's own URLs as Werkzeug does, and the routes of functions as AWS does."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._routes: ApiRoutes[RouteRule] = ApiRoutes()
        super().__init__(*args, **kwargs)

    def add(self, rulefactory: Any) -> None:
        """Add a rule; the rule of a function's route is found as AWS finds it."""
        super().add(rulefactory)
        if isinstance(rulefactory, RouteRule) and rulefactory.route is not None:
            self._routes.add(rulefactory.route, rulefactory)

    def find(self, head: RequestHead) -> tuple[RouteRule, Mapping[str, str]]:
        """Find the rule for a request, and its path parameters; raises NoSuchRoute or AmbiguousPath."""
        return self._routes.match(head)

    def find_own(self, head: RequestHead) -> str | None:
        """The path of a URL of the server itself that is called with a stage in front; None for others."""
        return next(filter(is_reserved, self._routes.inner_paths(head)), None)


class NoSessions(SessionInterface):
    """Neither API Gateway nor Lambda has sessions."""

    def open_session(self, app: Flask, request: Request) -> SessionMixin:
        """Give every request the same empty session."""
        return _NULL_SESSION

    def is_null_session(self, obj: object) -> bool:
        """Say that no session is ever saved."""
        return True

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Leave the session unsaved."""


_NULL_SESSION = NullSession()


class GatewayApp(Flask):
    """The application: functions' blueprints are registered on it."""

    url_map_class = RouteMap
    url_map: RouteMap
    url_rule_class: type[Rule] = RouteRule
    response_class = WireResponse
    session_interface = NoSessions()
    catalog: Catalog  # what it serves
    # What the stage's kind of API answers to a request that never became one.
    refuse: Callable[[Exception], HttpResponse]

    def __init__(self, trust: Trust | None, invoke_api: InvokeApi | None = None) -> None:
        """Make an application; `trust` is the gateway whose context it believes, if there is one."""
        super().__init__(__name__, static_folder=None, template_folder=None)
        self.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
        self._trust = trust
        self.invoke_api = invoke_api
        self.preflights: Callable[[], WireResponse | None] | None = None  # the hook of answer_preflights()

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        """Create the adapter that finds a request's route; outside requests Flask's own serves."""
        if request is None:
            return super().create_url_adapter(None)
        request.trusted_hosts = self.config["TRUSTED_HOSTS"]
        return RouteAdapter(self.url_map, request, self._trust, self.invoke_api)

    def find_view(self, environ: Environ) -> tuple[Any, Mapping[str, str]] | None:
        """The view of the function's route that takes a request, and its path parameters.

        Returns None for the server's own URLs and the Invoke API; raises a GatewayRefusal.
        """
        is_own = RESERVED_PREFIX in raw_target(environ)
        if is_own or (self.invoke_api is not None and _is_for(self.invoke_api, environ)):
            return None
        rule, parameters = self.url_map.find(open_head(environ, self._trust))
        return self.view_functions.get(rule.endpoint), parameters

    def test_client(self, use_cookies: bool = True, **kwargs: Any) -> "FlaskClient":
        """Make a test client that sends what it is given; see Flask."""
        from berth.gateway.client import GatewayClient  # a server does without what the module imports

        self.test_client_class = self.test_client_class or GatewayClient
        return super().test_client(use_cookies, **kwargs)

    def handle_exception(self, e: Exception) -> Any:
        """Pass parse errors on to the server: it must close a connection with a malformed body."""
        if isinstance(e, ParseException):
            raise e
        return super().handle_exception(e)
