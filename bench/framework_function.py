"""The hello function adapted by hand to functions-framework: a Flask request in, a Flask response out."""

import flask

from bench.peer_apps import hello_handler

_HANDLER = hello_handler()


def hello(request: flask.Request) -> tuple[str, int, dict[str, str]]:
    """Serve one request with the function's own handler."""
    result = _HANDLER({"queryStringParameters": dict(request.args) or None}, None)
    return result["body"], result["statusCode"], {"Content-Type": "application/json"}
