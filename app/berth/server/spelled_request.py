"""gunicorn's request, which also keeps the header names as the client spelled them."""

from collections.abc import Sequence

from gunicorn.http.message import Request

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


def spelled_lines(data: bytes, headers: Lines) -> Lines:
    """The header lines that gunicorn has read out of the bytes of a head, named as in these bytes."""
    raw = data.split(b"\r\n")
    if len(raw) == len(headers):  # gunicorn has dropped no line: each header is as long as its line's name
        pairs = zip(raw, headers, strict=True)
        return [(str(line[: len(name)], "latin-1"), value) for line, (name, value) in pairs]
    sent = (str(line.partition(b":")[0], "latin-1") for line in raw)
    return [(next((each for each in sent if each.upper() == name), name), value) for name, value in headers]
