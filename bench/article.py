"""The article's design, P2: Falcon, an event of seven fields, the handler in the server's own process.

Its handlers are called by name, so that the same application can hand them to another process instead.
"""

import base64
import itertools
import json
import logging
import os
import time
from collections.abc import Callable, Mapping
from typing import Any

import falcon

from bench.peer_apps import project_handlers, project_routes

Call = Callable[[str, dict[str, Any]], dict[str, Any]]
_IDS = itertools.count()
_log = logging.getLogger("p2")


def create_app(call: Call | None = None) -> falcon.App[Any, Any]:
    """The application of the project's functions, which are called in this process unless `call` says how."""
    app = falcon.App()
    call = call or _local_calls()
    for path, functions in _by_path().items():
        resource = _Resource(functions, call)
        app.add_route(path, resource)
    return app


class _Resource:
    """All methods of one path, each served by a function."""

    def __init__(self, functions: Mapping[str, str], call: Call) -> None:
        self._call = call
        for method, function in functions.items():
            methods = ("get", "post", "put", "patch", "delete") if method == "ANY" else (method.lower(),)
            for each in methods:
                setattr(self, f"on_{each}", self._responder(function))

    def _responder(self, function: str) -> Callable[..., None]:
        call = self._call

        def respond(req: falcon.Request, resp: falcon.Response, **parameters: str) -> None:
            write_result(resp, call(function, build_event(req, parameters)))

        return respond


def build_event(req: falcon.Request, parameters: dict[str, str]) -> dict[str, Any]:
    """The seven fields, and whether the body is base64."""
    body, is_base64 = _read_body(req)
    return {
        "httpMethod": req.method,
        "path": req.path,
        "headers": req.headers,
        "queryStringParameters": req.params or None,
        "pathParameters": parameters or None,
        "requestContext": {"requestId": str(next(_IDS)), "httpMethod": req.method, "path": req.path},
        "body": body,
        "isBase64Encoded": is_base64,
    }


def write_result(resp: falcon.Response, result: dict[str, Any]) -> None:
    """Make the response that a result describes."""
    resp.status = result["statusCode"]
    resp.content_type = "application/json"
    resp.set_headers(result.get("headers") or {})
    body = result.get("body") or ""
    resp.data = base64.b64decode(body) if result.get("isBase64Encoded") else body.encode()


def _read_body(req: falcon.Request) -> tuple[str | None, bool]:
    if not req.content_length:
        return None, False
    data = req.bounded_stream.read()
    if (req.content_type or "").startswith(("application/json", "text/")):
        return data.decode(), False
    return base64.b64encode(data).decode("ascii"), True


def _local_calls() -> Call:
    handlers = project_handlers()
    if os.environ.get("BENCH_LOG") == "json":
        logging.basicConfig(level=logging.INFO, format="%(message)s")
        return _logged(handlers)
    return lambda function, event: handlers[function](event, None)


def _logged(handlers: Mapping[str, Callable[..., dict[str, Any]]]) -> Call:
    """Calls that write one JSON line each."""

    def call(function: str, event: dict[str, Any]) -> dict[str, Any]:
        began = time.perf_counter()
        result = handlers[function](event, None)
        line = {
            "timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "requestId": event["requestContext"]["requestId"],
            "function": function,
            "status": result["statusCode"],
            "durationMs": round((time.perf_counter() - began) * 1000, 2),
        }
        _log.info("%s", json.dumps(line))
        return result

    return call


def _by_path() -> dict[str, dict[str, str]]:
    """The functions of each path, by their methods; paths as Falcon writes them."""
    found: dict[str, dict[str, str]] = {}
    for route in project_routes():
        path = route.path.replace("{proxy+}", "{proxy:path}")
        found.setdefault(path, {})[route.method] = route.function
    return found
