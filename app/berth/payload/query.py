"""Query strings."""

import re
from collections.abc import Iterable, Iterator
from urllib.parse import unquote_plus

# "API Gateway ... does not support the plain text pipe character or curly braces for any request
# URL query string". (API Gateway important notes, known issues.)
REFUSED = re.compile(r"[|{}]")


def query_pairs(query: str) -> Iterator[tuple[str, str]]:
    """The parameters of a raw query as they were sent; one without `=` has an empty value."""
    for pair in query.split("&"):
        if pair:
            key, _, value = pair.partition("=")
            yield key, value


def split_query(query: str) -> dict[str, list[str]]:
    """Every value of every key, in the order sent and percent-encoded as sent."""
    return _grouped(query_pairs(query))


def decode_query(query: str) -> dict[str, list[str]]:
    """Form-decode a raw query: every value of every key, both in the order sent."""
    return _grouped((unquote_plus(key), unquote_plus(value)) for key, value in query_pairs(query))


def decode_rest_query(query: str) -> dict[str, list[str]]:
    """The same for a REST API, where a semicolon splits parameters, too (known issues)."""
    return decode_query(query.replace(";", "&"))


def last_values(values: dict[str, list[str]]) -> dict[str, str]:
    """One value per key: the last one sent."""
    return {key: each[-1] for key, each in values.items()}


def _grouped(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    values: dict[str, list[str]] = {}
    for key, value in pairs:
        values.setdefault(key, []).append(value)
    return values
