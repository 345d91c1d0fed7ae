"""What is received together with a head, whoever has read the head."""

import pytest
from gunicorn.config import Config

from berth.server.common_head import read_common_head
from berth.server.heads import end_of, small_body_bytes

CONFIG = Config()


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (b"", 0),
        (b"Content-Length: 5\r\n", 5),
        (b"content-length:262144 \r\n", 262_144),
        (b"Content-Length: 262145\r\n", 0),
        (b"Content-Length: 1000000\r\n", 0),
        (b"Content-Length: +5\r\n", 0),
        (b"Content-Length: x\r\n", 0),
        (b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", 0),
        (b"Content-Length: 5\r\nExpect: 100-continue\r\n", 0),
    ],
)
def test_a_small_body_is_received_with_its_head(lines: bytes, expected: int):
    head = bytearray(b"POST /a HTTP/1.1\r\nHost: h\r\n%s\r\nbody" % lines)
    end = end_of(head)
    assert bytes(head[end:]) == b"body"
    assert small_body_bytes(head, end, None) == expected
    assert small_body_bytes(head, end, read_common_head(head, CONFIG)) == expected


def test_a_head_without_an_end_has_none_yet():
    assert end_of(bytearray(b"\r\n\r\n")) == 0
    assert end_of(bytearray(b"GET / HTTP/1.1\r\nHost: h\r\n")) == 0
