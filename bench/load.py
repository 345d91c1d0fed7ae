"""A bounded HTTP load: keep-alive connections, each sending its next request after its last answer."""

import selectors
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

Address = tuple[str, int]

_SILENCE_SECONDS = 20.0
_END_OF_HEAD = b"\r\n\r\n"


class BadAnswer(Exception):
    """Raised when a server under load answers anything but a whole 200."""


@dataclass(frozen=True)
class Bounds:
    """How much load there may be: whichever of the two ends comes first."""

    connections: int
    requests: int
    seconds: float


@dataclass(frozen=True)
class Sample:
    """What one load measured: each request's latency, and the time that all took together."""

    latencies: Sequence[float]
    seconds: float

    @property
    def rate(self) -> float:
        """Requests per second."""
        return len(self.latencies) / self.seconds


def get_request(path: str) -> bytes:
    """The bytes of a GET request with the headers a plain client sends."""
    lines = (f"GET {path} HTTP/1.1", "Host: localhost", "User-Agent: bench", "Accept: */*")
    return "\r\n".join((*lines, "", "")).encode("ascii")


def run_load(address: Address, request: bytes, bounds: Bounds) -> Sample:
    """Send one request over and over on every connection; raises BadAnswer or OSError."""
    with _connected(address, bounds.connections) as selector:
        began = time.perf_counter()
        latencies = _exchange(selector, request, bounds, began)
        return Sample(latencies, time.perf_counter() - began)


def fetch_once(address: Address, request: bytes) -> None:
    """Send one request and wait for its whole answer; raises BadAnswer or OSError."""
    run_load(address, request, Bounds(1, 1, _SILENCE_SECONDS))


class _Connection:
    """One keep-alive connection with at most one request under way."""

    def __init__(self, connected: socket.socket) -> None:
        self.socket = connected
        self.sent_at = 0.0
        self._received = b""

    def send(self, request: bytes) -> None:
        self._received = b""
        self.sent_at = time.perf_counter()
        self.socket.sendall(request)

    def receive(self) -> bool:
        """Take what has arrived; whether the answer is complete now."""
        data = self.socket.recv(65536)
        if not data:
            raise BadAnswer(f"the server hung up after {self._received[:80]!r}")
        self._received += data
        head, end, body = self._received.partition(_END_OF_HEAD)
        return bool(end) and len(body) >= _content_length(head)


@contextmanager
def _connected(address: Address, count: int) -> Iterator[selectors.BaseSelector]:
    with selectors.DefaultSelector() as selector:
        try:
            for _ in range(count):
                connected = socket.create_connection(address, timeout=_SILENCE_SECONDS)
                connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                selector.register(connected, selectors.EVENT_READ, _Connection(connected))
            yield selector
        finally:
            for key in list(selector.get_map().values()):
                key.data.socket.close()


def _exchange(selector: selectors.BaseSelector, request: bytes, bounds: Bounds, began: float) -> list[float]:
    latencies: list[float] = []
    sent = under_way = min(len(selector.get_map()), bounds.requests)
    for key in list(selector.get_map().values())[:sent]:
        key.data.send(request)
    while under_way:
        ready = selector.select(_SILENCE_SECONDS)
        if not ready:
            raise BadAnswer(f"the server was silent for {_SILENCE_SECONDS:.0f} s")
        for key, _ in ready:
            connection: _Connection = key.data
            if not connection.receive():
                continue
            now = time.perf_counter()
            latencies.append(now - connection.sent_at)
            if sent < bounds.requests and now - began < bounds.seconds:
                sent += 1
                connection.send(request)
            else:
                under_way -= 1
    return latencies


def _content_length(head: bytes) -> int:
    if not head.startswith(b"HTTP/1.1 200 "):
        status = head.partition(b"\r\n")[0].decode("latin-1")
        raise BadAnswer(f"the server answered {status}")
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    raise BadAnswer("the server's answer has no Content-Length")
