"""The peers' applications: the functions of a project served without Berth.

Each is loaded by gunicorn, in a process of its own that finds the project in the variable BENCH_PROJECT.
"""

import base64
import importlib
import importlib.util
import json
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import flask

from bench.samples import HELLO, ROOT

Handler = Callable[[dict[str, Any], object], dict[str, Any]]
PROJECT_VARIABLE = "BENCH_PROJECT"
FRAMEWORK_SOURCE = ROOT / "bench" / "framework_function.py"


@dataclass(frozen=True)
class Route:
    """One route of one function of the project."""

    method: str
    path: str
    function: str


def hello_handler() -> Handler:
    """The hello function's own handler, loaded from its file."""
    return load_handler(HELLO)


def load_handler(folder: Path) -> Handler:
    """A function's handler, loaded into this process under a name that no other function has."""
    spec = importlib.util.spec_from_file_location(f"function_{folder.name}", folder / "app.py")
    assert spec, "the function is a Python file"
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    handler: Handler = module.lambda_handler
    return handler


def project_routes() -> Iterator[Route]:
    """The routes of all functions of the project."""
    for folder in sorted(_functions_folder().iterdir()):
        manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
        for each in manifest["routes"]:
            yield Route(each["method"], each["path"], folder.name)


def project_handlers() -> dict[str, Handler]:
    """The handlers of all functions of the project, by the functions' names."""
    return {folder.name: load_handler(folder) for folder in sorted(_functions_folder().iterdir())}


def bare_wsgi() -> Callable[..., Iterable[bytes]]:
    """The least a server can do: no event and no routes; the handler's answer, or the body that came."""
    handlers = list(project_handlers().values())
    handler = handlers[-1]

    def application(environ: dict[str, Any], start_response: Callable[..., object]) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] == "POST":
            body = environ["wsgi.input"].read()
        else:
            body = handler({"queryStringParameters": {"name": "Ada"}}, None)["body"].encode()
        start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
        return [body]

    return application


def flask_view() -> flask.Flask:
    """A Flask view for each route that makes a small event by hand and calls the handler in this process."""
    app = flask.Flask("flask_view", static_folder=None)
    handlers = project_handlers()
    for number, route in enumerate(project_routes()):
        rule = route.path.replace("{proxy+}", "<path:proxy>").replace("{", "<").replace("}", ">")
        methods = ["GET", "POST", "PUT", "PATCH", "DELETE"] if route.method == "ANY" else [route.method]
        app.add_url_rule(rule, str(number), flask_handler(handlers[route.function]), methods=methods)
    return app


def flask_handler(handler: Handler) -> Callable[..., flask.Response]:
    """The view of one handler."""

    def view(**parameters: str) -> flask.Response:
        request = flask.request
        event = {
            "httpMethod": request.method,
            "path": request.path,
            "headers": dict(request.headers),
            "queryStringParameters": dict(request.args) or None,
            "pathParameters": parameters or None,
            **body_of(request),
            "requestContext": {},
        }
        return flask_response(handler(event, None))

    return view


def body_of(request: flask.Request) -> dict[str, Any]:
    """The body of a request as an event has it: text as it is, all else in base64."""
    data = request.get_data()
    if not data:
        return {"body": None, "isBase64Encoded": False}
    if request.mimetype.startswith("text/") or request.mimetype == "application/json":
        return {"body": data.decode(), "isBase64Encoded": False}
    return {"body": base64.b64encode(data).decode("ascii"), "isBase64Encoded": True}


def flask_response(result: dict[str, Any]) -> flask.Response:
    """The response that a handler's result describes."""
    body = result.get("body") or ""
    data = base64.b64decode(body) if result.get("isBase64Encoded") else body
    headers = {"Content-Type": "application/json"} | (result.get("headers") or {})
    return flask.Response(data, result["statusCode"], headers)


def functions_framework_app() -> Any:
    """The application that functions-framework makes of the function adapted by hand."""
    framework = importlib.import_module("functions_framework")  # optional
    return framework.create_app("adapted", str(FRAMEWORK_SOURCE), "http")


def _functions_folder() -> Path:
    return Path(os.environ[PROJECT_VARIABLE], "functions")
