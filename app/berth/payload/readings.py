"""The readings of a path: every path that a function or its web framework might take it for."""

import re
from urllib.parse import unquote

# Only a path with one of these, or with a slash at the end, can be read in several ways: an escape, a
# parameter, a backslash, what ends a path in a URL, an empty part, a dot segment.
_AMBIGUOUS = re.compile(r"[%;\\?#]|/[/.]")
_END = re.compile("[?#]")


def path_readings(path: str) -> frozenset[str]:
    """Every reading of a raw path, the path as it was sent included.

    A reading decodes the path never, once or twice; bytes that are not UTF-8 become U+FFFD. It may end at
    a question mark or a hash, take a backslash for a slash, cut parameters behind a semicolon, drop empty
    parts and a slash at the end, and resolve dot segments, each alone or together with the others.
    """
    if not _AMBIGUOUS.search(path) and (path == "/" or not path.endswith("/")):
        return frozenset({path})
    decoded = unquote(path)
    readings: set[str] = {path, decoded, unquote(decoded)}
    for change in (
        _ended,
        _with_slashes,
        _without_parameters,
        _without_empty_parts,
        _resolved,
        _without_last,
    ):
        readings |= set(map(change, readings))
    return frozenset(reading or "/" for reading in readings)


def _ended(path: str) -> str:
    return _END.split(path, maxsplit=1)[0]


def _with_slashes(path: str) -> str:
    return path.replace("\\", "/")


def _without_parameters(path: str) -> str:
    return "/".join(part.split(";", 1)[0] for part in path.split("/"))


def _without_empty_parts(path: str) -> str:
    return re.sub("//+", "/", path)


def _resolved(path: str) -> str:
    """A path without dot segments (RFC 3986, 5.2.4)."""
    kept: list[str] = []
    parts = path.split("/")
    for part in parts[1:]:
        if part == "..":
            del kept[-1:]
        elif part != ".":
            kept.append(part)
    ends_in_folder = parts[-1] in {".", ".."} and kept
    return "/".join(["", *kept, *([""] if ends_in_folder else [])])


def _without_last(path: str) -> str:
    return path.rstrip("/")


_CHANGES = (_ended, _with_slashes, _without_parameters, _without_empty_parts, _resolved, _without_last)
