"""Writes Berth's own response as one of Flask's."""

import json
from collections.abc import Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING

from flask import Response
from werkzeug.datastructures import Headers
from werkzeug.wsgi import ClosingIterator

from berth.model.http import HttpResponse

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

# Python 3.13 renamed two of them.
_KEPT = {413: "Request Entity Too Large", 414: "Request-URI Too Long"}
REASONS = {status.value: status.phrase for status in HTTPStatus} | _KEPT


class WireResponse(Response):
    """A response that is sent as it is: no header added, none corrected, each on its own line."""

    wire_status = ""

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        if not self.wire_status:
            return super().__call__(environ, start_response)
        start_response(self.wire_status, self.headers.to_wsgi_list())
        # A HEAD request is answered with the headers a GET would get and nothing else.
        body = [] if environ["REQUEST_METHOD"] == "HEAD" else self.iter_encoded()
        return ClosingIterator(body, self.close) if self._on_close else body


def json_response(status: int, document: object, headers: Iterable[tuple[str, str]] = ()) -> HttpResponse:
    """A response with a document as its body, and more headers after those of the body."""
    body = json.dumps(document).encode()
    of_body = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
    return HttpResponse(status, [*of_body, *headers], body)


def raw_response(response: HttpResponse) -> bytes:
    """A response as bytes for a connection that ends with it."""
    status = f"HTTP/1.1 {response.status} {REASONS.get(response.status, 'Unknown')}"
    lines = [status, *(f"{name}: {value}" for name, value in response.headers), "Connection: close"]
    return "".join(f"{line}\r\n" for line in (*lines, "")).encode("latin-1") + response.body


def write_response(response: HttpResponse) -> WireResponse:
    """Turn Berth's own response into one of Flask's."""
    wire = WireResponse.__new__(WireResponse)
    wire.wire_status = f"{response.status} {REASONS.get(response.status, 'Unknown')}"
    wire._status, wire._status_code = wire.wire_status, response.status
    wire.headers = Headers(list(response.headers))
    wire.response = [response.body]
    wire.direct_passthrough = False
    wire._on_close = []
    return wire
