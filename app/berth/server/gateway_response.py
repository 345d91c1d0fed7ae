"""The response that gunicorn sends for the application, and the same response as bytes."""

import time
from collections.abc import Sequence
from functools import lru_cache

from gunicorn import util

from berth.gateway.response import REASONS
from berth.model.http import HttpResponse
from berth.payload.headers import names_of
from berth.server.patience import PatientResponse

_BLANKS = " \t"


class GatewayResponse(PatientResponse):
    """A response with the application's Server header, or with none; gunicorn would send its own name."""

    server: str | None = None

    def process_headers(self, headers: list[tuple[str, str]]) -> None:
        """Take the application's headers and keep its Server header, which gunicorn's own method ignores."""
        super().process_headers(headers)
        exchange = getattr(self.req, "exchange", None)
        if exchange is not None and exchange.waits_to_send:
            self.force_close()  # the client may send the body or not: nobody knows where its next request is
        self.server = next((value for name, value in headers if name.lower() == "server"), None)

    def default_headers(self) -> list[str]:
        """The status line and the headers that gunicorn adds, with the application's Server header if any."""
        lines = [line for line in super().default_headers() if not line.startswith("Server:")]
        return [*lines, f"Server: {self.server}\r\n"] if self.server else lines


def kept_alive_bytes(response: HttpResponse, method: str) -> bytes:
    """The bytes that gunicorn would send for a response with a known length, on a connection that goes on.

    Raises UnicodeEncodeError for a header that cannot be sent.
    """
    headers = response.headers
    lines = "\r\n".join(map(": ".join, headers)) + "\r\n"
    has_blanks = ":  " in lines or " \r\n" in lines or "\t" in lines  # at either end of a value
    if has_blanks or not headers or _have_servers(names_of(headers)):
        lines = _other_lines(headers)
    head = f"{_first_lines(response.status, int(time.time()))}{lines}\r\n".encode("latin-1")
    return head if method == "HEAD" else head + response.body


def _other_lines(headers: Sequence[tuple[str, str]]) -> str:
    """The lines after the first three, the Server header first; values begin and end without blanks."""
    server = next((value for name, value in headers if name.lower() == "server"), None)
    own = [("Server", server)] if server else []
    kept = [(name, value.strip(_BLANKS)) for name, value in headers if not _is_servers(name)]
    return "".join(f"{name}: {value}\r\n" for name, value in (*own, *kept))


# Bounded: names come from functions.
@lru_cache(maxsize=256)
def _have_servers(names: tuple[str, ...]) -> bool:
    """Whether one of these headers is the server's to send."""
    return any(map(_is_servers, names))


def _is_servers(name: str) -> bool:
    """Whether a header is the server's to send; of `Server` gunicorn sends the application's."""
    return bool(util.is_hoppish(name))


@lru_cache(maxsize=16)
def _first_lines(status: int, epoch_seconds: int) -> str:
    """The three lines that begin every response of one status in one second."""
    date = util.http_date(epoch_seconds)
    return f"HTTP/1.1 {status} {REASONS.get(status, 'Unknown')}\r\nDate: {date}\r\nConnection: keep-alive\r\n"
