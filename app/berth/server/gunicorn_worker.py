"""gunicorn's threaded worker, with an end that loses no request and with the gateway's own refusals."""

import time
from typing import Any

from gunicorn import sock, util
from gunicorn.http import errors, parser, wsgi
from gunicorn.workers.base import Worker
from gunicorn.workers.gthread import STOP_KEEPALIVE_LINGER, ThreadWorker

from berth.errors import GatewayRefusal, HeadersTooLarge, MalformedRequest, RequestTooSlow
from berth.gateway.response import raw_response
from berth.server.patience import PatientResponse, PatientUnreader, RequestTimedOut, wrap_tls

# What gunicorn's parser says of a response, or of the server's own settings.
_NOT_A_CLIENTS = (
    errors.InvalidResponseHeader,
    errors.InvalidResponseHeaderName,
    errors.ConfigurationProblem,
)
_TOO_LARGE = (errors.LimitRequestLine, errors.LimitRequestHeaders)


class GatewayResponse(PatientResponse):
    """A response whose Server header is the application's, or absent: gunicorn would name itself."""

    server: str | None = None

    def process_headers(self, headers: list[tuple[str, str]]) -> None:
        """Take the application's headers; gunicorn's own passes over Server."""
        super().process_headers(headers)
        self.server = next((value for name, value in headers if name.lower() == "server"), None)

    def default_headers(self) -> list[str]:
        """The status line and the headers that are gunicorn's to send."""
        lines = [line for line in super().default_headers() if not line.startswith("Server:")]
        return [*lines, f"Server: {self.server}\r\n"] if self.server else lines


class GatewayWorker(ThreadWorker):  # type: ignore[misc]
    """Serves whoever has connected when it stops to listen, and then refuses the others at once.

    gunicorn's own leaves connections waiting while it drains and resets them at the end, and it waits
    for connections on which nothing was ever sent.
    """

    def init_process(self) -> None:
        """Start to serve."""
        wsgi.Response = GatewayResponse
        parser.SocketUnreader = PatientUnreader
        sock.ssl_wrap_socket = wrap_tls
        super().init_process()

    def handle(self, conn: Any) -> Any:
        """Serve the next request of a connection, as long as the client does not take for ever."""
        if conn.initialized and not conn.is_http2:
            conn.parser.unreader.begin()
        goes_on = super().handle(conn)
        if goes_on is False:
            # It waits for the client to close, up to 2 s: the main thread, which accepts, must not.
            conn.close(graceful=True)
            conn.close = _is_closed
        return goes_on

    def handle_error(self, req: Any, client: Any, addr: Any, exc: Exception) -> None:
        """Answer what cannot be parsed as the stage's kind of API would, not with gunicorn's own page.

        The log names the kind of error only: its text may quote a header.
        """
        refusal = _refusal(exc)
        if refusal is None:
            super().handle_error(req, client, addr, exc)
            return
        self.log.warning("refused a request from %s: %s", (addr or ("",))[0], type(exc).__name__)
        util.write_nonblock(client, raw_response(self.wsgi.refuse(refusal)))

    def handle_quit(self, sig: int, frame: object) -> None:
        """End at once; gunicorn's own takes a lock here that the interrupted code may hold."""
        Worker.handle_quit(self, sig, frame)

    def set_accept_enabled(self, enabled: bool) -> None:
        """Begin or stop to accept; when the worker is ending, for good."""
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


def _is_closed(graceful: bool = False) -> None:
    """Close a connection that is."""


def _refusal(error: Exception) -> GatewayRefusal | None:
    """What a parser's error is to the client; None if it is not the client's fault."""
    if not isinstance(error, errors.ParseException) or isinstance(error, _NOT_A_CLIENTS):
        return None
    if isinstance(error, RequestTimedOut):
        return RequestTooSlow("the client is too slow")
    kind = HeadersTooLarge if isinstance(error, _TOO_LARGE) else MalformedRequest
    return kind(type(error).__name__)
