"""Sends one HTTP request to an address that the operator has named, byte for byte, and takes the answer."""

import http.client
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from urllib.parse import quote, urlsplit

from berth.errors import BerthError
from berth.model.http import Headers, HttpResponse
from berth.model.value_class import value_class

MOST_ANSWER_BYTES = 10 * 1024 * 1024  # what API Gateway answers at most
# They belong to one connection, or the sender writes its own.
_NOT_PASSED_ON = frozenset(
    """connection content-length expect host keep-alive proxy-authenticate proxy-authorization
    proxy-connection te trailer transfer-encoding upgrade""".split()
)
_PIECE = 64 * 1024
_SAFE = "".join(map(chr, range(0x21, 0x7F)))
_WEB = re.compile("https?")
_NAME, _LINE_END = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"), re.compile(r"[\r\n\0]")
_LOCAL = re.compile(r"localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|::1")


class NotAnswered(BerthError):
    """Raised when a request got no answer that can be compared; the text says why."""


@value_class
class SentRequest:
    """A request as it is sent: `target` is the path with the query, encoded, without a stage or base path."""

    method: str
    target: str
    headers: Headers = ()
    body: bytes = b""


@value_class
class Address:
    """Where requests go: `https://api.example.com/prod`. Targets are put behind its path."""

    scheme: str
    host: str
    port: int | None
    path: str  # without a slash at its end

    @classmethod
    def read(cls, text: str) -> "Address":
        """Read an address; raises ValueError, whose text holds no password."""
        try:
            parts = urlsplit(text)
            port = parts.port
        except ValueError:
            raise ValueError("is no address such as https://api.example.com/prod") from None
        if parts.username is not None or parts.password is not None:
            raise ValueError("must hold no user name and no password: use a header")
        if not _WEB.fullmatch(parts.scheme) or not parts.hostname or parts.query or parts.fragment:
            raise ValueError("is no address such as https://api.example.com/prod")
        return cls(parts.scheme, parts.hostname, port, quote(parts.path.rstrip("/"), safe=_SAFE))

    def __str__(self) -> str:
        return f"{self.origin}{self.path}"

    @property
    def origin(self) -> str:
        """The address without its path."""
        return f"{self.scheme}://{self.authority}"

    @property
    def authority(self) -> str:
        """Host and port as a Host header has them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}" if self.port else host

    @property
    def is_local(self) -> bool:
        """Whether it is on this machine."""
        return _LOCAL.fullmatch(self.host.lower()) is not None


class Exchange:
    """Sends requests to one address. It follows no redirect, asks no proxy and keeps no cookie.

    Several threads may use it. `clock` counts seconds: `time.monotonic`.
    """

    def __init__(self, address: Address, seconds: float, clock: Callable[[], float]) -> None:
        self.address = address
        self._seconds = seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._open: set[http.client.HTTPConnection] = set()
        self._is_closed = False

    def send(self, request: SentRequest, more: Iterable[tuple[str, str]] = ()) -> HttpResponse:
        """Send one request, with more headers, and wait for its answer; raises NotAnswered."""
        connection = self._connect()
        try:
            return self._exchange(connection, request, [*passed_on(request.headers), *more])
        except (OSError, http.client.HTTPException, ValueError) as failed:
            raise NotAnswered(f"{self.address.authority}: {_reason(failed)}") from failed
        finally:
            with self._lock:
                self._open.discard(connection)
            connection.close()

    def close(self) -> None:
        """End every exchange that still runs; what is sent from now on fails."""
        with self._lock:
            self._is_closed = True
            running = list(self._open)
        for connection in running:
            if connection.sock is not None:
                with suppress(OSError):
                    connection.sock.shutdown(socket.SHUT_RDWR)

    def _connect(self) -> http.client.HTTPConnection:
        address = self.address
        connection: http.client.HTTPConnection
        if address.scheme.endswith("s"):
            context = ssl.create_default_context()
            connection = http.client.HTTPSConnection(
                address.host, address.port, timeout=self._seconds, context=context
            )
        else:
            connection = http.client.HTTPConnection(address.host, address.port, timeout=self._seconds)
        with self._lock:
            if self._is_closed:
                raise NotAnswered("the server is ending")
            self._open.add(connection)
        return connection

    def _exchange(
        self, connection: http.client.HTTPConnection, request: SentRequest, headers: Headers
    ) -> HttpResponse:
        deadline = self._clock() + self._seconds
        target = f"{self.address.path}{quote(request.target, safe=_SAFE)}"
        connection.putrequest(request.method, target, skip_host=True, skip_accept_encoding=True)
        connection.putheader("Host", self.address.authority)
        for name, value in headers:
            if not _NAME.fullmatch(name) or _LINE_END.search(value):
                raise ValueError("a header that cannot be sent")
            connection.putheader(name, value.encode("utf-8", "surrogateescape"))
        if request.body or request.method in ("POST", "PUT", "PATCH"):
            connection.putheader("Content-Length", str(len(request.body)))
        connection.endheaders(request.body or None)
        response = connection.getresponse()
        return HttpResponse(response.status, response.getheaders(), self._read(response, deadline))

    def _read(self, response: http.client.HTTPResponse, deadline: float) -> bytes:
        body = bytearray()
        while piece := response.read1(_PIECE):
            body += piece
            if len(body) > MOST_ANSWER_BYTES:
                raise NotAnswered(f"{self.address.authority}: the answer is longer than 10 MB")
            if self._clock() > deadline:
                raise TimeoutError("timed out")
        if response.length:
            raise http.client.IncompleteRead(bytes(body), response.length)
        return bytes(body)


def passed_on(headers: Headers) -> list[tuple[str, str]]:
    """The headers of a message that a sender hands on: not those of one connection."""
    return [line for line in headers if line[0].lower() not in _NOT_PASSED_ON]


def _reason(failed: Exception) -> str:
    return str(failed) or type(failed).__name__
