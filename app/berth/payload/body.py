"""Encodes bodies for events, as text or as base64."""

import base64
import binascii
from collections.abc import Collection
from contextlib import suppress

from berth.model.value_class import value_class

try:
    import pybase64
except ImportError:  # the extra `speed`
    pybase64 = None  # type: ignore[assignment]

# What HTTP APIs, load balancers and function URLs pass on as text.
# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html
_TEXT_TYPES = frozenset({"application/json", "application/javascript", "application/xml"})


@value_class
class EncodedBody:
    """A request body as an event carries it; the text is None if the body was empty."""

    text: str | None
    is_base64: bool


_NO_BODY = EncodedBody(None, False)


def encode_body(raw: bytes, is_binary: bool) -> EncodedBody:
    """Encode a body; text that is not UTF-8 gets replacement characters, as on API Gateway."""
    if not raw:
        return _NO_BODY
    if is_binary:
        text = pybase64.b64encode_as_string(raw) if pybase64 else base64.b64encode(raw).decode("ascii")
        return EncodedBody(text, True)
    return EncodedBody(raw.decode("utf-8", "replace"), False)


def encode_unless_text(raw: bytes, media_type: str | None, content_encoding: str | None) -> EncodedBody:
    """Encode a body as everything but a REST API does: base64 unless its type is text.

    A type that is missing is not text, nor is anything compressed.
    """
    is_text = media_type is not None and (media_type.startswith("text/") or media_type in _TEXT_TYPES)
    is_plain = content_encoding is None or content_encoding.strip().lower() in {"", "identity"}
    return encode_body(raw, not (is_text and is_plain))


def decode_base64(text: str) -> bytes | None:
    """The bytes behind base64 text, or None if it is not base64."""
    if pybase64 is not None:
        with suppress(ValueError):  # it refuses a few texts that Python takes: those with padding too many
            return pybase64.b64decode(text, validate=True)
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


def is_binary_type(media_type: str | None, binary_media_types: Collection[str]) -> bool:
    """Whether a media type is listed: exactly, by `type/*`, or because `*/*` lists everything.

    `*/sub` never matches anything (recorded from AWS).
    """
    if "*/*" in binary_media_types:
        return True
    if media_type is None or "/" not in media_type or media_type.startswith("*/"):
        return False
    return media_type in binary_media_types or f"{media_type.split('/', 1)[0]}/*" in binary_media_types
