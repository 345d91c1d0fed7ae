"""gunicorn's request and connection, which also keep the header names as the client spelled them."""

from collections.abc import Sequence
from typing import Any

from gunicorn.http.message import Request
from gunicorn.workers.gthread import TConn

from berth.gateway.client_address import peer_address

Lines = list[tuple[str, str]]


class SpelledRequest(Request):  # type: ignore[misc]
    """A request whose `lines` are its header lines, each name as the client spelled it.

    gunicorn checks every name, writes it in capitals and drops those that hold an underscore: `lines`
    has a line for each header that gunicorn has kept, and no other.
    """

    lines: Sequence[tuple[str, str]] = ()

    def parse_headers(self, data: bytes, from_trailer: bool = False) -> Lines:
        """Parse the header lines as gunicorn does; a trailer has no lines of its own."""
        headers: Lines = super().parse_headers(data, from_trailer)
        if not from_trailer:
            self.lines = spelled_lines(data, headers)
        return headers


class SpellingConnection(TConn):  # type: ignore[misc]
    """A connection that reads SpelledRequests, from a client whose address is as events have it.

    A socket for both protocols names an IPv4 client `::ffff:203.0.113.7`; settings and logs mean
    203.0.113.7.
    """

    def __init__(self, conn: TConn) -> None:
        client = conn.client
        if isinstance(client, tuple):
            client = (peer_address(client[0]), *client[1:])
        super().__init__(conn.cfg, conn.sock, client, conn.server)
        self.proxied: dict[str, Any] | None = None  # what a balancer has said by the PROXY protocol

    def init(self) -> None:
        """Prepare the connection for its first request, in the thread that reads the request."""
        super().init()
        if not self.is_http2:
            self.parser.mesg_class = SpelledRequest

    def keep_proxied(self, request: Request) -> None:
        """Let every request of the connection have the client that the PROXY protocol named before the first.

        gunicorn 27 keeps it for the first request alone: the balancer would be the client of the others.
        """
        self.proxied = request.proxy_protocol_info or self.proxied
        request.proxy_protocol_info = self.proxied


def spelled_lines(data: bytes, headers: Lines) -> Lines:
    """The header lines that gunicorn has read out of the bytes of a head, named as in these bytes."""
    raw = data.split(b"\r\n")
    if len(raw) == len(headers):  # gunicorn has dropped no line: each header is as long as its line's name
        pairs = zip(raw, headers, strict=True)
        return [(str(line[: len(name)], "latin-1"), value) for line, (name, value) in pairs]
    sent = (str(line.partition(b":")[0], "latin-1") for line in raw)
    return [(next((each for each in sent if each.upper() == name), name), value) for name, value in headers]
