"""The head that nearly every client sends is read as gunicorn's own parser reads it."""

import pytest
from gunicorn.config import Config
from gunicorn.http.errors import ParseException
from gunicorn.http.message import Request
from gunicorn.http.unreader import IterUnreader
from hypothesis import given
from hypothesis import strategies as st

from berth.server.common_head import CommonHead, read_common_head
from berth.server.spelled_request import spelled_lines

CONFIG = Config()
CONFIG.set("forwarded_allow_ips", "")
HEAD = b"GET /a?b=c HTTP/1.1\r\nHost: h\r\nx-A:  1 \r\n\r\n"


def _read(data: bytes) -> CommonHead | None:
    return read_common_head(data, CONFIG)


def test_head_is_read_up_to_its_end():
    lines, values = [("Host", "h"), ("x-A", "1")], {"HOST": "h", "X-A": "1"}
    assert _read(HEAD + b"body") == CommonHead("GET", "/a?b=c", lines, values, len(HEAD))


@pytest.mark.parametrize(
    "head",
    [
        b"\r\n" + HEAD,
        HEAD.replace(b"/a", b"//a"),
        HEAD.replace(b"/a", b"/a#"),
        HEAD.replace(b"/a", b"http://h/a"),
        HEAD.replace(b"HTTP/1.1", b"HTTP/1.0"),
        HEAD.replace(b"x-A", b"x_A"),
        HEAD.replace(b"x-A", b"host"),
        HEAD.replace(b"x-A:  1", b"Expect: 100-continue"),
        HEAD.replace(b"x-A:", b"x-A :"),
        HEAD.replace(b"1 ", b"1\r\n 2"),
        HEAD.replace(b"1 ", b"\xc3\xa9"),
        HEAD.replace(b"1 ", b"\0"),
        HEAD.replace(b"\r\nx-A", b"\nx-A"),
        HEAD.replace(b"1 ", b"1" * 9000),
        HEAD.replace(b"/a", b"/" + b"a" * 9000),
        HEAD.replace(b"x-A", b"\r\n".join(b"y%d: 1" % number for number in range(101)) + b"\r\nx-A"),
        HEAD[:-2],
        b"",
    ],
)
def test_anything_unusual_is_left_to_gunicorn(head: bytes):
    assert _read(head) is None


PIECES = st.sampled_from(
    [
        *(b"GET", b"POST", b"get", b" ", b"/", b"/a", b"//", b"?b=c", b"#", b"%2f", b"HTTP/1.1", b"HTTP/1.0"),
        *(b"\r\n", b"\n", b"\r", b":", b": ", b"Host", b"host", b"x-a", b"X-A", b"x_a", b"1", b"\t", b" 2 "),
        *(b"Content-Length", b"Transfer-Encoding", b"chunked", b"Expect", b"\0", b"\xe9", b'"', b"$", b"~"),
    ]
)
LINES = st.lists(st.tuples(PIECES, PIECES), max_size=5).map(
    lambda pairs: b"".join(b"%s:%s\r\n" % pair for pair in pairs)
)


@given(
    st.sampled_from([b"/", b"/a", b"/a?b=c", b"//a", b"/a#b", b"*", b"/%2f"]), LINES | st.just(b"Host: h\r\n")
)
def test_whatever_is_read_gunicorn_reads_alike(target: bytes, lines: bytes):
    _compare(b"GET %s HTTP/1.1\r\n%s\r\n" % (target, lines))


@given(st.lists(PIECES, max_size=12).map(b"".join))
def test_whatever_is_read_of_any_bytes_gunicorn_reads_alike(data: bytes):
    _compare(data + b"\r\n\r\n")


def _compare(data: bytes) -> None:
    head = _read(data)
    if head is None:
        return
    try:
        request = Request(CONFIG, IterUnreader(iter([data])), ("127.0.0.1", 1))
    except ParseException:  # what a header says of the body is nothing that this reads
        assert {"CONTENT-LENGTH", "TRANSFER-ENCODING"} & head.values.keys()
        return
    assert (request.method, request.uri) == (head.method, head.target)
    assert request.headers == list(head.values.items())
    block = data[data.index(b"\r\n") + 2 : head.end - 4] if head.lines else b""
    assert head.lines == (spelled_lines(block, request.headers) if head.lines else [])
    path, _, query = head.target.partition("?")
    assert (request.path, request.query, request.fragment) == (path, query, "")
    assert request.version == (1, 1)
