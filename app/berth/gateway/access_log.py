"""The access log: one line for each request of an API.

It is part of an application only if BERTH_ACCESS_LOG asks for it, so otherwise no request takes longer.
"""

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import flask
from werkzeug.wsgi import ClosingIterator

from berth.gateway.flask_app import GatewayApp
from berth.gateway.request import WIRE_BODY, BodyWanted
from berth.gateway.routing.head import Environ, raw_target
from berth.invoke.invoker import Invoker, Loan, Watch
from berth.model.function import Function
from berth.model.invocation import Invocation, InvocationResult
from berth.model.route import Route, is_reserved
from berth.payload.urls import split_target
from berth.runtime.environments import Environments

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse

_ACCESS = "berth.access"


@dataclass(eq=False)
class Access:
    """What the access log tells of one request; `route` is None if no route takes the request."""

    began: float
    request_id: str | None = None
    route: Route | None = None
    is_cold: bool | None = None  # None if the route's function was not invoked
    status: int = 0
    length: int = 0  # bytes of the response's body

    def items(self) -> dict[str, Any]:
        """What is told, by its name: API Gateway's names where it has one."""
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        return {
            "time": now.replace("+00:00", "Z"),
            "type": "access",
            "requestId": self.request_id,
            "routeKey": str(self.route.key) if self.route else None,
            "functionName": self.route.function.name if self.route else None,
            "status": self.status,
            "durationMs": round((time.monotonic() - self.began) * 1000, 2),
            "environment": {None: None, True: "cold", False: "warm"}[self.is_cold],
            "responseLength": self.length,
        }


def _as_json(access: Access) -> bytes:
    return f"{json.dumps(access.items(), separators=(',', ':'))}\n".encode()


def _as_text(access: Access) -> bytes:
    """A line in the manner of Lambda's REPORT."""
    shown = {name: "-" if value is None else value for name, value in access.items().items()}
    return (
        f"ACCESS RequestId: {shown['requestId']}\tTime: {shown['time']}\tRoute: {shown['routeKey']}"
        f"\tFunction: {shown['functionName']}\tStatus: {shown['status']}"
        f"\tDuration: {shown['durationMs']:.2f} ms\tEnvironment: {shown['environment']}"
        f"\tBytes: {shown['responseLength']}\n"
    ).encode()


_FORMATS: Mapping[str, Callable[[Access], bytes]] = {"text": _as_text, "json": _as_json}


class WatchedInvoker(Invoker):
    """An Invoker for routes; it notes whether the environment was cold, for the access log."""

    def __init__(self, environments: Environments, inner: Invoker) -> None:
        super().__init__(environments)
        self._inner = inner

    def invoke(self, invocation: Invocation, watch: Watch | None = None) -> InvocationResult:
        """Run one invocation and wait for its result; raises what Invoker.invoke raises."""
        result = self._inner.invoke(invocation, watch)
        flask.request.environ[_ACCESS].is_cold = result.is_cold
        return result

    def borrow(self, function: Function) -> Loan | None:
        """Lend nothing: every invocation goes through invoke()."""
        return None


def keep_access_log(app: GatewayApp, log_format: str, write: Callable[[bytes], None]) -> None:
    """Write a line for each request of an application, `text` or `json`; health checks have none."""
    serve, line = app.wsgi_app, _FORMATS[log_format]

    def watch(environ: Environ, start_response: "StartResponse") -> Iterable[bytes]:
        if is_reserved(split_target(raw_target(environ))[0]):
            return serve(environ, start_response)
        environ[_ACCESS] = access = Access(_beginning(environ))
        try:
            body = serve(environ, _watching_status(access, start_response))
        except BodyWanted:
            environ[WIRE_BODY].seconds = time.monotonic() - access.began
            raise
        return ClosingIterator(_counted(body, access), [*_closing(body), lambda: write(line(access))])

    @app.after_request
    def note(response: flask.Response) -> flask.Response:
        if (access := flask.request.environ.get(_ACCESS)) is not None:
            stamp = flask.g.get("stamp")
            access.request_id = stamp.request_id if stamp else None
            access.route = getattr(flask.request.url_rule, "route", None)
        return response

    app.wsgi_app = watch  # type: ignore[method-assign]


def _beginning(environ: Environ) -> float:
    """When work on the request began, as if its client had sent the body at once."""
    wire = environ.get(WIRE_BODY)
    return time.monotonic() - (wire.seconds if wire else 0.0)


def _watching_status(access: Access, start_response: "StartResponse") -> "StartResponse":
    def start(status: str, *rest: Any) -> Callable[[bytes], object]:
        access.status = int(status[:3])
        return start_response(status, *rest)

    return start


def _counted(body: Iterable[bytes], access: Access) -> Iterator[bytes]:
    for piece in body:
        access.length += len(piece)
        yield piece


def _closing(body: Iterable[bytes]) -> list[Callable[[], None]]:
    close = getattr(body, "close", None)
    return [close] if close else []
