"""How long a client may take to send a request, and to take its answer."""

import socket
import struct
import time
from typing import Any

from gunicorn.http.errors import ParseException
from gunicorn.http.unreader import SocketUnreader

# A request must be whole within this, and a second more for each 32 KB: 10 MB have six minutes.
SECONDS_FOR_A_REQUEST = 60.0
SECONDS_BETWEEN_BYTES = 20.0
_BYTES_A_SECOND = 32 * 1024
SECONDS_FOR_AN_ANSWER = 60  # without a byte of it being taken


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


def limit_sending(connection: socket.socket) -> None:
    """End a connection whose client takes nothing of its answer."""
    limit = struct.pack("@ll", SECONDS_FOR_AN_ANSWER, 0)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)
