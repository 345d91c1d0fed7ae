"""The requests that the worker's main thread serves by itself: their functions are warm and answer soon."""

import select
import selectors
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gunicorn.config import PostRequest
from gunicorn.glogging import Logger

from berth.gateway.flask_app import GatewayApp
from berth.gateway.routing.head import HEAD_BYTES, LISTENER, RAW_HEADERS, Environ
from berth.gateway.short_lane import MOST_BODY_BYTES, Passage, ShortLane
from berth.server.common_head import CommonHead
from berth.server.connection import Connection
from berth.server.gateway_response import kept_alive_bytes

# An invocation that runs longer than this gets a thread, which sees to its deadline.
_SHORT_SECONDS = 0.02


@dataclass(eq=False, slots=True)
class _Running:
    connection: Connection
    passage: Passage
    method: str
    began: float


class Lane:
    """Waits for all short invocations at once, in the thread that waits for the clients.

    `hand_on` gives a connection to a thread, `go_on` waits for its next request.
    """

    def __init__(
        self, worker: Any, hand_on: Callable[[Connection], None], go_on: Callable[[Connection], None]
    ) -> None:
        self._worker = worker
        self._hand_on = hand_on
        self._go_on = go_on
        self._running: dict[int, _Running] = {}  # by descriptor; the one that began first, first
        self._short_lane: ShortLane | None = None
        has_epoll = hasattr(select, "epoll")  # macOS has none
        lane = ShortLane(worker.wsgi) if has_epoll and isinstance(worker.wsgi, GatewayApp) else None
        if lane is not None and lane.is_open() and not _does_more(worker.cfg, worker.log):
            self._short_lane = lane
            self._log = worker.wsgi.extensions["berth"].environments.log_writer
            # epoll tells once of each frame that arrives, whoever reads it, and forgets a closed socket.
            self._arrivals = select.epoll()
            self._watched: dict[int, socket.socket] = {}  # by descriptor, which is used again once closed
            worker.poller.register(self._arrivals, selectors.EVENT_READ, self._take_arrivals)

    def begin(self, connection: Connection) -> bool:
        """Begin the request that was received; returns False if a thread has to serve it."""
        worker, lane = self._worker, self._short_lane
        if lane is None or not worker.alive or worker.nr + 1 >= worker.max_requests:
            return False
        head, body = connection.small_request() or (None, b"")
        if head is None or not _suits(head, body):
            return False
        passage = lane.begin(_environ(head, connection), body)
        if passage is None:
            return False
        worker.nr += 1
        descriptor = self._watch(passage.connection)
        self._running[descriptor] = _Running(connection, passage, head.method, time.monotonic())
        return True

    def _watch(self, connection: socket.socket) -> int:
        """Let epoll tell when bytes arrive on a function's socket; returns the socket's descriptor."""
        descriptor = connection.fileno()
        if self._watched.get(descriptor) is not connection:
            self._watched[descriptor] = connection
            self._arrivals.register(descriptor, select.EPOLLIN | select.EPOLLET)
        return descriptor

    def wait_seconds(self, most: float) -> float:
        """How long the main thread may wait for what happens."""
        return min(most, _SHORT_SECONDS) if self._running else most

    def hand_on_late(self, now: float) -> None:
        """Give what has run for long to threads."""
        while self._running:
            descriptor = next(iter(self._running))
            if now - self._running[descriptor].began < _SHORT_SECONDS:
                return
            self._hand(descriptor)

    def _hand(self, descriptor: int) -> None:
        """Let a thread go on."""
        running = self._running.pop(descriptor)
        running.connection.begun = running.passage
        self._hand_on(running.connection)

    def abandon(self) -> None:
        """Leave what still runs at the end of the worker, so that its environments can be ended."""
        for running in self._running.values():
            running.passage.loan.cancel()
        self._running.clear()

    def flush_log(self) -> None:
        """Write what the invocations have logged since the last time."""
        if self._short_lane is not None:
            self._log.release()

    def _take_arrivals(self, _: object) -> None:
        """Answer whatever has its result."""
        self._log.hold()
        for descriptor, _ in self._arrivals.poll(0):
            if descriptor in self._running:  # else a thread has it
                self._look(descriptor)

    def _look(self, descriptor: int) -> None:
        running = self._running[descriptor]
        try:
            response = running.passage.look()
            data = kept_alive_bytes(response, running.method) if response else None
        except Exception:  # noqa: BLE001 - the view finds out what has happened, and answers it
            self._hand(descriptor)
            return
        if data is not None:
            del self._running[descriptor]
            self._answer(running.connection, data)

    def _answer(self, connection: Connection, data: bytes) -> None:
        try:
            sent = connection.sock.send(data)
        except BlockingIOError:
            sent = 0
        except OSError:
            sent = len(data)  # the client has gone: its socket will say so
        if sent < len(data):
            connection.unsent = data[sent:]
            self._hand_on(connection)
        else:
            self._go_on(connection)


def _environ(head: CommonHead, connection: Connection) -> Environ:
    """The WSGI environ that holds only what the gateway reads of a request's head."""
    listener = connection.listener
    host, port = listener or ("", "")
    environ: Environ = {
        "REQUEST_METHOD": head.method,
        "RAW_URI": head.target,
        "SERVER_PROTOCOL": "HTTP/1.1",
        "SERVER_NAME": host,
        "SERVER_PORT": str(port),
        "REMOTE_ADDR": connection.peer,
        "wsgi.url_scheme": "http",
        RAW_HEADERS: head.lines,
        LISTENER: listener,
        HEAD_BYTES: head.end + len(head.lines),  # a blank is counted for each line, also if it has none
    }
    if (override := head.values.get("X-HTTP-METHOD-OVERRIDE")) is not None:
        environ["HTTP_X_HTTP_METHOD_OVERRIDE"] = override
    return environ


def _suits(head: CommonHead, body: bytes) -> bool:
    """Whether the request is whole and small, and its connection stays open after it."""
    values = head.values
    is_whole = "TRANSFER-ENCODING" not in values and values.get("CONTENT-LENGTH", "0") == str(len(body))
    stays = values.get("CONNECTION", "keep-alive").lower() == "keep-alive" and head.method != "CONNECT"
    return is_whole and stays and len(body) <= MOST_BODY_BYTES


def _does_more(cfg: Any, log: Logger) -> bool:
    """Whether gunicorn is told to do something with a request that only its threads do."""
    keeps_access_log = (
        cfg.accesslog
        or cfg.logconfig
        or cfg.logconfig_dict
        or cfg.logconfig_json
        or (cfg.syslog and not cfg.disable_redirect_access_to_syslog)
        or type(log).access is not Logger.access
    )
    has_hook = cfg.post_request is not PostRequest.default or cfg.forwarded_allow_ips
    return bool(keeps_access_log or has_hook or cfg.proxy_protocol != "off" or not cfg.keepalive)
