"""From a proxy response to HTTP: what does not differ between the event shapes."""

from typing import Any

import pytest

from berth.errors import MalformedProxyResponse, UndecodableBody
from berth.model.http import HttpResponse
from berth.model.proxy_response import ProxyResponse
from berth.payload.results import (
    body_bytes,
    decoded_body,
    header_lines,
    header_pairs,
    http_response,
    json_bytes,
    title_name,
    with_default_type,
)
from kit.gateway_values import SHAPES, make_call
from kit.tables import for_each

CALL = make_call(SHAPES["http1"][1])
NESTED: Any = []
for _ in range(200_000):  # Python 3.14 writes tens of thousands of levels
    NESTED = [NESTED]


@pytest.mark.parametrize(
    ("response", "pairs"),
    [
        (ProxyResponse(), []),
        (ProxyResponse(headers={"A": "1", "B": None}), [("A", "1"), ("B", None)]),
        (ProxyResponse(multi_value_headers={"A": ["1", "2"], "B": []}), [("A", "1"), ("A", "2")]),
        (
            ProxyResponse(headers={"a": "3"}, multi_value_headers={"A": ["1", None]}),
            [("a", "3"), ("A", "1"), ("A", None)],
        ),
        (ProxyResponse(cookies=["a=1"]), []),
    ],
)
def test_pairs_are_the_single_values_and_then_the_multi_values(
    response: ProxyResponse, pairs: list[tuple[str, str | None]]
) -> None:
    assert list(header_pairs(response)) == pairs


@for_each(
    "pair, lines",
    [
        (("X-A", "1"), [("X-A", "1")]),
        (("x_a", ""), [("x_a", "")]),
        (("X-A", "a\tb"), [("X-A", "a\tb")]),
        (("X-A", "é☕"), [("X-A", "\xc3\xa9\xe2\x98\x95")]),
        (("X-A", "\ud800"), [("X-A", "?")]),
        (("X-A", None), []),
        (("X A", None), []),
        (("connection", "close"), []),
        (("Content-Length", "5"), []),
        (("KEEP-ALIVE", "1"), []),
        (("Proxy-Connection", "1"), []),
        (("TE", "1"), []),
        (("Trailer", "1"), []),
        (("Transfer-Encoding", "chunked"), []),
        (("Upgrade", "h2c"), []),
    ],
)
def test_line_is_sent_unless_it_is_null_or_the_servers_own(
    pair: tuple[str, str | None], lines: list[tuple[str, str]]
) -> None:
    assert header_lines(CALL, [pair]) == lines


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("", "1"),
        ("X A", "1"),
        ("X-A:", "1"),
        ("X-é", "1"),
        ("X-A\n", "1"),
        ("X-A", "1\n"),
        ("X-A", "a\r\nb"),
        ("X-A", "\0"),
    ],
)
def test_line_is_refused_when_http_does_not_allow_it(name: str, value: str) -> None:
    with pytest.raises(MalformedProxyResponse) as refused:
        header_lines(CALL, [("X-Good", "1"), (name, value)])
    assert refused.value.problem == f"header {name!r} cannot be sent"


@pytest.mark.parametrize(
    ("lines", "with_type"),
    [
        ([], [("Content-Type", "a/b")]),
        ([("X-A", "1")], [("X-A", "1"), ("Content-Type", "a/b")]),
        ([("CONTENT-TYPE", "")], [("CONTENT-TYPE", "")]),
        ([("Content-Types", "1")], [("Content-Types", "1"), ("Content-Type", "a/b")]),
    ],
)
def test_type_is_added_when_no_line_names_it(
    lines: list[tuple[str, str]], with_type: list[tuple[str, str]]
) -> None:
    assert with_default_type(lines, "a/b") == with_type


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("myheader", "Myheader"),
        ("x-my-header", "X-My-Header"),
        ("X-AMZN-RequestId", "X-Amzn-Requestid"),
        ("ETag", "Etag"),
        ("www-authenticate", "Www-Authenticate"),
        ("x--y-", "X--Y-"),
        ("1-2b", "1-2b"),
    ],
)
def test_name_in_title_case_knows_no_exceptions(name: str, title: str) -> None:
    assert title_name(name) == title


@pytest.mark.parametrize(
    ("body", "raw"),
    [
        (None, b""),
        ("", b""),
        ("é", b"\xc3\xa9"),
        ("\ud800", b"?"),
        ({"a": [1, "é"]}, b'{"a": [1, "\\u00e9"]}'),
        ([], b"[]"),
        (0, b"0"),
        (1.5, b"1.5"),
        (True, b"true"),
    ],
)
def test_body_is_text_or_its_json(body: Any, raw: bytes) -> None:
    assert body_bytes(CALL, body) == raw


def test_json_is_written_as_it_is_asked_for() -> None:
    assert json_bytes(CALL, {"a": "é"}, ensure_ascii=False, separators=(",", ":")) == b'{"a":"\xc3\xa9"}'


def test_json_is_refused_when_it_is_nested_too_deeply() -> None:
    with pytest.raises(MalformedProxyResponse, match="nested too deeply"):
        json_bytes(CALL, NESTED)


@pytest.mark.parametrize(
    ("response", "raw"),
    [
        (ProxyResponse(body="AQI="), b"AQI="),
        (ProxyResponse(body="AQI=", is_base64_encoded=True), b"\x01\x02"),
        (ProxyResponse(body="", is_base64_encoded=True), b""),
        (ProxyResponse(body=None, is_base64_encoded=True), b""),
        (ProxyResponse(body=[1], is_base64_encoded=True), b"[1]"),
    ],
)
def test_body_is_decoded_when_it_is_text_and_flagged(response: ProxyResponse, raw: bytes) -> None:
    assert decoded_body(CALL, response) == raw


def test_body_is_undecodable_when_it_is_no_base64() -> None:
    with pytest.raises(UndecodableBody, match="orders returned a body that is not base64"):
        decoded_body(CALL, ProxyResponse(body="A", is_base64_encoded=True))


@pytest.mark.parametrize(
    ("status", "lines", "body"),
    [
        (200, [("X-A", "1"), ("Content-Length", "2")], b"hi"),
        (205, [("X-A", "1"), ("Content-Length", "2")], b"hi"),
        (204, [("X-A", "1")], b""),
        (304, [("X-A", "1")], b""),
    ],
)
def test_response_has_its_length_unless_its_status_allows_no_body(
    status: int, lines: list[tuple[str, str]], body: bytes
) -> None:
    assert http_response(status, [("X-A", "1")], b"hi") == HttpResponse(status, lines, body)
