"""Query strings."""

import re
from urllib.parse import unquote_plus

# "API Gateway ... does not support the plain text pipe character or curly braces for any request
# URL query string"; a semicolon splits parameters. (API Gateway important notes, known issues.)
REFUSED = re.compile(r"[|{}]")
_SEPARATOR = re.compile(r"[&;]")


def decode_query(query: str) -> dict[str, list[str]]:
    """Form-decode a raw query: every value of every key, both in the order sent."""
    values: dict[str, list[str]] = {}
    for pair in _SEPARATOR.split(query):
        if pair:
            key, _, value = pair.partition("=")
            values.setdefault(unquote_plus(key), []).append(unquote_plus(value))
    return values


def last_values(values: dict[str, list[str]]) -> dict[str, str]:
    """One value per key: the last one sent."""
    return {key: each[-1] for key, each in values.items()}
