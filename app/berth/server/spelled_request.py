"""gunicorn's request, which also keeps the header names as the client spelled them."""

from collections.abc import Sequence
from typing import Any

from gunicorn.config import Config
from gunicorn.http.message import Request
from gunicorn.http.unreader import Unreader

from berth.server.common_head import read_common_head

Lines = list[tuple[str, str]]


class ReadSettings:
    """gunicorn's settings as they are now: gunicorn's own object looks each of them up at every use."""

    def __init__(self, cfg: Config) -> None:
        self.__dict__.update({name: setting.get() for name, setting in cfg.settings.items()})
        self.is_ssl = cfg.is_ssl
        self._cfg = cfg

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cfg, name)  # what is computed from settings, such as `address`


class SpelledRequest(Request):  # type: ignore[misc]
    """A request whose `lines` are its header lines, each name as the client spelled it.

    gunicorn checks every name, writes it in capitals and drops those that hold an underscore: `lines`
    has a line for each header that gunicorn has kept, and no other.
    """

    lines: Sequence[tuple[str, str]] = ()

    def parse(self, unreader: Unreader) -> bytes:
        """Read the head; returns what follows it."""
        data: bytes = unreader.read()
        is_common = self.cfg.proxy_protocol == "off" and not self._peer_is_trusted_proxy()
        head = read_common_head(data, self.cfg) if is_common else None
        if head is None:
            unreader.unread(data)
            unused: bytes = super().parse(unreader)
            return unused
        self.method, self.uri, self.version = head.method, head.target, (1, 1)
        path, _, query = head.target.partition("?")
        self.path, self.query, self.fragment = path, query, ""
        self.headers, self.lines = list(head.values.items()), head.lines
        return data[head.end :]

    def parse_headers(self, data: bytes, from_trailer: bool = False) -> Lines:
        """Parse the header lines as gunicorn does; a trailer has no lines of its own."""
        headers: Lines = super().parse_headers(data, from_trailer)
        if not from_trailer:
            self.lines = spelled_lines(data, headers)
        return headers

    def _peer_is_trusted_proxy(self) -> bool:
        """Whether the client may set the scheme; gunicorn would read its address though nobody is trusted."""
        if isinstance(self.peer_addr, tuple) and not self.cfg.forwarded_allow_ips:
            return False
        return bool(super()._peer_is_trusted_proxy())


def spelled_lines(data: bytes, headers: Lines) -> Lines:
    """The header lines that gunicorn has read out of the bytes of a head, named as in these bytes."""
    raw = data.split(b"\r\n")
    if len(raw) == len(headers):  # gunicorn has dropped no line: each header is as long as its line's name
        pairs = zip(raw, headers, strict=True)
        return [(str(line[: len(name)], "latin-1"), value) for line, (name, value) in pairs]
    sent = (str(line.partition(b":")[0], "latin-1") for line in raw)
    return [(next((each for each in sent if each.upper() == name), name), value) for name, value in headers]
