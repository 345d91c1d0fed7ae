"""The lane's response is, byte for byte, the one that gunicorn sends."""

from types import SimpleNamespace
from typing import Any

import pytest
from gunicorn.config import Config

from berth.model.http import HttpResponse
from berth.server.gateway_response import GatewayResponse, kept_alive_bytes

TEXT = [("Content-Type", "text/plain"), ("Content-Length", "5")]


class Socket:
    """Keeps what is sent."""

    def __init__(self) -> None:
        self.sent = b""

    def settimeout(self, seconds: float) -> None:
        """Take any."""

    def sendall(self, data: bytes) -> None:
        self.sent += data


def _by_gunicorn(response: HttpResponse, method: str) -> bytes:
    request = SimpleNamespace(method=method, version=(1, 1), should_close=lambda: False)
    socket = Socket()
    sent: Any = GatewayResponse(request, socket, Config())
    reasons = {200: "OK", 204: "No Content", 299: "Unknown", 413: "Request Entity Too Large"}
    sent.start_response(f"{response.status} {reasons[response.status]}", list(response.headers))
    for piece in [] if method == "HEAD" else [response.body]:
        sent.write(piece)
    sent.close()
    return socket.sent


@pytest.mark.parametrize(
    ("method", "response"),
    [
        ("GET", HttpResponse(200, TEXT, b"hello")),
        ("HEAD", HttpResponse(200, TEXT, b"hello")),
        ("GET", HttpResponse(204, [("X-A", "1")], b"")),
        (
            "GET",
            HttpResponse(299, [*TEXT, ("x-a", " 1\t"), ("X-A", "\xe9"), ("Set-Cookie", "a=b")], b"hello"),
        ),
        ("POST", HttpResponse(413, [("Server", "awselb/2.0"), *TEXT, ("server", "x")], b"hello")),
        (
            "GET",
            HttpResponse(200, [("Date", "today"), ("TE", "x"), ("Proxy-Authenticate", "x"), *TEXT], b"hello"),
        ),
    ],
)
def test_bytes_are_gunicorns(method: str, response: HttpResponse, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("gunicorn.util.time.time", lambda: 1_700_000_000.0)
    assert kept_alive_bytes(response, method) == _by_gunicorn(response, method)


def test_header_beyond_latin_1_cannot_be_sent():
    with pytest.raises(UnicodeEncodeError):
        kept_alive_bytes(HttpResponse(200, [("X-A", "\u2192")], b""), "GET")
