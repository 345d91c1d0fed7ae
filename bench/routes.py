"""Many functions and routes: what a start costs, and what finding a route costs."""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from bench.load import get_request
from bench.report import print_table
from bench.samples import ROOT, ROUTES_EACH, environ_of, write_many
from bench.server import Command, running
from berth.errors import NoSuchRoute
from berth.factory import create_app, create_gateway
from berth.gateway.blueprint import function_blueprint
from berth.gateway.faults import register_faults
from berth.gateway.flask_app import GatewayApp, RouteMap
from berth.gateway.routing.head import RequestHead
from berth.invoke.invoker import Invoker
from berth.manifest.loader import load
from berth.model.invocation import Invocation, InvocationResult
from berth.runtime.environments import create_environments
from berth.settings import Settings

START_ROUTES = (1, 1000)
COST_ROUTES = (1, 10, 100, 1000)
_COSTS = ("literal", "{id}", "{proxy+}", "no such route", "whole request", "whole 403")
_REPEATS = 30
_CALLS = 200


class StubInvoker(Invoker):
    """Answers every invocation with one result and runs nothing."""

    def invoke(self, invocation: Invocation, watch: object = None) -> InvocationResult:
        """The same plain result, whatever the event."""
        return InvocationResult(b'{"statusCode": 200, "body": "ok"}')


def measure_routes(folder: Path, rounds: int) -> None:
    """Print what a start costs with one and with a thousand routes, then the cost per request."""
    sizes = sorted({*START_ROUTES, *COST_ROUTES})
    settings = {routes: write_many(folder / str(routes), routes) for routes in sizes}
    print_table(
        f"Start, minimum and median of {rounds}; up to the first 200, cold start of its function included",
        ("functions / routes", "create_app ms", "median", "gunicorn to first 200 ms", "median"),
        [_start_row(routes, settings[routes], rounds) for routes in START_ROUTES],
    )
    print_table(
        f"Finding a route, microseconds per call, minimum of {_REPEATS} rows of {_CALLS}; "
        "the last function's routes",
        ("routes", *_COSTS),
        _cost_rows({routes: _cost_calls(routes, settings[routes]) for routes in COST_ROUTES}),
    )


def _start_row(routes: int, settings: Settings, rounds: int) -> tuple[str, ...]:
    created = [_seconds(lambda: create_app(settings)) for _ in range(rounds)]
    command = Command(("wsgi:app",), ROOT, environ_of(settings))
    request = get_request(f"/s{_functions(routes) - 1}/items")
    answered = []
    for _ in range(rounds):
        with running(command, request) as server:
            answered.append(server.start_seconds)
    figures = (min(created), median(created), min(answered), median(answered))
    return (f"{_functions(routes)} / {routes}", *(f"{figure * 1000:.0f}" for figure in figures))


def _cost_calls(routes: int, settings: Settings) -> list[Callable[[], object] | None]:
    """One call for each column; None where there is no such route."""
    app = stubbed_app(settings)
    assert isinstance(app.url_map, RouteMap)
    last = _functions(routes) - 1
    paths = [f"/s{last}/items", f"/s{last}/items/42", f"/s{last}/files/a/b/c"]
    found = [partial(app.url_map.find, _head(path)) for path in paths]
    return [
        *(found if routes >= ROUTES_EACH else [found[0], None, None]),
        partial(_find_none, app.url_map, _head("/s0/items/42/none")),
        partial(_call, app, paths[0]),
        partial(_call, app, "/nowhere"),
    ]


def _cost_rows(rows: Mapping[int, Sequence[Callable[[], object] | None]]) -> list[tuple[str, ...]]:
    """Microseconds of every call, measured in turns so that a busy moment hits all sizes alike."""
    least = {routes: [math.inf] * len(calls) for routes, calls in rows.items()}
    for _ in range(_REPEATS):
        for column in range(len(_COSTS)):
            for routes, calls in rows.items():
                call = calls[column]
                if call is not None:
                    least[routes][column] = min(least[routes][column], _per_call(call))
    return [(str(routes), *map(_micros, figures)) for routes, figures in least.items()]


def _micros(figure: float) -> str:
    return "-" if math.isinf(figure) else f"{figure:.1f}"


def stubbed_app(settings: Settings) -> GatewayApp:
    """What the factory composes, with an invoker that runs nothing."""
    catalog = load(settings)
    events = create_app(settings).extensions["berth"].events
    gateway = create_gateway(StubInvoker(create_environments(settings)), catalog)
    app = GatewayApp(catalog.stage.trust)
    for function in catalog.functions.values():
        routes = [route for route in catalog.routes if route.function is function]
        app.register_blueprint(function_blueprint(gateway, events, function, routes))
    register_faults(app, gateway)
    return app


def _functions(routes: int) -> int:
    return -(-routes // ROUTES_EACH)


def _find_none(table: RouteMap, head: RequestHead) -> None:
    with suppress(NoSuchRoute):
        table.find(head)


def _head(path: str) -> RequestHead:
    return RequestHead(environ_to(path), None)


def environ_to(path: str) -> dict[str, Any]:
    """The WSGI environ of a GET request."""
    return _ENVIRON | {"PATH_INFO": path, "RAW_URI": path, "REQUEST_URI": path}


def _call(app: GatewayApp, path: str) -> None:
    b"".join(app.wsgi_app(environ_to(path), _start_response))


def _start_response(status: str, headers: object, failure: object = None, /) -> Callable[[bytes], None]:
    return _write


def _write(data: bytes) -> None:
    pass


def _seconds(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def _per_call(call: Callable[[], object]) -> float:
    """Microseconds for one call, as the mean of a short row of calls."""
    began = time.perf_counter()
    for _ in range(_CALLS):
        call()
    return (time.perf_counter() - began) / _CALLS * 1e6


_ENVIRON: dict[str, Any] = {
    "REQUEST_METHOD": "GET",
    "SCRIPT_NAME": "",
    "QUERY_STRING": "",
    "SERVER_NAME": "127.0.0.1",
    "SERVER_PORT": "8000",
    "SERVER_PROTOCOL": "HTTP/1.1",
    "REMOTE_ADDR": "127.0.0.1",
    "HTTP_HOST": "localhost",
    "HTTP_USER_AGENT": "bench",
    "HTTP_ACCEPT": "*/*",
    "wsgi.url_scheme": "http",
}
