"""Which operation of a document takes a request, and the path parameters."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

_ANY = "x-amazon-apigateway-any-method"
_METHODS = ("delete", "get", "head", "options", "patch", "post", "put", _ANY)


@dataclass(frozen=True)
class Found:
    """An operation, its path and method in the document, and the path parameters of a request."""

    path: str
    method: str
    operation: Mapping[str, Any]
    parameters: Mapping[str, str]

    @property
    def route_key(self) -> str:
        """The key of an HTTP API's route."""
        if self.operation.get("isDefaultRoute"):
            return "$default"
        return f"{'ANY' if self.method == _ANY else self.method.upper()} {self.path}"


def find_rest(paths: Mapping[str, Any], method: str, path: str) -> Found | None:
    """Find an operation of a REST API by the path as it was sent; slashes at the ends do not count."""
    parts = path.strip("/")
    # Slashes further in are the value's own.
    found = list(_matching(paths, method, parts.split("/") if parts else []))
    return min(found, key=_rank, default=None)


def find_http(paths: Mapping[str, Any], method: str, path: str) -> Found | None:
    """Find an operation of an HTTP API by the decoded path: full matches, then greedy ones, then $default."""
    decoded = unquote(path)
    parts = decoded[1:].split("/") if decoded != "/" else []
    found = list(_matching(paths, method, parts))
    full = [each for each in found if "+}" not in each.path]
    default = paths.get("/$default", {}).get(_ANY)
    best = min(full or found, key=_rank, default=None)
    return best or (Found("$default", _ANY, default, {}) if default else None)


def _matching(paths: Mapping[str, Any], method: str, parts: list[str]) -> Iterator[Found]:
    for path, item in paths.items():
        parameters = _parameters(path, parts)
        name = method.lower() if method.lower() in item else _ANY
        if parameters is None or name not in item or method.lower() not in _METHODS:
            continue
        if not item[name].get("isDefaultRoute"):
            yield Found(path, name, item[name], parameters)


def _parameters(path: str, parts: list[str]) -> dict[str, str] | None:
    wanted = [part for part in path.split("/")[1:] if part]
    values = {}
    for index, part in enumerate(wanted):
        greedy, variable = re.fullmatch(r"\{(.+)\+\}", part), re.fullmatch(r"\{([^+]+)\}", part)
        if greedy:
            rest = "/".join(parts[index:])
            return {**values, greedy[1]: rest} if rest.strip("/") else None
        if index >= len(parts) or not (parts[index] if variable else parts[index] == part):
            return None
        if variable:
            values[variable[1]] = parts[index]
    return values if len(wanted) == len(parts) else None


def _rank(found: Found) -> tuple[tuple[int, ...], int]:
    parts = [part for part in found.path.split("/")[1:] if part]
    ranks = tuple(2 if "+}" in part else 1 if part.startswith("{") else 0 for part in parts)
    # A resource with the method itself goes before ANY of the same resource; a longer path before its start.
    return (*ranks, 3), int(found.method == _ANY)
