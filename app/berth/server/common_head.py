"""Reads the head that nearly every client sends by regular expressions; other heads are left to gunicorn."""

import re
from typing import Any

from berth.model.value_class import value_class

# `//` may begin an authority, `#` a fragment, and `_` could be taken for `-`: gunicorn has rules for them.
_HEAD = re.compile(
    rb"[A-Z]{3,20} (?P<target>/(?!/)[!-\"$-~]*) HTTP/1\.1\r\n(?:[A-Za-z0-9-]+:[\t -~]*\r\n)*\r\n"
)
_LINE = re.compile(r"([^:]+):[\t ]*([^\r]*)\r\n")


@value_class
class CommonHead:
    """The head of a request whose header names are all different."""

    method: str
    target: str
    lines: list[tuple[str, str]]  # named as the client spelled them
    values: dict[str, str]  # by names in capitals
    end: int  # where it ends in the data that begin with it


def read_common_head(data: bytes | bytearray, settings: Any) -> CommonHead | None:
    """Read a head at the beginning of the data; None if gunicorn has to read it.

    `settings` are gunicorn's.
    """
    match = _HEAD.match(data)
    if match is None or match.end("target") > settings.limit_request_line:
        return None
    first, _, block = match[0].decode("ascii").partition("\r\n")
    method, target, _ = first.split(" ")
    lines = _LINE.findall(block)
    if " \r" in block or "\t\r" in block:
        lines = [(name, value.rstrip("\t ")) for name, value in lines]
    if len(lines) > settings.limit_request_fields or _has_longer_line(
        block, settings.limit_request_field_size
    ):
        return None
    values = {name.upper(): value for name, value in lines}
    if len(values) < len(lines) or "EXPECT" in values:
        return None
    return CommonHead(method, target, lines, values, match.end())


def _has_longer_line(block: str, most: int) -> bool:
    """Whether a line, its line end included, has more than so many characters."""
    return len(block) > most and any(len(line) > most for line in block.splitlines(keepends=True))
