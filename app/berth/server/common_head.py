"""Reads the head that nearly every client sends by one expression; other heads are left to gunicorn."""

import re
from typing import Any, NamedTuple

# `//` may begin an authority, `#` a fragment, and `_` could be taken for `-`: gunicorn has rules for them.
_HEAD = re.compile(rb"([A-Z]{3,20}) (/(?!/)[!-\"$-~]*) HTTP/1\.1\r\n((?:[A-Za-z0-9-]+:[\t -~]*\r\n)*)\r\n")


class CommonHead(NamedTuple):
    """The head of a request whose header names are all different."""

    method: str
    target: str
    lines: list[tuple[str, str]]  # named as the client spelled them
    values: dict[str, str]  # by names in capitals


def read_common_head(data: bytes | bytearray, settings: Any) -> tuple[CommonHead, int] | None:
    """Read a head at the beginning of the data, and say where it ends; None if gunicorn has to read it.

    `settings` are gunicorn's.
    """
    match = _HEAD.match(data)
    if match is None or match.end(2) > settings.limit_request_line:
        return None
    method, target, block = (part.decode("ascii") for part in match.groups())
    rows = block.split("\r\n")[:-1]
    most = settings.limit_request_field_size - len("\r\n")
    if len(rows) > settings.limit_request_fields or max(map(len, rows), default=0) > most:
        return None
    lines = [(name, value.strip(" \t")) for name, _, value in [row.partition(":") for row in rows]]
    values = {name.upper(): value for name, value in lines}
    if len(values) < len(lines) or "EXPECT" in values:
        return None
    return CommonHead(method, target, lines, values), match.end()
