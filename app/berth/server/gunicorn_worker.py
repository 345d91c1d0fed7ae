"""gunicorn's threaded worker, with three changes.

It loses no request when it ends, a request that gunicorn cannot parse is answered as API Gateway would
answer it, and header names keep the client's spelling.
"""

import time
from typing import Any

from gunicorn import sock, util
from gunicorn.http import errors, parser, wsgi
from gunicorn.workers.base import Worker
from gunicorn.workers.gthread import STOP_KEEPALIVE_LINGER, ThreadWorker

from berth.errors import GatewayRefusal, HeadersTooLarge, MalformedRequest, RequestTooSlow
from berth.gateway.response import raw_response
from berth.server.patience import PatientResponse, PatientUnreader, RequestTimedOut, wrap_tls
from berth.server.spelled_request import SpellingConnection

# Errors of gunicorn's parser that no client causes: a response or a setting of the server is wrong.
_NOT_THE_CLIENTS = (
    errors.InvalidResponseHeader,
    errors.InvalidResponseHeaderName,
    errors.ConfigurationProblem,
)
_TOO_LARGE = (errors.LimitRequestLine, errors.LimitRequestHeaders)


class GatewayResponse(PatientResponse):
    """A response with the application's Server header, or with none; gunicorn would send its own name."""

    server: str | None = None

    def process_headers(self, headers: list[tuple[str, str]]) -> None:
        """Take the application's headers and keep its Server header, which gunicorn's own method ignores."""
        super().process_headers(headers)
        self.server = next((value for name, value in headers if name.lower() == "server"), None)

    def default_headers(self) -> list[str]:
        """The status line and the headers that gunicorn adds, with the application's Server header if any."""
        lines = [line for line in super().default_headers() if not line.startswith("Server:")]
        return [*lines, f"Server: {self.server}\r\n"] if self.server else lines


class GatewayWorker(ThreadWorker):  # type: ignore[misc]
    """Serves every client that has connected before the worker stops listening, and refuses later ones.

    gunicorn's own worker accepts no waiting connection while it drains, and resets those connections at the
    end. It also waits for connections on which nothing was ever sent.
    """

    def init_process(self) -> None:
        """Put our parts in the place of gunicorn's in this process, then serve."""
        wsgi.Response = GatewayResponse
        parser.SocketUnreader = PatientUnreader
        sock.ssl_wrap_socket = wrap_tls
        super().init_process()

    def enqueue_req(self, conn: Any) -> None:
        """Let a thread serve a connection, one that keeps the spelling of header names."""
        if not isinstance(conn, SpellingConnection):
            conn = SpellingConnection(conn)
        super().enqueue_req(conn)

    def handle(self, conn: Any) -> Any:
        """Serve the next request of a connection; the client has a limited time to send it."""
        if conn.initialized and not conn.is_http2:
            conn.parser.unreader.begin()
        goes_on = super().handle(conn)
        if goes_on is False:
            # A graceful close waits up to 2 s for the client to close its end. gunicorn would call it in the
            # main thread, which could accept no client meanwhile, so this thread does.
            conn.close(graceful=True)
            conn.close = _do_not_close_again
        return goes_on

    def handle_request(self, req: Any, conn: Any) -> Any:
        """Serve a request that has been parsed, from the client that a balancer has named."""
        conn.keep_proxied(req)
        return super().handle_request(req, conn)

    def handle_error(self, req: Any, client: Any, addr: Any, exc: Exception) -> None:
        """Answer a request that cannot be parsed as the stage's kind of API would answer it.

        The log names only the kind of the error: the error's text may quote a header.
        """
        refusal = _refusal(exc)
        if refusal is None:
            super().handle_error(req, client, addr, exc)
            return
        self.log.warning("refused a request from %s: %s", (addr or ("",))[0], type(exc).__name__)
        util.write_nonblock(client, raw_response(self.wsgi.refuse(refusal)))

    def handle_quit(self, sig: int, frame: object) -> None:
        """End at once; gunicorn's own method may wait for a lock that the interrupted code holds."""
        Worker.handle_quit(self, sig, frame)

    def set_accept_enabled(self, enabled: bool) -> None:
        """Begin or stop accepting connections; a worker that is ending stops for good."""
        super().set_accept_enabled(enabled)
        if not enabled and not self.alive:
            for listener in self.sockets:
                self._accept_waiting(listener)
                listener.close()
            deadline = time.monotonic() + STOP_KEEPALIVE_LINGER
            for connection in self.pending_conns:
                connection.timeout = min(connection.timeout, deadline)

    def _accept_waiting(self, listener: Any) -> None:
        before = -1
        while self.nr_conns != before:
            before = self.nr_conns
            self.accept(listener)


def _do_not_close_again(graceful: bool = False) -> None:
    """Do nothing: this is the `close` of a connection that is closed already."""


def _refusal(error: Exception) -> GatewayRefusal | None:
    """The refusal that answers an error of the parser; None if the client has not caused the error."""
    if not isinstance(error, errors.ParseException) or isinstance(error, _NOT_THE_CLIENTS):
        return None
    if isinstance(error, RequestTimedOut):
        return RequestTooSlow("the client is too slow")
    kind = HeadersTooLarge if isinstance(error, _TOO_LARGE) else MalformedRequest
    return kind(type(error).__name__)
