"""TLS for the connections of a worker."""

import os
import socket
import ssl
from typing import Any

from gunicorn import sock as gunicorn_sock


class Tls:
    """What TLS needs of a configuration; the certificate is read again when one of its files changes."""

    def __init__(self, cfg: Any) -> None:
        self._cfg = cfg
        self._files = [name for name in (cfg.certfile, cfg.keyfile, cfg.ca_certs) if name]
        self._read: tuple[list[int], ssl.SSLContext] | None = None

    def wrap(self, sock: socket.socket) -> socket.socket:
        """The socket as it is to be used: with TLS, the handshake still to be done, or as it is."""
        if not self._cfg.is_ssl:
            return sock
        return self._context().wrap_socket(
            sock,
            server_side=True,
            suppress_ragged_eofs=self._cfg.suppress_ragged_eofs,
            do_handshake_on_connect=False,
        )

    def _context(self) -> ssl.SSLContext:
        changed = [os.stat(name).st_mtime_ns for name in self._files]
        if self._read is None or self._read[0] != changed:
            self._read = changed, gunicorn_sock.ssl_context(self._cfg)
        return self._read[1]
