"""The short lane: requests of warm functions that need neither a thread nor Flask's dispatching.

One thread of a server can wait for many functions at once. The short lane lets that thread serve a request:
it takes the same steps as the view. The view serves the request instead wherever the application has more to
do than the view, such as a hook of Flask.
"""

import inspect
import socket
from collections.abc import Mapping
from types import FunctionType

from flask import Flask, signals

from berth.gateway.cors import apply_cors
from berth.gateway.flask_app import GatewayApp
from berth.gateway.request import read_call
from berth.gateway.routing.head import Environ
from berth.gateway.view import RouteView
from berth.invoke.invoker import Loan
from berth.model.call import Call, Identity
from berth.model.http import HttpResponse
from berth.payload.by_kind import SHAPES
from berth.payload.method_request import check_method_request

# Larger bodies would keep the one thread from the other requests for too long.
MOST_BODY_BYTES = 64 * 1024
# What serves a request in Flask. Monitoring packages replace some of these.
_STEPS = (
    *("__call__", "wsgi_app", "full_dispatch_request", "preprocess_request", "dispatch_request"),
    *("finalize_request", "process_response", "make_response", "do_teardown_request"),
)
_SIGNALS = (
    signals.request_started,
    signals.request_finished,
    signals.request_tearing_down,
    signals.got_request_exception,
    signals.appcontext_pushed,
    signals.appcontext_popped,
    signals.appcontext_tearing_down,
)


class Passage:
    """One request on the short lane: its invocation has begun."""

    def __init__(self, call: Call, identity: Identity, loan: Loan, connection: socket.socket) -> None:
        self.kept = call, identity
        self.loan = loan
        self.connection = connection  # it is ready for reading once look() may find an answer

    def look(self) -> HttpResponse | None:
        """The answer, if it is there; raises an exception if the view has to find it."""
        call, result = self.kept[0], self.loan.look()
        return apply_cors(call, call.shape.read_result(call, result)) if result else None


class ShortLane:
    """The short lane of one application."""

    def __init__(self, app: GatewayApp) -> None:
        self._app = app
        # Flask calls whatever these hold at each request: the lane is closed unless all are empty.
        self._doers = (
            app.after_request_funcs,
            app.teardown_request_funcs,
            app.teardown_appcontext_funcs,
            app.url_value_preprocessors,
            *(signal.receivers for signal in _SIGNALS),
        )
        self._is_plain = all(map(_is_flasks_own, _STEPS)) and not vars(app).keys() & set(_STEPS)

    def begin(self, environ: Environ, body: bytes) -> Passage | None:
        """Begin a request; returns None if the view has to serve it.

        `environ` is a WSGI environ that holds only what the gateway reads of a request's head.
        """
        if not self.is_open() or environ["REQUEST_METHOD"] == "OPTIONS":  # it may be a preflight request
            return None
        try:
            found = self._app.find_view(environ)
        except Exception:  # noqa: BLE001 - the view answers it
            return None
        if found is None or not isinstance(found[0], RouteView) or not _suits(found[0]):
            return None
        view, parameters = found
        loan = view.gateway.invoker.borrow(view.route.function)
        return _begin(view, environ, parameters, body, loan) if loan else None

    def is_open(self) -> bool:
        """Whether the application does nothing with a request that the view does not do."""
        app = self._app
        hooks = app.before_request_funcs
        is_hooked = any(self._doers) or (hooks and hooks != {None: [app.preflights]})
        # app.debug and app.testing look these up in more steps.
        return self._is_plain and not (is_hooked or app.config["DEBUG"] or app.config["TESTING"])


def _is_flasks_own(name: str) -> bool:
    """Whether a method is the one that Flask has defined."""
    step = getattr(GatewayApp, name)
    return isinstance(step, FunctionType) and step.__code__.co_filename == inspect.getfile(Flask)


def _suits(view: RouteView) -> bool:
    """Whether no step of the view can take long: an authorizer may ask a function, a model may be large."""
    route = view.route
    has_authorizer = route.authorizer is not None and route.stage.authorizers_run_in != "gateway"
    return not has_authorizer and not route.method_request.models


def _begin(
    view: RouteView, environ: Environ, parameters: Mapping[str, str], body: bytes, loan: Loan
) -> Passage | None:
    """Take the view's steps up to the invocation; after an error the view takes them again, and answers."""
    gateway, route = view.gateway, view.route
    try:
        call = read_call(environ, parameters, route, gateway.stamps, SHAPES[route.function.api], body)
        identity = gateway.find_identity(call)
        check_method_request(call)
        connection = loan.begin(call.invocation(call.shape.build_event(call, identity)))
    except Exception:  # noqa: BLE001 - whatever it is
        loan.cancel()
        return None
    return Passage(call, identity, loan, connection)
