"""Header names and header maps."""

import pytest

from berth.payload.headers import (
    canonical_name,
    find_header,
    first_media_type,
    is_header_name,
    is_header_value,
    last_header,
    lower_headers,
    spell_headers,
    text_value,
    wire_value,
)
from berth.payload.urls import values_by_name
from kit.tables import for_each


@for_each(
    "name, canonical",
    [
        ("host", "Host"),
        ("USER-AGENT", "User-Agent"),
        ("x-amzn-trace-id", "X-Amzn-Trace-Id"),
        ("X-Forwarded-For", "X-Forwarded-For"),
        ("aUThorization", "Authorization"),
        ("content-md5", "Content-MD5"),
        ("te", "TE"),
        ("Www-Authenticate", "WWW-Authenticate"),
        ("cloudfront-is-smarttv-viewer", "CloudFront-Is-SmartTV-Viewer"),
        ("x", "X"),
        ("x--y-", "X--Y-"),
        ("1-2b", "1-2b"),
    ],
)
def test_name_is_written_as_the_gateway_writes_it(name: str, canonical: str) -> None:
    assert canonical_name(name) == canonical


@pytest.mark.parametrize(
    ("name", "may_stand"),
    [
        ("X-A", True),
        ("x_a.b!c#1", True),
        ("", False),
        ("X A", False),
        ("X:A", False),
        ("X-A\n", False),
        ("X-A\r\nX-B", False),
        ("X-é", False),
        ("(x)", False),
    ],
)
def test_name_may_stand_on_the_wire_when_it_is_a_token(name: str, may_stand: bool) -> None:
    assert is_header_name(name) is may_stand


@pytest.mark.parametrize(
    ("value", "may_stand"),
    [
        ("", True),
        ("a b\tc", True),
        ("☕", True),
        ("a\r\nb", False),
        ("a\n", False),
        ("\r", False),
        ("\0", False),
        ("\x7f", False),
    ],
)
def test_value_may_stand_on_the_wire_when_it_is_one_line(value: str, may_stand: bool) -> None:
    assert is_header_value(value) is may_stand


@pytest.mark.parametrize(
    ("value", "wire"), [("a b", "a b"), ("é", "\xc3\xa9"), ("☕", "\xe2\x98\x95"), ("\ud800", "?")]
)
def test_value_goes_out_as_utf_8(value: str, wire: str) -> None:
    assert wire_value(value) == wire


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a b", "a b"),
        ("\xc3\xa9", "é"),
        ("\xe2\x98\x95", "☕"),
        ("\xe9", "é"),
        ("\xc3\xa9\xff", "\xc3\xa9\xff"),
    ],
)
def test_value_comes_in_as_utf_8_or_latin_1(value: str, text: str) -> None:
    assert text_value(value) == text


def test_lines_are_grouped_by_names_in_lower_case() -> None:
    lines = [("X-A", "1"), ("Host", "h"), ("x-a", "2, 3"), ("X-A", "")]
    assert lower_headers(lines) == {"x-a": ["1", "2, 3", ""], "host": ["h"]}


@pytest.mark.parametrize(("name", "value"), [("X-A", "2"), ("Host", ""), ("x-a", None), ("X-B", None)])
def test_last_line_of_a_name_is_found(name: str, value: str | None) -> None:
    assert last_header([("X-A", "1"), ("Host", ""), ("X-A", "2")], name) == value


def test_lines_of_one_name_are_grouped_in_order() -> None:
    lines = [("A", "1"), ("B", "2"), ("A", "3, 4"), ("A", "")]
    assert values_by_name(lines) == {"A": ["1", "3, 4", ""], "B": ["2"]}


def test_grouped_headers_get_the_clients_names_but_for_the_gateways_own() -> None:
    lines = [("x-a", "1"), ("HOST", "h"), ("X-a", "2"), ("x-gone", "3")]
    grouped = {"X-A": ["1", "2"], "Host": ["h"], "X-Added": ["4"]}
    assert spell_headers(grouped, lines, frozenset({"Host"})) == {
        "X-a": ["1", "2"],
        "Host": ["h"],
        "X-Added": ["4"],
    }


@for_each(
    "values, media_type",
    [
        (None, None),
        ([], None),
        ([""], None),
        (["image/png"], "image/png"),
        (["Image/PNG"], "image/png"),
        ([" image/png ; q=0.8"], "image/png"),
        (["image/webp,image/png,*/*;q=0.8"], "image/webp"),
        (["image/webp;q=1, image/png"], "image/webp"),
        (["text/plain", "image/png"], "text/plain"),
        ([";charset=utf-8"], None),
    ],
)
def test_first_media_type_has_no_parameters(values: list[str] | None, media_type: str | None) -> None:
    assert first_media_type(values) == media_type


@pytest.mark.parametrize(("name", "key"), [("x-a", "X-A"), ("x-b", "x-b"), ("x-c", None)])
def test_header_is_found_in_any_case(name: str, key: str | None) -> None:
    assert find_header({"X-A": "1", "x-b": "2"}, name) == key
