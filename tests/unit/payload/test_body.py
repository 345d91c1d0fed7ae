"""Bodies: text or base64."""

import pytest

from berth.payload.body import EncodedBody, decode_base64, encode_body, encode_unless_text, is_binary_type
from kit.tables import for_each


@pytest.mark.parametrize(
    ("raw", "is_binary", "encoded"),
    [
        (b"", False, EncodedBody(None, False)),
        (b"", True, EncodedBody(None, False)),
        (b"{}", False, EncodedBody("{}", False)),
        (b"{}", True, EncodedBody("e30=", True)),
        ("☕".encode(), False, EncodedBody("☕", False)),
        (b"\xff\xfe", True, EncodedBody("//4=", True)),
        (b"a\xffb", False, EncodedBody("a\ufffdb", False)),
        (b"\x00\r\n", False, EncodedBody("\x00\r\n", False)),
    ],
)
def test_body_is_encoded_as_its_type_asks(raw: bytes, is_binary: bool, encoded: EncodedBody) -> None:
    assert encode_body(raw, is_binary) == encoded


@for_each(
    "media_type, is_text",
    [
        ("text/plain", True),
        ("text/html", True),
        ("text/", True),
        ("application/json", True),
        ("application/javascript", True),
        ("application/xml", True),
        (None, False),
        ("text", False),
        ("texts/plain", False),
        ("application/x-www-form-urlencoded", False),
        ("application/problem+json", False),
        ("application/jsonl", False),
        ("multipart/form-data", False),
        ("application/octet-stream", False),
        ("image/svg+xml", False),
    ],
)
def test_body_is_text_when_its_type_is_one_of_few(media_type: str | None, is_text: bool) -> None:
    encoded = EncodedBody("hi", False) if is_text else EncodedBody("aGk=", True)
    assert encode_unless_text(b"hi", media_type, None) == encoded


@pytest.mark.parametrize(
    ("content_encoding", "is_text"),
    [
        (None, True),
        ("", True),
        ("identity", True),
        (" Identity ", True),
        ("gzip", False),
        ("br", False),
        ("identity, gzip", False),
    ],
)
def test_text_is_base64_when_it_is_compressed(content_encoding: str | None, is_text: bool) -> None:
    encoded = EncodedBody("hi", False) if is_text else EncodedBody("aGk=", True)
    assert encode_unless_text(b"hi", "text/plain", content_encoding) == encoded


@pytest.mark.parametrize("media_type", [None, "text/plain", "image/png"])
def test_empty_body_is_no_text_at_all_whatever_its_type(media_type: str | None) -> None:
    assert encode_unless_text(b"", media_type, "gzip") == EncodedBody(None, False)


def test_text_that_is_not_utf_8_gets_replacement_characters() -> None:
    assert encode_unless_text(b"a\xffb", "text/plain", None) == EncodedBody("a\ufffdb", False)


@pytest.mark.parametrize(
    ("text", "raw"),
    [
        ("", b""),
        ("AQIDBAU=", b"\x01\x02\x03\x04\x05"),
        ("//4=", b"\xff\xfe"),
        ("A", None),
        ("AQI", None),
        ("not base64!", None),
        ("é", None),
        ("__4=", None),
    ],
)
def test_base64_is_decoded_unless_it_is_none(text: str, raw: bytes | None) -> None:
    assert decode_base64(text) == raw


@for_each(
    "media_type, listed, is_binary",
    [
        ("image/png", (), False),
        ("image/png", ("image/png",), True),
        ("image/png", ("image/jpg",), False),
        ("image/png", ("image/*",), True),
        ("imagex/png", ("image/*",), False),
        ("image/png", ("*/png",), False),
        ("image/png", ("*/*",), True),
        ("image/*", ("image/png",), False),
        ("image/*", ("image/*",), True),
        ("*/*", ("image/png",), False),
        ("*/*", ("image/*",), False),
        ("*/png", ("*/png",), False),
        ("*/*", ("*/*",), True),
        (None, ("image/png",), False),
        (None, ("*/*",), True),
    ],
)
def test_type_is_binary_when_it_is_listed(
    media_type: str | None, listed: tuple[str, ...], is_binary: bool
) -> None:
    assert is_binary_type(media_type, listed) is is_binary
