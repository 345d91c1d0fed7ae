"""Requests as they arrive: what is known of their bytes before a parser looks at them."""

import re
from collections import deque
from collections.abc import Sequence
from typing import Any

from gunicorn.http.errors import ParseException
from gunicorn.http.message import Request
from gunicorn.http.parser import RequestParser
from werkzeug.exceptions import RequestEntityTooLarge

from berth.gateway.request import BodyWanted
from berth.invoke.invoker import Loan
from berth.model.call import Call, Identity
from berth.server.patience import PatientUnreader
from berth.server.spelled_request import SpelledRequest

_LONGEST_SIZE_LINE = 16 * 1024
_SIZE = re.compile(rb"([0-9A-Fa-f]{1,15})(?:[ \t]*;[^\r\n]*)?\r\n")


class ShortOfBytes(ParseException):  # type: ignore[misc]
    """Raised when a parser wants more than was received of a request that seemed to be whole."""


class ChunkScanner:
    """Finds the end of a chunked body.

    What is not well formed ends the body at once, `is_broken`: the parser, which is then asked, refuses it.
    """

    def __init__(self) -> None:
        self.size = 0  # of the chunks so far
        self.is_over = self.is_broken = False
        self._skipped = 0  # bytes of the current chunk that are still to come
        self._line = b""
        self._takes = self._size_line

    def scan(self, data: bytes) -> int:
        """Look at some more bytes; how many of them belong to the body."""
        position = 0
        while position < len(data) and not self.is_over:
            if self._skipped:
                step = min(self._skipped, len(data) - position)
                self._skipped -= step
                position += step
            else:
                position = self._scan_line(data, position)
        return position

    def _scan_line(self, data: bytes, start: int) -> int:
        end = data.find(b"\n", start) + 1
        self._line += data[start : end or len(data)]
        is_empty_so_far = self._line in (b"", b"\r", b"\r\n")
        if len(self._line) > _LONGEST_SIZE_LINE or (self._takes == self._chunk_end and not is_empty_so_far):
            self.is_over = self.is_broken = True
        elif end:
            line, self._line = self._line, b""
            self._takes(line)
        return end or len(data)

    def _size_line(self, line: bytes) -> None:
        size = _SIZE.fullmatch(line)
        if size is None:
            self.is_over = self.is_broken = True
            return
        self._skipped = int(size[1], 16)
        self.size += self._skipped
        self._takes = self._chunk_end if self._skipped else self._trailer

    def _chunk_end(self, line: bytes) -> None:
        self._takes = self._size_line

    def _trailer(self, line: bytes) -> None:
        self.is_broken = not line.endswith(b"\r\n")
        self.is_over = self.is_broken or line == b"\r\n"


class FedUnreader(PatientUnreader):
    """Gives a parser what has been received; it waits for a client only where that is asked for."""

    def __init__(self, sock: Any, may_wait: bool = False) -> None:
        super().__init__(sock)
        self.pieces: deque[bytes] = deque()
        self._may_wait = may_wait

    def chunk(self, size_hint: int | None = None) -> bytes:
        """The next piece."""
        if self.pieces:
            return self.pieces.popleft()
        if self._may_wait:
            return super().chunk(size_hint)
        raise ShortOfBytes

    def gather(self) -> Sequence[bytes]:
        """All that was received and not parsed, as pieces."""
        if ahead := self.take_buffered():
            self.pieces.appendleft(ahead)
        return self.pieces

    def take(self) -> bytes:
        """Take all that was received and not parsed."""
        data = b"".join(self.gather())
        self.pieces.clear()
        return data


class FedParser(RequestParser):  # type: ignore[misc]
    """Parses the requests of one connection from what was received; a held request comes again."""

    def __init__(self, cfg: Any, sock: Any, client: Any) -> None:
        super().__init__(cfg, sock, client)
        self.unreader = FedUnreader(sock, may_wait=cfg.proxy_protocol != "off")
        self.held: Request | None = None

    def __next__(self) -> Request:
        if self.held is not None:
            request, self.held = self.held, None
            return request
        self.req_count += 1
        self.mesg = SpelledRequest(self.cfg, self.unreader, self.source_addr, self.req_count)
        return self.mesg


class Exchange:
    """One request on its way: its header lines, and the body that is still being received."""

    seconds = 0.0  # see WireBody

    def __init__(self, request: Request, unreader: FedUnreader) -> None:
        self.headers = list(request.headers)
        self.kept: tuple[Call, Identity] | None = None
        self.loan: Loan | None = None
        self.problem: Exception | None = None  # why the body will not come
        self.limit = 0
        self.waits_to_send = bool(request._expected_100_continue)  # until it is told to
        request._expected_100_continue = False  # gunicorn would tell it before anybody wants the body
        self._reader, self._unreader = request.body.reader, unreader
        self.length: int | None = getattr(self._reader, "length", None)
        self.scanner = ChunkScanner()
        self._is_scanned = False
        self._received = 0

    def demand(self, limit: int) -> None:
        """Go on if the body can be read now; raises BodyWanted, ServerBusy or RequestEntityTooLarge."""
        self.limit = limit
        if self.problem is not None:
            raise self.problem
        if not self.is_whole():
            raise BodyWanted
        if self.length is None and self.scanner.size > limit:
            raise RequestEntityTooLarge

    def take(self) -> bytes | None:
        """The body if its length is known and nobody has read of it; gunicorn would copy it several times."""
        if self.length is None or self._reader.length != self.length:
            return None
        data = self._unreader.take()
        body, ahead = (data, b"") if len(data) == self.length else (data[: self.length], data[self.length :])
        if ahead:
            self._unreader.pieces.append(ahead)
        self._reader.length = 0
        return body

    def is_whole(self) -> bool:
        """Whether nothing more has to be received before the body is read."""
        if not self._is_scanned:
            self._is_scanned = True
            for piece in self._unreader.gather():
                self._count(piece)
        if self.length is not None:
            return self._received >= self.length
        return self.scanner.is_over or self.scanner.size > self.limit

    def add(self, data: bytes) -> None:
        """Take more of the body."""
        self._unreader.pieces.append(data)
        self._count(data)

    def _count(self, data: bytes) -> None:
        self._received += len(data)
        if self.length is None:
            self.scanner.scan(data)

    @property
    def rest(self) -> int | ChunkScanner | None:
        """What of the body nobody has read: bytes, or chunks; None if that cannot be known any more."""
        if self.length is not None:
            left: int = self._reader.length
            return left
        if self._reader.parser is None:
            return 0
        return None if self._is_scanned else self.scanner
