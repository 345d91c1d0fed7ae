"""The request target: its path and its query string, as sent and as each kind of API reads them."""

import re
from collections.abc import Collection
from urllib.parse import unquote, unquote_plus

_ABSOLUTE = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*://[^/?#]*")
# "API Gateway ... does not support the plain text pipe character or curly braces for any request
# URL query string". (API Gateway important notes, known issues.)
REFUSED = re.compile(r"[|{}]")


def split_target(target: str) -> tuple[str, str]:
    """Split a request target into raw path and raw query; an absolute one loses scheme and host."""
    authority = _ABSOLUTE.match(target)
    if authority:
        target = target[authority.end() :]
    path, _, query = target.partition("#")[0].partition("?")
    return path or "/", query


def strip_prefix(path: str, prefix: str) -> str | None:
    """The path behind a prefix such as `/prod`, or None if the path does not begin with it."""
    if path == prefix:
        return "/"
    return path[len(prefix) :] if path.startswith(f"{prefix}/") else None


def collapse_leading_slashes(path: str) -> str:
    """`//x` becomes `/x`; slashes further in are kept, as REST APIs do."""
    return f"/{path.lstrip('/')}"


def decode_path(path: str) -> str:
    """A path percent-decoded once: `%2F` becomes a slash; what is no UTF-8 becomes replacement characters."""
    return unquote(path) if "%" in path else path


def query_pairs(query: str) -> list[tuple[str, str]]:
    """The parameters of a raw query as they were sent; one without `=` has an empty value."""
    return [(key, value) for key, _, value in [pair.partition("=") for pair in query.split("&") if pair]]


def split_query(query: str) -> dict[str, list[str]]:
    """Every value of every key, in the order sent and percent-encoded as sent."""
    return values_by_name(query_pairs(query))


def decode_query(query: str) -> dict[str, list[str]]:
    """Form-decode a raw query: every value of every key, both in the order sent."""
    pairs = query_pairs(query)
    if "%" in query or "+" in query:
        pairs = [(unquote_plus(key), unquote_plus(value)) for key, value in pairs]
    return values_by_name(pairs)


def decode_rest_query(query: str) -> dict[str, list[str]]:
    """The same for a REST API, where a semicolon splits parameters, too (known issues)."""
    return decode_query(query.replace(";", "&"))


def last_values(values: dict[str, list[str]]) -> dict[str, str]:
    """One value per key: the last one sent."""
    return {key: each[-1] for key, each in values.items()}


def values_by_name(pairs: Collection[tuple[str, str]]) -> dict[str, list[str]]:
    """Every value of every name, both in the order of the pairs."""
    values = {name: [value] for name, value in pairs}
    if len(values) < len(pairs):
        values = {name: [] for name in values}
        for name, value in pairs:
            values[name].append(value)
    return values
