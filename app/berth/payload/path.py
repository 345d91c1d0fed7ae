"""The request target as the client sent it, percent-encoding kept."""

import re
from urllib.parse import unquote

_ABSOLUTE = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*://[^/?#]*")


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
