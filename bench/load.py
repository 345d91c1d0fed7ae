"""A bounded HTTP load: keep-alive connections, each sending its next request after its last answer.

It stands in where neither wrk nor oha is installed, so it does as little as it can for each request: it
waits for all connections at one place, reads an answer's length from its head, and counts what follows.
"""

import re
import select
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

Address = tuple[str, int]

_SILENCE_SECONDS = 20.0
_END_OF_HEAD = b"\r\n\r\n"
_READ_BYTES = 1 << 20
_find_length = re.compile(rb"\r\ncontent-length:[ \t]*(\d+)", re.IGNORECASE).search
_TELLS_SECONDS = hasattr(select, "epoll")  # poll() wants milliseconds


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
    with _connected(address, bounds.connections) as connections:
        began = time.perf_counter()
        latencies = _exchange(connections, request, bounds, began)
        return Sample(latencies, time.perf_counter() - began)


def fetch_once(address: Address, request: bytes) -> None:
    """Send one request and wait for its whole answer; raises BadAnswer or OSError."""
    run_load(address, request, Bounds(1, 1, _SILENCE_SECONDS))


class _Connection:
    """One keep-alive connection with at most one request under way."""

    def __init__(self, connected: socket.socket) -> None:
        self.socket = connected
        self.sent_at = 0.0
        self._receive = connected.recv
        self._head = b""
        self._missing = -1  # bytes of the answer's body; below 0 until the head is there

    def send(self, request: bytes) -> None:
        self._head, self._missing = b"", -1
        self.sent_at = time.perf_counter()
        self.socket.sendall(request)

    def receive(self) -> bool:
        """Take what has arrived; whether the answer is complete now."""
        data = self._receive(_READ_BYTES)
        if not data:
            raise BadAnswer(f"the server hung up after {self._head[:80]!r}")
        if self._missing >= 0:
            self._missing -= len(data)
            return self._missing <= 0
        self._head += data
        end = self._head.find(_END_OF_HEAD)
        if end < 0:
            return False
        self._missing = _content_length(self._head, end) - (len(self._head) - end - len(_END_OF_HEAD))
        return self._missing <= 0


@contextmanager
def _connected(address: Address, count: int) -> Iterator[dict[int, _Connection]]:
    """So many open connections, by their file descriptors."""
    connections: dict[int, _Connection] = {}
    try:
        for _ in range(count):
            connected = socket.create_connection(address, timeout=_SILENCE_SECONDS)
            connections[connected.fileno()] = _Connection(connected)
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield connections
    finally:
        for connection in connections.values():
            connection.socket.close()


def _exchange(
    connections: Mapping[int, _Connection], request: bytes, bounds: Bounds, began: float
) -> list[float]:
    latencies: list[float] = []
    poll = select.epoll() if _TELLS_SECONDS else select.poll()
    silence = _SILENCE_SECONDS * (1 if _TELLS_SECONDS else 1000)
    for descriptor in connections:
        poll.register(descriptor, select.POLLIN)
    sent = under_way = min(len(connections), bounds.requests)
    for connection in list(connections.values())[:sent]:
        connection.send(request)
    ends = began + bounds.seconds
    while under_way:
        ready = poll.poll(silence)
        if not ready:
            raise BadAnswer(f"the server was silent for {_SILENCE_SECONDS:.0f} s")
        for descriptor, _ in ready:
            connection = connections[descriptor]
            if not connection.receive():
                continue
            now = time.perf_counter()
            latencies.append(now - connection.sent_at)
            if now < ends and sent < bounds.requests:
                sent += 1
                connection.send(request)
            else:
                under_way -= 1
    return latencies


def _content_length(received: bytes, end: int) -> int:
    if not received.startswith(b"HTTP/1.1 200 "):
        status = received.partition(b"\r\n")[0].decode("latin-1")
        raise BadAnswer(f"the server answered {status}")
    found = _find_length(received, 0, end)
    if found is None:
        raise BadAnswer("the server's answer has no Content-Length")
    return int(found[1])
