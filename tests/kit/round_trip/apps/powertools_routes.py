"""Routes that report what they saw of a request, and answer in every way there is, for Powertools."""

import base64
from typing import Any

import content
from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.shared.cookies import Cookie

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
TEXT = "text/plain; charset=utf-8"

routes = Router()


@routes.route("/<mount>", method=METHODS)
def root(mount: str) -> Response:
    """Say what was seen of the request."""
    return report()


@routes.route("/[^/]+/report.*", method=METHODS)
def report() -> Response:
    """Say what was seen of the request; there is nothing here that reads forms."""
    event = routes.current_event
    query = event.resolved_query_string_parameters
    seen = {
        "method": event.http_method,
        "path": event.path,
        "query": [[key, value] for key, values in query.items() for value in values],
        "headers": {name.lower(): _lines(value) for name, value in event.resolved_headers_field.items()},
        "cookies": sorted(event.resolved_cookies_field.items()),
        "body": content.shown(_body()),
    }
    return _report(seen, "request")


@routes.route("/[^/]+/connection/.*", method=METHODS)
def connection() -> Response:
    """Say what was seen of the connection."""
    fields = routes.current_event.resolved_headers_field
    seen = {
        "content_length": next(iter(_lines(fields.get("content-length"))), None),
        "transfer_encoding": next(iter(_lines(fields.get("transfer-encoding"))), None),
        "cookie": _lines(fields.get("cookie")),
        "size": len(_body()),
    }
    return _report(seen, "connection")


def _lines(value: str | list[str] | None) -> list[str]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _body() -> bytes:
    event = routes.current_event
    body = event.body or ""
    return base64.b64decode(body) if event.is_base64_encoded else body.encode()


def _report(seen: dict[str, Any], kind: str) -> Response:
    return Response(200, "application/json", seen, {content.REPORT_HEADER: kind})


@routes.route("/[^/]+/status/<code>", method=METHODS)
def status(code: str) -> Response:
    """Answer with a status."""
    headers = {"X-Status": code}
    if int(code) in content.BODILESS:
        return Response(int(code), None, None, headers)
    return Response(int(code), TEXT, f"status {code}", headers)


@routes.route("/<mount>/redirect/<code>", method=METHODS)
def redirect(mount: str, code: str) -> Response:
    """Lead to another path."""
    return Response(int(code), headers={"Location": content.after_redirect(mount)})


@routes.get("/[^/]+/redirect-away")
def redirect_away() -> Response:
    """Lead to another host."""
    return Response(302, headers={"Location": content.ELSEWHERE})


@routes.get("/[^/]+/cookies")
def cookies() -> Response:
    """Set cookies, one of them with a comma in it."""
    set_cookies = [
        Cookie("session", "abc123", path="/", http_only=True),
        Cookie("theme", "dark", custom_attributes=["Expires=Wed, 21 Oct 2026 07:28:00 GMT"]),
        Cookie("old", "", max_age=0),
    ]
    return Response(200, TEXT, "cookies", cookies=set_cookies)


@routes.get("/[^/]+/headers")
def headers() -> Response:
    """Answer with header lines of every kind."""
    lines: dict[str, list[str]] = {}
    for name, value in content.HEADERS:
        lines.setdefault(name, []).append(value)
    return Response(200, TEXT, "headers", lines)


@routes.get("/[^/]+/header-utf-8")
def header_utf_8() -> Response:
    """Answer with a header in UTF-8."""
    return Response(200, TEXT, "header", {"X-Utf-8": "Grüße"})


@routes.get("/[^/]+/raises")
def raises() -> Response:
    """Fail."""
    raise RuntimeError("meant to fail")


@routes.get("/[^/]+/gzip", compress=True)
def compressed() -> Response:
    """Answer in gzip, if the client takes it."""
    return Response(200, TEXT, content.TEXT)


def _fixed(path: str, content_type: str | None, body: Any) -> None:
    def answer() -> Response:
        return Response(200, content_type, body)

    routes.route(f"/[^/]+{path}", method=["GET", "HEAD"])(answer)


_fixed("/slashed/", TEXT, "slashed")
_fixed("/text", TEXT, content.TEXT)
_fixed("/latin-1", "text/plain; charset=iso-8859-1", content.LATIN_1)
_fixed("/html", "text/html; charset=utf-8", content.HTML)
_fixed("/json", "application/json", content.DOCUMENT)
_fixed("/svg", "image/svg+xml", content.SVG)
_fixed("/binary", "application/octet-stream", content.EVERY_BYTE)
_fixed("/stream", TEXT, "".join(content.PARTS))
_fixed("/empty", TEXT, "")
_fixed("/untyped", None, "untyped")
_fixed("/large-text", TEXT, content.LARGE_TEXT)
_fixed("/large-binary", "application/octet-stream", content.LARGE_BINARY)
