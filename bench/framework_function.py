"""The project's function adapted by hand to functions-framework: a Flask request in, a Flask response out."""

import flask

from bench.peer_apps import body_of, flask_response, project_handlers

(_HANDLER,) = project_handlers().values()


def adapted(request: flask.Request) -> flask.Response:
    """Serve one request with the function's own handler, which is given what it reads and no more."""
    return flask_response(
        _HANDLER({"queryStringParameters": dict(request.args) or None} | body_of(request), None)
    )
