"""The peers' applications: the hello function served without Berth."""

import importlib
import importlib.util
from collections.abc import Callable, Iterable
from typing import Any

import flask

from bench.samples import HELLO, ROOT

Handler = Callable[[dict[str, Any], object], dict[str, Any]]
FRAMEWORK_SOURCE = ROOT / "bench" / "framework_function.py"


def hello_handler() -> Handler:
    """The function's own handler, loaded from its file."""
    spec = importlib.util.spec_from_file_location("hello_function", HELLO / "app.py")
    assert spec, "the function is a Python file"
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    handler: Handler = module.lambda_handler
    return handler


def bare_wsgi(environ: dict[str, Any], start_response: Callable[..., object]) -> Iterable[bytes]:
    """The least a server can do: a constant answer of the same size."""
    body = b'{"message": "Hello, Ada"}'
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]


def flask_view() -> flask.Flask:
    """A Flask view that makes a small event by hand and calls the handler in the server's process."""
    app = flask.Flask("flask_view", static_folder=None)
    handler = hello_handler()

    @app.get("/hello")
    def hello() -> flask.Response:
        request = flask.request
        event = {
            "httpMethod": request.method,
            "path": request.path,
            "headers": dict(request.headers),
            "queryStringParameters": dict(request.args) or None,
            "pathParameters": request.view_args or None,
            "body": request.get_data(as_text=True) or None,
            "isBase64Encoded": False,
            "requestContext": {},
        }
        result = handler(event, None)
        return flask.Response(result["body"], result["statusCode"], content_type="application/json")

    return app


def functions_framework_app() -> Any:
    """The application that functions-framework makes of the function adapted by hand."""
    framework = importlib.import_module("functions_framework")  # optional
    return framework.create_app("hello", str(FRAMEWORK_SOURCE), "http")
