"""Header names and header maps."""

import re
from collections.abc import Mapping
from functools import lru_cache

from berth.model.http import Headers
from berth.payload.urls import values_by_name

# What CloudFront adds in front of an edge API, as CloudFront spells it.
CLOUDFRONT = frozenset(
    """CloudFront-Forwarded-Proto CloudFront-Is-Desktop-Viewer CloudFront-Is-Mobile-Viewer
    CloudFront-Is-SmartTV-Viewer CloudFront-Is-Tablet-Viewer CloudFront-Viewer-ASN
    CloudFront-Viewer-Country""".split()
)
# Names whose canonical form is not Title-Case.
_SPELLED = {name.lower(): name for name in (*CLOUDFRONT, "Content-MD5", "TE", "WWW-Authenticate")}
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


def names_of(lines: Headers) -> tuple[str, ...]:
    """The names of header lines, as a key for what depends on the names alone."""
    return tuple([name for name, _ in lines])


# Bounded: names come from clients.
@lru_cache(maxsize=1024)
def canonical_name(name: str) -> str:
    """A header name in Title-Case, whatever the client's spelling: headers are looked up by this name."""
    lower = name.lower()
    return _SPELLED.get(lower) or "-".join(part.capitalize() for part in lower.split("-"))


def is_header_name(name: str) -> bool:
    """Whether a name may stand on the wire (RFC 9110 token)."""
    return _TOKEN.fullmatch(name) is not None


def is_header_value(value: str) -> bool:
    """Whether a value may stand on the wire: no line break, no control character but tab."""
    return _UNPRINTABLE.search(value) is None


def text_value(value: str) -> str:
    """A value out of WSGI: its bytes read as UTF-8, or as latin-1 if they are not."""
    if value.isascii():
        return value
    try:
        return value.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return value


def wire_value(value: str) -> str:
    """A value as WSGI wants it: its UTF-8 bytes, each as one latin-1 character."""
    return value if value.isascii() else value.encode("utf-8", "replace").decode("latin-1")


def spell_headers(
    grouped: dict[str, list[str]], lines: Headers, respelled: frozenset[str]
) -> dict[str, list[str]]:
    """The grouped headers under the client's names, but for those that API Gateway spells its own way.

    Lines that spell one name in two ways stay one header, named as its last line is: `headers` of an
    event has the value of that line, so no two readers of the event can find two values.
    """
    names = _spelling(names_of(lines))
    if names is None:  # all names are in their canonical form
        return grouped
    return {name if name in respelled else names.get(name, name): values for name, values in grouped.items()}


# Bounded: names come from clients.
@lru_cache(maxsize=128)
def _spelling(names: tuple[str, ...]) -> Mapping[str, str] | None:
    """The clients' spelling of names by their canonical form; None if all names are in that form."""
    spelling = {canonical_name(name): name for name in names}
    return spelling if any(canonical != name for canonical, name in spelling.items()) else None


def lower_headers(headers: Headers) -> dict[str, list[str]]:
    """Every value of every header by its name in lower case."""
    return values_by_name([(name.lower(), value) for name, value in headers])


def last_header(headers: Headers, name: str) -> str | None:
    """The last value of a header, by its canonical name."""
    return dict(headers).get(name)


def first_media_type(values: list[str] | None) -> str | None:
    """The first media type of an Accept or Content-Type header, without parameters."""
    if not values:
        return None
    return values[0].split(",", 1)[0].split(";", 1)[0].strip().lower() or None


def find_header(headers: Mapping[str, object], name: str) -> str | None:
    """The key under which a map holds a header, whatever its case."""
    return next((key for key in headers if key.lower() == name), None)
