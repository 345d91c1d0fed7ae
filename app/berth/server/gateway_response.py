"""The response that gunicorn sends for the application, and the same response as bytes."""

import time
from functools import lru_cache

from gunicorn import util

from berth.gateway.response import REASONS
from berth.model.http import HttpResponse
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
    status = response.status
    lines, server = "", None
    for name, value in response.headers:
        if not _is_servers(name):
            lines += f"{name}: {value.strip(_BLANKS)}\r\n"
        elif server is None and name.lower() == "server":
            server = value
    own = f"Server: {server}\r\n" if server else ""
    head = (
        f"HTTP/1.1 {status} {REASONS.get(status, 'Unknown')}\r\nDate: {_date(int(time.time()))}\r\n"
        f"Connection: keep-alive\r\n{own}{lines}\r\n"
    )
    return head.encode("latin-1") + (b"" if method == "HEAD" else response.body)


# Bounded: names come from functions.
@lru_cache(maxsize=1024)
def _is_servers(name: str) -> bool:
    """Whether a header is the server's to send; of `Server` gunicorn sends the application's."""
    return bool(util.is_hoppish(name))


@lru_cache(maxsize=2)
def _date(epoch_seconds: int) -> str:
    date: str = util.http_date(epoch_seconds)
    return date
