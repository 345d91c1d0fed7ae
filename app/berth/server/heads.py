"""What the bytes of a request's head tell before a parser looks at them."""

import re

from gunicorn.http.errors import LimitRequestHeaders

from berth.model.route import RESERVED_PREFIX

MOST_HEAD_BYTES = 64 * 1024
# A body up to this size is received together with its head, before anybody has asked for it.
_SMALL_BODY = 256 * 1024
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]{1,6})[ \t]*\r\n", re.IGNORECASE)
_NOT_AT_ONCE = re.compile(rb"\r\n(?:expect|transfer-encoding):", re.IGNORECASE)

_HEALTH = f"{RESERVED_PREFIX}/health/".encode()


def asks_for_health(head: bytearray) -> bool:
    """Whether a request is a health check."""
    if _HEALTH not in head:
        return False
    parts = bytes(head[:256]).lstrip(b"\r\n").split(b" ", 2)
    return len(parts) > 1 and parts[1].startswith(_HEALTH)


def ends_of(head: bytearray) -> tuple[int, int]:
    """Where a head ends, and the body that is to be received with it; zeros if the head has no end yet."""
    start = 2 if head.startswith(b"\r\n") else 0
    last = head.find(b"\r\n\r\n", start)
    if last < 0:
        return 0, 0
    end, length = last + 4, _LENGTH.search(head, start, last + 2)
    if length and int(length[1]) <= _SMALL_BODY and not _NOT_AT_ONCE.search(head, start, last + 2):
        return end, end + int(length[1])
    return end, end


def is_refused_early(head: bytearray, most_line: int) -> bool:
    """Whether a head without an end is wrong already; raises LimitRequestHeaders if it is too long."""
    start = 2 if head.startswith(b"\r\n") else 0
    if len(head) > MOST_HEAD_BYTES:
        raise LimitRequestHeaders("the head is too long")
    has_bare_feed = head.count(b"\n") != head.count(b"\r\n")
    is_line_long = len(head) - start > most_line + 2 and head.find(b"\r\n", start) < 0
    return has_bare_feed or is_line_long or head.startswith(b"\r\n\r\n")
