"""What the bytes of a request's head tell before a parser looks at them."""

import re

from gunicorn.http.errors import LimitRequestHeaders

from berth.model.route import RESERVED_PREFIX
from berth.server.common_head import CommonHead

MOST_HEAD_BYTES = 64 * 1024
# A body up to this size is received together with its head, before anybody has asked for it.
_SMALL_BODY = 256 * 1024
_SIZE = re.compile("[0-9]{1,6}")
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]{1,6})[ \t]*\r\n", re.IGNORECASE)
_NOT_AT_ONCE = re.compile(rb"\r\n(?:expect|transfer-encoding):", re.IGNORECASE)

_HEALTH = f"{RESERVED_PREFIX}/health/"
_HEALTH_BYTES = _HEALTH.encode()


def asks_for_health(head: bytearray, common: CommonHead | None) -> bool:
    """Whether a request is a health check; `common` is its head if read_common_head() could read it."""
    if common is not None:
        return common.target.startswith(_HEALTH)
    if _HEALTH_BYTES not in head:
        return False
    parts = bytes(head[:256]).lstrip(b"\r\n").split(b" ", 2)
    return len(parts) > 1 and parts[1].startswith(_HEALTH_BYTES)


def end_of(head: bytearray) -> int:
    """Where a head ends; 0 if its end has not come yet."""
    last = head.find(b"\r\n\r\n", 2 if head.startswith(b"\r\n") else 0)
    return last + 4 if last >= 0 else 0


def small_body_bytes(head: bytearray, end: int, common: CommonHead | None) -> int:
    """How many bytes of body are to be received together with a head, which ends at `end`.

    `common` is the same head if read_common_head() could read it.
    """
    if common is not None:
        text = common.values.get("CONTENT-LENGTH", "")
        length = int(text) if _SIZE.fullmatch(text) and "TRANSFER-ENCODING" not in common.values else 0
    else:
        found = _LENGTH.search(head, 0, end - 2)
        length = int(found[1]) if found and not _NOT_AT_ONCE.search(head, 0, end - 2) else 0
    return length if length <= _SMALL_BODY else 0


def is_refused_early(head: bytearray, most_line: int) -> bool:
    """Whether a head without an end is wrong already; raises LimitRequestHeaders if it is too long."""
    start = 2 if head.startswith(b"\r\n") else 0
    if len(head) > MOST_HEAD_BYTES:
        raise LimitRequestHeaders("the head is too long")
    has_bare_feed = head.count(b"\n") != head.count(b"\r\n")
    is_line_long = len(head) - start > most_line + 2 and head.find(b"\r\n", start) < 0
    return has_bare_feed or is_line_long or head.startswith(b"\r\n\r\n")
