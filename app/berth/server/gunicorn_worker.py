"""gunicorn's threaded worker, with three changes.

No thread waits for a client, no request and no event is lost when the worker ends, and what gunicorn cannot
parse is answered as API Gateway would answer it.
"""

import errno
import selectors
import socket
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from gunicorn import util
from gunicorn.http import get_parser, wsgi
from gunicorn.http.errors import ParseException
from gunicorn.workers.base import Worker
from gunicorn.workers.gthread import STOP_KEEPALIVE_LINGER, ThreadWorker

from berth.gateway.request import BodyWanted
from berth.gateway.response import raw_response
from berth.server.body_memory import BodyMemory
from berth.server.connection import Connection, Ended
from berth.server.gateway_response import GatewayResponse
from berth.server.lane import Lane
from berth.server.parse_errors import refusal_of
from berth.server.spelled_request import ReadSettings
from berth.server.tls import Tls

_HEALTH_THREADS = 2  # which nothing but health checks can take
_SIGN_SECONDS = 1.0  # between two signs of life
_LOOK_SECONDS = 0.25  # between two looks for late clients


class GatewayWorker(ThreadWorker):  # type: ignore[misc]
    """Gives a thread to whole requests alone, and serves every client that connected before its end.

    gunicorn's own worker gives a thread to a connection before its first byte, and a thread that waits for a
    client is missing for all others. The main thread here receives for all connections (see Connection). It
    hands over a request once its head is there, and again once its body is, if somebody wants that.
    """

    bodies: BodyMemory  # set by the hook post_fork

    def init_process(self) -> None:
        """Put our parts in the place of gunicorn's in this process, then serve."""
        wsgi.Response = GatewayResponse
        self.waiting: dict[Connection, None] = {}  # the one that has been silent longest first
        self._peers: Counter[str] = Counter()
        self.health_pool = ThreadPoolExecutor(_HEALTH_THREADS)
        self._next_look = self._next_sign = 0.0
        self._tls = Tls(self.cfg)
        self._settings = ReadSettings(self.cfg)
        super().init_process()

    def run(self) -> None:
        """Serve until the end, then let the events of the queue finish that still run."""
        self.lane = Lane(self, self._hand_over, self._take_back)
        super().run()
        engine = self.wsgi.extensions["berth"]
        engine.drain()
        deadline = time.monotonic() + self.cfg.graceful_timeout
        while not engine.await_events(_SIGN_SECONDS) and time.monotonic() < deadline:
            self.notify()

    def accept(self, listener: Any) -> None:
        """Accept one connection, and receive what it has sent already."""
        self._accept_one(listener)

    def _accept_one(self, listener: Any) -> bool:
        """Accept one connection; whether one was waiting."""
        try:
            sock, client = listener.accept()
        except OSError as wrong:
            if wrong.errno in (errno.EMFILE, errno.ENFILE) and self.waiting:
                self._drop(next(iter(self.waiting)))
                return True
            if wrong.errno not in (errno.EAGAIN, errno.ECONNABORTED, errno.EWOULDBLOCK):
                raise
            return wrong.errno == errno.ECONNABORTED
        self._take_in(listener, sock, client)
        return True

    def _take_in(self, listener: Any, sock: socket.socket, client: Any) -> None:
        self.nr_conns += 1
        sock.setblocking(False)
        try:
            connection = Connection(
                self._settings, self._tls.wrap(sock), client, listener.getsockname(), self.bodies
            )
        except OSError as wrong:
            if wrong.errno != errno.ENOTCONN:  # else the client has gone
                self.log.error("no TLS with a client: %s", wrong)
            self.nr_conns -= 1
            sock.close()
            return
        self._peers[connection.peer] += 1
        self._advance(connection)
        self._make_room(connection)

    def handle(self, conn: Connection) -> Any:
        """Serve a request that was received, in a thread; BodyWanted if its body has to be received first."""
        if conn.unsent:
            return conn.send_rest()
        if conn.is_http2:
            conn.parser = get_parser(self.cfg, conn.sock, conn.client, http2_connection=True)
            conn.parser.initiate_connection()
        try:
            return super().handle(conn)
        except BodyWanted as wanted:
            conn.parser.held = conn.parser.mesg
            if conn.exchange and conn.exchange.waits_to_send:
                conn.exchange.waits_to_send = False
                util.write(conn.sock, b"HTTP/1.1 100 Continue\r\n\r\n")
            return wanted

    def handle_request(self, req: Any, conn: Connection) -> Any:
        """Serve one request; the second time, once its body is there, with its header lines as they were."""
        conn.prepare(req)
        return super().handle_request(req, conn)

    def handle_http2_request(self, req: Any, conn: Connection, h2_conn: Any) -> Any:
        """Serve one request of HTTP/2."""
        req.listener = conn.listener
        return super().handle_http2_request(req, conn, h2_conn)

    def finish_request(self, conn: Connection, fs: Any) -> None:
        """Take a connection back from its thread: receive a body, the next request, or the client's end."""
        if fs.exception() is not None:
            self._drop(conn)
        else:
            self._take_back(conn, fs.result())

    def _take_back(self, conn: Connection, outcome: Any = True) -> None:
        try:
            if conn.sock.gettimeout() != 0:  # a thread had it
                conn.sock.setblocking(False)
            if isinstance(outcome, BodyWanted):
                conn.collect()
            elif not outcome or not conn.finish():
                conn.hang_up()
            elif not self.alive:
                conn.timeout = min(conn.timeout, time.monotonic() + STOP_KEEPALIVE_LINGER)
        except (Ended, OSError) as wrong:
            self._end(conn, wrong)
            return
        (self._await if conn.is_idle() and not conn.has_more() else self._advance)(conn)

    def _keepalive_after(self, conn: Connection, keepalive: bool) -> bool:
        """Whether the connection goes on; the main thread passes over what is left of the body."""
        return keepalive

    def handle_error(self, req: Any, client: Any, addr: Any, exc: Exception) -> None:
        """Answer a request that cannot be parsed as the stage's kind of API would answer it.

        The log names only the kind of the error: the error's text may quote a header.
        """
        refusal = refusal_of(exc)
        if refusal is None:
            super().handle_error(req, client, addr, exc)
            return
        self.log.warning("refused a request from %s: %s", (addr or ("",))[0], type(exc).__name__)
        util.write_nonblock(client, raw_response(self.wsgi.refuse(refusal)))

    def notify(self) -> None:
        """Tell the master that this worker lives, once a second: gunicorn touches a file at every event."""
        now = time.monotonic()
        if now >= self._next_sign:
            self._next_sign = now + _SIGN_SECONDS
            super().notify()

    def handle_quit(self, sig: int, frame: object) -> None:
        """End at once; gunicorn's own method may wait for a lock that the interrupted code holds."""
        Worker.handle_quit(self, sig, frame)

    def set_accept_enabled(self, enabled: bool) -> None:
        """Begin or stop accepting connections; a worker that is ending stops for good."""
        super().set_accept_enabled(enabled)
        if not enabled and not self.alive:
            for listener in self.sockets:
                while self._accept_one(listener):
                    pass
                listener.close()
            deadline = time.monotonic() + STOP_KEEPALIVE_LINGER
            for connection in self.waiting:
                connection.timeout = min(connection.timeout, deadline)

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        """Wait for what happens, but no longer than until the next look for late clients."""
        seconds = _LOOK_SECONDS if self.waiting else timeout
        super().wait_for_and_dispatch_events(self.lane.wait_seconds(seconds))
        self.lane.flush_log()

    def murder_pending(self) -> None:
        """Leave the clients that are late; those that have begun a request are told so."""
        now = time.monotonic()
        self.lane.hand_on_late(now)
        if now < self._next_look:
            return
        self._next_look = now + _LOOK_SECONDS
        for connection in list(self.waiting):
            late = connection.lateness(now)
            if late is not None:
                self._end(connection, late())

    def murder_keepalived(self, force: bool = False) -> None:
        """At the end of the worker, close what is still open."""
        for connection in list(self.waiting) if force else ():
            self._drop(connection)

    def _advance(self, connection: Connection) -> None:
        """Receive what is there, then give the connection to a thread or wait for more."""
        try:
            is_ready = connection.advance()
        except (Ended, OSError, ParseException) as wrong:
            self._end(connection, wrong)
            return
        if is_ready:
            self._serve(connection)
            return
        self._await(connection)
        if connection.has_more():
            self.method_queue.defer(self._go_on, connection)

    def _serve(self, connection: Connection) -> None:
        """Serve the request that was received: on the lane, or else in a thread."""
        if connection.asks_for_health():
            self._hand_over(connection, self.health_pool)
        elif self.lane.begin(connection):
            self.waiting.pop(connection, None)
        else:
            self._hand_over(connection)

    def _hand_over(self, connection: Connection, pool: ThreadPoolExecutor | None = None) -> None:
        """Give a connection to a thread until its request is answered."""
        self._forget(connection)
        if not connection.unsent:
            connection.hand_over()
        future = (pool or self.tpool).submit(self.handle, connection)
        future.add_done_callback(partial(self.method_queue.defer, self.finish_request, connection))

    def _await(self, connection: Connection) -> None:
        """Wait for more of a connection, which is now the one that was heard last."""
        events = selectors.EVENT_WRITE if connection.wants_to_write else selectors.EVENT_READ
        if connection.polled_for != events:
            poll = self.poller.modify if connection.polled_for else self.poller.register
            poll(connection.sock, events, lambda _: self._go_on(connection))
            connection.polled_for = events
        self.waiting.pop(connection, None)
        self.waiting[connection] = None

    def _go_on(self, connection: Connection) -> None:
        """Receive more, unless the connection was closed since the system told of it, or is being served."""
        if connection in self.waiting:
            self._advance(connection)
        else:
            self._forget(connection)

    def _forget(self, connection: Connection) -> None:
        self.waiting.pop(connection, None)
        if connection.polled_for:
            self.poller.unregister(connection.sock)
            connection.polled_for = 0

    def _end(self, connection: Connection, why: Exception) -> None:
        """End a connection, with an answer if a request was begun that can only be refused."""
        if not isinstance(why, ParseException):
            self._drop(connection)
            return
        try:
            self.handle_error(None, connection.sock, connection.client, why)
            connection.hang_up()
            self._await(connection)
        except OSError:
            self._drop(connection)

    def _drop(self, connection: Connection) -> None:
        self._forget(connection)
        self.nr_conns -= 1
        self._peers[connection.peer] -= 1
        if not self._peers[connection.peer]:
            del self._peers[connection.peer]
        connection.release()
        connection.close()

    def _make_room(self, newest: Connection) -> None:
        """At a limit close the connection that has been silent longest, of all or of one client's address."""
        limit, waiting = self.worker_connections, self.waiting
        if self._peers[newest.peer] > limit * 3 // 4:
            victim = next((each for each in waiting if each.peer == newest.peer and each is not newest), None)
        else:
            victim = next((each for each in waiting if each is not newest), None)
            victim = victim if self.nr_conns >= limit else None
        if victim is not None:
            self._drop(victim)
