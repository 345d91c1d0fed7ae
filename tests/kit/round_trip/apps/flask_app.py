"""An app that reports what it saw of a request, and answers in every way there is, in Flask."""

from collections.abc import Callable
from typing import Any

import content
from flask import Flask, Response, jsonify, redirect, request

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]

app = Flask(__name__)


@app.route("/<mount>", methods=METHODS)
@app.route("/<mount>/report", methods=METHODS)
@app.route("/<mount>/report/", methods=METHODS)
@app.route("/<mount>/report/<path:rest>", methods=METHODS)
def report(mount: str, rest: str = "") -> Response:
    """Say what was seen of the request."""
    body = request.get_data()
    seen = {
        "method": request.method,
        "base": request.url_root,
        "path": request.path,
        "query": list(request.args.items(multi=True)),
        "headers": {name.lower(): request.headers.getlist(name) for name, _ in request.headers},
        "cookies": sorted(request.cookies.items(multi=True)),
        "body": content.shown(body),
        "form": list(request.form.items(multi=True)),
        "files": [
            [name, file.filename, file.content_type, content.shown(file.read())]
            for name, file in request.files.items(multi=True)
        ],
    }
    return _report(seen, "request")


@app.route("/<mount>/connection/<path:rest>", methods=METHODS)
def connection(mount: str, rest: str) -> Response:
    """Say what was seen of the connection, and of the target before it was decoded."""
    seen = {
        "protocol": request.environ["SERVER_PROTOCOL"],
        "client": request.remote_addr,
        "raw_path": request.environ.get("RAW_URI", "").partition("?")[0] or None,
        "raw_query": request.query_string.decode(),
        "content_length": request.headers.get("Content-Length"),
        "transfer_encoding": request.headers.get("Transfer-Encoding"),
        "cookie": request.headers.getlist("Cookie"),
        "size": len(request.get_data()),
    }
    return _report(seen, "connection")


def _report(seen: dict[str, Any], kind: str) -> Response:
    response = jsonify(seen)
    response.headers[content.REPORT_HEADER] = kind
    return response


@app.route("/<mount>/status/<int:code>", methods=METHODS)
def status(mount: str, code: int) -> Response:
    """Answer with a status."""
    body = None if code in content.BODILESS else f"status {code}"
    return Response(body, code, {"X-Status": str(code)}, mimetype="text/plain")


@app.route("/<mount>/redirect/<int:code>", methods=METHODS)
def redirects(mount: str, code: int) -> Any:
    """Lead to another path."""
    return redirect(content.after_redirect(mount), code)


@app.route("/<mount>/redirect-away")
def redirect_away(mount: str) -> Any:
    """Lead to another host."""
    return redirect(content.ELSEWHERE)


@app.route("/<mount>/cookies")
def cookies(mount: str) -> Response:
    """Set cookies, one of them with a comma in it."""
    response = Response("cookies", mimetype="text/plain")
    response.set_cookie("session", "abc123", httponly=True)
    response.set_cookie("theme", "dark", expires="Wed, 21 Oct 2026 07:28:00 GMT")
    response.delete_cookie("old")
    return response


@app.route("/<mount>/headers")
def headers(mount: str) -> Response:
    """Answer with header lines of every kind."""
    return Response("headers", headers=list(content.HEADERS), mimetype="text/plain")


@app.route("/<mount>/header-utf-8")
def header_utf_8(mount: str) -> Response:
    """Answer with a header in UTF-8, as WSGI wants it."""
    return Response("header", headers={"X-Utf-8": "Grüße".encode().decode("latin-1")}, mimetype="text/plain")


@app.route("/<mount>/stream")
def stream(mount: str) -> Response:
    """Answer in parts."""
    return Response(iter(content.PARTS), mimetype="text/plain")


@app.route("/<mount>/raises")
def raises(mount: str) -> Response:
    """Fail."""
    raise RuntimeError("meant to fail")


def _fixed(path: str, make: Callable[[], Response]) -> None:
    app.add_url_rule(f"/<mount>{path}", path, lambda mount: make())


_fixed("/slashed/", lambda: Response("slashed", mimetype="text/plain"))
_fixed("/text", lambda: Response(content.TEXT, mimetype="text/plain"))
_fixed("/latin-1", lambda: Response(content.LATIN_1, content_type="text/plain; charset=iso-8859-1"))
_fixed("/html", lambda: Response(content.HTML))
_fixed("/json", lambda: jsonify(content.DOCUMENT))
_fixed("/svg", lambda: Response(content.SVG, mimetype="image/svg+xml"))
_fixed("/binary", lambda: Response(content.EVERY_BYTE, mimetype="application/octet-stream"))
_fixed(
    "/gzip",
    lambda: Response(content.COMPRESSED, headers={"Content-Encoding": "gzip"}, mimetype="text/plain"),
)
_fixed("/empty", lambda: Response(b"", mimetype="text/plain"))


@app.route("/<mount>/untyped")
def untyped(mount: str) -> Response:
    """Answer without a Content-Type."""
    response = Response(b"untyped")
    del response.headers["Content-Type"]
    return response


_fixed("/large-text", lambda: Response(content.LARGE_TEXT, mimetype="text/plain"))
_fixed("/large-binary", lambda: Response(content.LARGE_BINARY, mimetype="application/octet-stream"))
