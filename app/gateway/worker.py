"""gunicorn's threaded worker, with an end that loses no request."""

import time
from typing import Any

from gunicorn.workers.base import Worker
from gunicorn.workers.gthread import STOP_KEEPALIVE_LINGER, ThreadWorker


class GatewayWorker(ThreadWorker):  # type: ignore[misc]
    """Serves whoever has connected when it stops to listen, and then refuses the others at once.

    gunicorn's own leaves connections waiting while it drains and resets them at the end, and it waits
    for connections on which nothing was ever sent.
    """

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
