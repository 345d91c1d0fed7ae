"""gunicorn's request, which also keeps the header names as the client spelled them."""

import re
from collections.abc import Sequence
from typing import Any

from gunicorn.config import Config
from gunicorn.http.message import Request
from gunicorn.http.unreader import Unreader

Lines = list[tuple[str, str]]

# What nearly every client sends: `//` may begin an authority, `#` a fragment, and `_` could be taken for `-`.
_COMMON_HEAD = re.compile(
    rb"([A-Z]{3,20}) (/(?!/)[!-\"$-~]*) HTTP/1\.1\r\n((?:[A-Za-z0-9-]+:[\t -~]*\r\n)*)\r\n"
)


class ReadSettings:
    """gunicorn's settings as they are now: gunicorn's own object looks each of them up at every use."""

    def __init__(self, cfg: Config) -> None:
        self.__dict__.update({name: setting.get() for name, setting in cfg.settings.items()})
        self.is_ssl = cfg.is_ssl
        self._cfg = cfg

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cfg, name)  # what is computed from settings, such as `is_ssl`


class SpelledRequest(Request):  # type: ignore[misc]
    """A request whose `lines` are its header lines, each name as the client spelled it.

    gunicorn checks every name, writes it in capitals and drops those that hold an underscore: `lines`
    has a line for each header that gunicorn has kept, and no other.
    """

    lines: Sequence[tuple[str, str]] = ()

    def parse(self, unreader: Unreader) -> bytes:
        """Read the head; returns what follows it. A head with anything unusual is left to gunicorn."""
        data: bytes = unreader.read()
        head = _COMMON_HEAD.match(data) if self.cfg.proxy_protocol == "off" else None
        if head is None or head.end(2) > self.limit_request_line or not self._take(head):
            unreader.unread(data)
            unused: bytes = super().parse(unreader)
            return unused
        return data[head.end() :]

    def _take(self, head: re.Match[bytes]) -> bool:
        """Take over a common head; False if gunicorn has rules for one of its headers, or a limit is near."""
        method, target, block = (part.decode("ascii") for part in head.groups())
        rows = block.split("\r\n")[:-1]
        most = self.limit_request_field_size - len("\r\n")
        if len(rows) > self.limit_request_fields or any(len(row) > most for row in rows):
            return False
        pairs = [(name, value.strip(" \t")) for name, _, value in (row.partition(":") for row in rows)]
        headers = [(name.upper(), value) for name, value in pairs]
        names = {name for name, _ in headers}
        if len(names) < len(headers) or "EXPECT" in names or self._peer_is_trusted_proxy():
            return False
        self.method, self.uri, self.version = method, target, (1, 1)
        path, _, query = target.partition("?")
        self.path, self.query, self.fragment = path, query, ""
        self.headers, self.lines = headers, pairs
        return True

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
