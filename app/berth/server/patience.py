"""The time that a client has to send a request, to do a TLS handshake and to receive its answer."""

import errno
import time
from typing import Any

from gunicorn.http.errors import ParseException
from gunicorn.http.unreader import SocketUnreader
from gunicorn.http.wsgi import Response

# A client has this long to send a request, and a second more for each 32 KB: six minutes for 10 MB.
SECONDS_FOR_A_REQUEST = 60.0
SECONDS_BETWEEN_BYTES = 20.0
BYTES_A_SECOND = 32 * 1024
SECONDS_FOR_A_SLICE = 60.0  # for a client to receive a slice of its answer
SLICE_BYTES = 64 * 1024
SECONDS_FOR_A_HANDSHAKE = 10.0


class RequestTimedOut(ParseException):  # type: ignore[misc]
    """Raised when a client sends its request too slowly."""


class PatientUnreader(SocketUnreader):  # type: ignore[misc]
    """Reads requests from a client's connection, each for a limited time."""

    seconds_for_a_request = SECONDS_FOR_A_REQUEST
    seconds_between_bytes = SECONDS_BETWEEN_BYTES

    def __init__(self, sock: Any, max_chunk: int = 8192) -> None:
        super().__init__(sock, max_chunk)
        self.begin()

    def begin(self) -> None:
        """Start the clock for the next request of the connection."""
        self._deadline = time.monotonic() + self.seconds_for_a_request

    def chunk(self, size_hint: int | None = None) -> bytes:
        """Read the next bytes; raises RequestTimedOut if the client has taken too long."""
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
        self._deadline += len(data) / BYTES_A_SECOND
        return data


def send_patiently(sock: Any, data: bytes) -> None:
    """Send bytes; raises TimeoutError for a client that receives nothing of a slice for a minute."""
    view = memoryview(data)
    sock.settimeout(SECONDS_FOR_A_SLICE)
    for start in range(0, len(view), SLICE_BYTES):
        sock.sendall(view[start : start + SLICE_BYTES])


class PatientResponse(Response):  # type: ignore[misc]
    """Sends a response to a client, and gives up if the client receives nothing for a minute."""

    def __init__(self, req: Any, sock: Any, cfg: Any) -> None:
        super().__init__(req, sock, cfg)
        # The operating system could keep the time as well (SO_SNDTIMEO), but not over TLS.
        sock.settimeout(SECONDS_FOR_A_SLICE)

    def write(self, data: bytes) -> None:
        """Send a part of the body; raises BrokenPipeError for a client that receives nothing or has gone."""
        try:
            for start in range(0, len(data), SLICE_BYTES) or (0,):
                super().write(data[start : start + SLICE_BYTES])
        except TimeoutError as late:
            raise BrokenPipeError(errno.EPIPE, "the client does not receive its answer") from late
