"""How long a client may take to send a request, and to take its answer."""

import errno
import socket
import ssl
import time
from typing import Any

from gunicorn import sock as gunicorn_sock
from gunicorn.http.errors import ParseException
from gunicorn.http.unreader import SocketUnreader
from gunicorn.http.wsgi import Response

# A request must be whole within this, and a second more for each 32 KB: 10 MB have six minutes.
SECONDS_FOR_A_REQUEST = 60.0
SECONDS_BETWEEN_BYTES = 20.0
_BYTES_A_SECOND = 32 * 1024
SECONDS_FOR_A_SLICE = 60.0  # of an answer
_SLICE = 64 * 1024
SECONDS_FOR_A_HANDSHAKE = 10.0


class RequestTimedOut(ParseException):  # type: ignore[misc]
    """Raised when a client is too slow: the thread that reads is needed by others."""


class PatientUnreader(SocketUnreader):  # type: ignore[misc]
    """Reads from a client's connection, and not for ever."""

    seconds_for_a_request = SECONDS_FOR_A_REQUEST
    seconds_between_bytes = SECONDS_BETWEEN_BYTES

    def __init__(self, sock: Any, max_chunk: int = 8192) -> None:
        super().__init__(sock, max_chunk)
        self.begin()

    def begin(self) -> None:
        """A request begins on the connection."""
        self._deadline = time.monotonic() + self.seconds_for_a_request

    def chunk(self, size_hint: int | None = None) -> bytes:
        """The next bytes; raises RequestTimedOut."""
        patience = min(self._deadline - time.monotonic(), self.seconds_between_bytes)
        if patience <= 0:
            raise RequestTimedOut
        before = self.sock.gettimeout()
        self.sock.settimeout(patience)
        try:
            data: bytes = super().chunk(size_hint)
        except TimeoutError as late:
            raise RequestTimedOut from late
        finally:
            self.sock.settimeout(before)
        self._deadline += len(data) / _BYTES_A_SECOND
        return data


class PatientResponse(Response):  # type: ignore[misc]
    """Sends to a client that takes what is sent, be it slowly."""

    def __init__(self, req: Any, sock: Any, cfg: Any) -> None:
        super().__init__(req, sock, cfg)
        # A timeout of the system's own would not end a send over TLS.
        sock.settimeout(SECONDS_FOR_A_SLICE)

    def write(self, data: bytes) -> None:
        """Send a part of the body; raises BrokenPipeError, as for a client that has gone."""
        try:
            for start in range(0, len(data), _SLICE) or (0,):
                super().write(data[start : start + _SLICE])
        except TimeoutError as late:
            raise BrokenPipeError(errno.EPIPE, "the client takes nothing of its answer") from late


_wrap_tls = gunicorn_sock.ssl_wrap_socket


def wrap_tls(connection: socket.socket, conf: Any) -> ssl.SSLSocket:
    """A connection after its TLS handshake; raises SSLEOFError where the client does not go on with it."""
    connection.settimeout(SECONDS_FOR_A_HANDSHAKE)
    wrapped: ssl.SSLSocket = _wrap_tls(connection, conf)
    try:
        wrapped.do_handshake()
    except TimeoutError as late:
        wrapped.close()
        raise ssl.SSLEOFError(ssl.SSL_ERROR_EOF, "the handshake takes too long") from late
    wrapped.settimeout(None)
    return wrapped
