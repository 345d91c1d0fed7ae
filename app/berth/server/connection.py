"""One client's connection while no thread serves it: everything is received without waiting.

One thread looks after all such connections. A thread of its own is for a connection whose request is whole.
"""

import itertools
import socket
import ssl
import time
from enum import Enum
from typing import Any

from gunicorn import sock as gunicorn_sock
from gunicorn.http.message import Request
from gunicorn.workers.gthread import TConn

from berth.errors import MalformedRequest, ServerBusy
from berth.gateway.client_address import peer_address
from berth.gateway.short_lane import Passage
from berth.model.invoke_api import Listener
from berth.server import patience
from berth.server.body_memory import BodyMemory
from berth.server.common_head import CommonHead, read_common_head
from berth.server.heads import asks_for_health, end_of, is_refused_early, small_body_bytes
from berth.server.wire import ChunkScanner, Exchange, FedParser, ShortOfBytes

_RECEIVED_AT_ONCE = 16 * 1024
_BODY_PIECE = 64 * 1024
_TURNS = 16  # receives in a row, before it is another connection's turn
_MOST_REST = 20 * 1024 * 1024  # of a body that nobody wants
_SECONDS_TO_HANG_UP = 2.0  # for a client to close its end, once it sends nothing more
_SECONDS_TO_SEND_ON = 60.0  # for one that sends on


class Stage(Enum):
    """What a connection waits for."""

    HANDSHAKE = "handshake"
    HEAD = "head"
    BODY = "body"
    REST = "rest of a body that nobody wants"
    END = "end"


# Python 3.11 takes long to find a member of an Enum by its name.
_HANDSHAKE, _HEAD, _BODY, _REST, _END = Stage


class Ended(Exception):
    """Raised when nothing more can come of a connection."""


class Connection(TConn):  # type: ignore[misc]
    """A connection, and what has been received of its next request."""

    def __init__(self, cfg: Any, sock: socket.socket, client: Any, server: Any, memory: BodyMemory) -> None:
        if isinstance(client, tuple):
            client = (peer_address(client[0]), *client[1:])
        super().__init__(cfg, sock, client, server)
        self.peer = client[0] if isinstance(client, tuple) else ""
        # The address and the port of the listener that has accepted the connection; None of a file.
        self.listener: Listener | None = server[:2] if isinstance(server, tuple) else None
        self._proxied: dict[str, Any] | None = None  # what a balancer has said by the PROXY protocol
        self.initialized = self.data_ready = True  # gunicorn would set up a parser and wait for bytes
        self.parser = FedParser(cfg, sock, client)
        self.exchange: Exchange | None = None
        self.stage = _HANDSHAKE if isinstance(sock, ssl.SSLSocket) else _HEAD
        self.wants_to_write, self.polled_for = False, 0  # polled_for: what the worker's poller looks for
        self.begun: Passage | None = None  # what the lane has begun
        self.unsent = b""  # the rest of an answer that the client did not take at once
        self._memory, self._taken = memory, 0
        self._head = bytearray()
        self._needed = self._head_end = self._received = 0
        self._common: CommonHead | None = None  # the head, if it is there and gunicorn need not read it
        self._rest: int | ChunkScanner = 0
        self._began = self._heard = time.monotonic()
        self.set_timeout()

    def prepare(self, request: Request) -> None:
        """Make a request what it was when it came: it may be served once more, once its body is there.

        gunicorn 27 keeps the client that the PROXY protocol has named for the first request alone: the
        balancer would be the client of the others.
        """
        request.exchange = self.exchange_of(request)
        request.headers[:] = request.exchange.headers
        self._proxied = request.proxy_protocol_info or self._proxied
        request.proxy_protocol_info = self._proxied
        request.listener = self.listener

    def small_request(self) -> tuple[CommonHead, bytes] | None:
        """The head and the body that were received; None if gunicorn has to serve the request."""
        is_plain = self.listener is not None and not isinstance(self.sock, ssl.SSLSocket)
        common = self._common if is_plain else None
        return (common, bytes(self._head[self._head_end : self._needed])) if common else None

    def send_rest(self) -> bool:
        """Send the rest of an answer; raises TimeoutError for a client that receives nothing."""
        rest, self.unsent = self.unsent, b""
        patience.send_patiently(self.sock, rest)
        return True

    def is_idle(self) -> bool:
        """Whether no byte of a next request has come."""
        return self.stage is _HEAD and not self._head

    def asks_for_health(self) -> bool:
        """Whether the request that was received is a health check."""
        return asks_for_health(self._head, self._common)

    def advance(self) -> bool:
        """Receive what is there; whether a thread can go on.

        Raises Ended, OSError, or a ParseException for a request that can only be refused.
        """
        self.wants_to_write = False
        try:
            for _ in range(_TURNS):
                if self.stage is _HANDSHAKE:
                    self._shake_hands()
                if self._is_ready():
                    return True
                size = _BODY_PIECE if self._is_large_body() else _RECEIVED_AT_ONCE
                data = self.sock.recv(size)
                self._take(data)
                if len(data) < size and not isinstance(self.sock, ssl.SSLSocket):
                    return self._is_ready()
        except (ssl.SSLWantReadError, BlockingIOError, InterruptedError):
            return False
        except ssl.SSLWantWriteError:
            self.wants_to_write = True
        return self._is_ready()

    def has_more(self) -> bool:
        """Whether bytes are there that the system tells nobody of, because TLS has received them."""
        return isinstance(self.sock, ssl.SSLSocket) and self.sock.pending() > 0

    def hand_over(self) -> None:
        """Give the parser what was received of a request."""
        if self.stage is _HEAD:
            # The parser copies what it gets with a head, so the rest is in pieces of their own.
            cuts = [0, *range(self._head_end or len(self._head), len(self._head), _BODY_PIECE)]
            pieces = itertools.pairwise([*cuts, len(self._head)])
            self.parser.unreader.pieces.extend(bytes(self._head[start:end]) for start, end in pieces)
            self._head.clear()
        self._needed, self._head_end, self._common = 0, 0, None

    def exchange_of(self, request: Request) -> Exchange:
        """The exchange of the request that a thread serves."""
        if self.exchange is None:
            self.exchange = Exchange(request, self.parser.unreader)
            if self.begun is not None:
                self.exchange.kept, self.exchange.loan = self.begun.kept, self.begun.loan
                self.begun = None
        return self.exchange

    def collect(self) -> None:
        """Receive the body that the current request is wanted with."""
        self.release()
        self.stage, self._heard = _BODY, time.monotonic()
        for piece in self.parser.unreader.gather():
            self._keep(len(piece))

    def finish(self) -> bool:
        """Go on to the next request; False if the connection has to end with this one."""
        exchange, self.exchange = self.exchange, None
        rest: int | ChunkScanner | None = 0
        if exchange is not None:
            rest = None if exchange.waits_to_send else exchange.rest
            if rest is None and exchange.length != 0:
                return False
        self.release()
        self._began = self._heard = time.monotonic()
        self.set_timeout()
        if exchange is None:  # the lane has answered, and no parser has seen the request
            del self._head[: self._needed]
            self._needed, self._head_end, self._common = 0, 0, None
            self._received, self.stage = len(self._head), _HEAD
        else:
            self._received, self._rest, self.stage = 0, rest or 0, _REST
            self._take_rest(self.parser.unreader.take())
        return True

    def hang_up(self) -> None:
        """Tell the client that nothing more comes, and wait a little until the client has read all."""
        self.release()
        self.stage = _END
        self._began = self._heard = time.monotonic()
        self.sock.shutdown(socket.SHUT_WR)

    def release(self) -> None:
        """Give back the memory of the current body."""
        if self._taken:
            self._memory.give_back(self._taken)
            self._taken = 0

    def lateness(self, now: float) -> type[Exception] | None:
        """Ended or RequestTimedOut if the client has had its time."""
        if self.stage is _HANDSHAKE:
            return Ended if now - self._began > patience.SECONDS_FOR_A_HANDSHAKE else None
        if self.stage is _END:
            is_silent = now - self._heard > _SECONDS_TO_HANG_UP
            return Ended if is_silent or now - self._began > _SECONDS_TO_SEND_ON else None
        if self.is_idle():
            return Ended if now > self.timeout else None
        limits = patience.PatientUnreader
        allowed = limits.seconds_for_a_request + self._received / patience.BYTES_A_SECOND
        if now - self._heard <= limits.seconds_between_bytes and now - self._began <= allowed:
            return None
        return Ended if self.stage is _REST else patience.RequestTimedOut

    def _is_large_body(self) -> bool:
        if self.stage is not _BODY and self.stage is not _REST:
            return self._needed > 0
        return self.exchange is None or self.exchange.length is not None

    def _shake_hands(self) -> None:
        self.sock.do_handshake()
        self.stage, self._began = _HEAD, time.monotonic()
        if gunicorn_sock.is_http2_negotiated(self.sock):
            self.is_http2 = True

    def _is_ready(self) -> bool:
        if self.stage is _HEAD:
            return self.is_http2 or self._is_head_there()
        if self.stage is _BODY:
            assert self.exchange is not None
            return self.exchange.problem is not None or self.exchange.is_whole()
        return False

    def _take(self, data: bytes) -> None:
        self._heard = time.monotonic()
        if self.stage is _END and data:
            self._received += len(data)
            if self._received > _MOST_REST:
                raise Ended
        elif not data:
            if self._needed:
                raise ShortOfBytes
            if self.exchange is None or self.stage is not _BODY:
                raise Ended
            self.exchange.problem = MalformedRequest("the body ends early")
        elif self.stage is _BODY:
            self._take_body(data)
        elif self.stage is _REST:
            self._take_rest(data)
        else:
            if not self._head:
                self._began = self._heard
            self._received += len(data)
            self._head += data
            if self._needed and not self._take_memory(len(data)):
                self._needed = 1  # no memory to wait for the body: what wants it will say so

    def _take_body(self, data: bytes) -> None:
        assert self.exchange is not None
        self._received += len(data)
        self.exchange.add(data)
        self._keep(len(data))

    def _keep(self, size: int) -> None:
        assert self.exchange is not None
        if not self._take_memory(size):
            self.exchange.problem = ServerBusy("no memory for one more body")

    def _take_memory(self, size: int) -> bool:
        has_room = self._memory.take(size)
        self._taken += size if has_room else 0
        return has_room

    def _take_rest(self, data: bytes) -> None:
        """Pass over what is left of a body, and begin the next head with what follows."""
        self._received += len(data)
        if self._received > _MOST_REST:
            raise Ended
        if isinstance(self._rest, ChunkScanner):
            used = self._rest.scan(data)
            is_over = self._rest.is_over
            if self._rest.is_broken:
                raise Ended  # nobody knows where the next request begins
        else:
            used = min(len(data), self._rest)
            self._rest -= used
            is_over = not self._rest
        if is_over:
            self.stage, self._received, self._began = _HEAD, len(data) - used, time.monotonic()
            self._head += data[used:]

    def _is_head_there(self) -> bool:
        """Whether the parser can say what the request is, and a small body is there as well."""
        head = self._head
        if not head or self._needed:
            return bool(head) and len(head) >= self._needed
        self._head_end = end = end_of(head)
        if not end:
            return is_refused_early(head, self.cfg.limit_request_line)
        self._common = read_common_head(head, self.cfg)
        self._needed = end + small_body_bytes(head, end, self._common)
        return len(head) >= self._needed
