"""Merging a manifest that an import made into one on disk, so that no hand edit is lost.

The base is what the last import made. What differs from it on disk is an edit by hand, what differs from it
in the new manifest is a change of the source.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


class Absent:
    """The type of ABSENT."""

    def __repr__(self) -> str:
        return "(nothing)"


# Stands for the value of a key that is not there.
ABSENT = Absent()


def _route_name(route: Mapping[str, Any]) -> str:
    conditions = json.dumps(route["conditions"], sort_keys=True) if "conditions" in route else ""
    return f"{route.get('method')} {route.get('path')} {conditions}".strip()


# Lists of a manifest whose entries have a name of their own, and what it is.
_ENTRIES: Mapping[str, Callable[[Any], str]] = {
    "routes": _route_name,
    "apiKeys": lambda key: str(key.get("id")),
    "functions": str,
    "binaryMediaTypes": str,
}


# How deep the keys of a manifest's mappings and lists are: a route, an authorizer.
_ENTRY = 2


@dataclass(frozen=True)
class Difference:
    """One key where the hand's value stays, with both values; ABSENT where one side has none."""

    key: str
    hand: Any
    source: Any


@dataclass
class Merge:
    """One merge; `takes_source` gives the source's value where the hand changed it.

    Where the source `is_addition`, keys and routes that only the hand has are no edits: the source says
    only a part of the document.
    """

    takes_source: bool = False
    is_addition: bool = False
    differences: list[Difference] = field(default_factory=list)

    def documents(self, base: Any, hand: Any, source: Any, path: str = "", depth: int = 0) -> Any:
        """The merged value; keys keep the order that they have on disk, new ones come at the end."""
        if hand == source:
            return hand
        parts = _parts(path, base, hand, source)
        if parts is None:
            is_own = self.is_addition and base is ABSENT and source is ABSENT
            return hand if is_own and depth <= _ENTRY else self._values(base, hand, source, path)
        merged = self._objects(parts, path, depth + 1)
        return merged if isinstance(source, dict) else list(merged.values())

    def _objects(self, parts: Sequence[Mapping[str, Any]], path: str, depth: int) -> dict[str, Any]:
        made = {}
        for key in dict.fromkeys([*parts[1], *parts[2]]):
            base, hand, source = (each.get(key, ABSENT) for each in parts)
            value = self.documents(base, hand, source, f"{path}.{key}" if path else key, depth)
            if value is not ABSENT:
                made[key] = value
        return made

    def _values(self, base: Any, hand: Any, source: Any, path: str) -> Any:
        """One value: the source's if only the source changed it, else the hand's, which is told."""
        if hand == base or self.takes_source:
            return source
        self.differences.append(Difference(path, hand, source))
        return hand


def differences(hand: Any, source: Any, path: str = "") -> list[Difference]:
    """Every key in which two documents differ."""
    if hand == source:
        return []
    parts = _parts(path, hand, hand, source)
    if parts is None:
        return [Difference(path, hand, source)]
    _, ours, theirs = parts
    return [
        each
        for key in dict.fromkeys([*ours, *theirs])
        for each in differences(
            ours.get(key, ABSENT), theirs.get(key, ABSENT), f"{path}.{key}" if path else key
        )
    ]


def _parts(path: str, *values: Any) -> list[Mapping[str, Any]] | None:
    """The values as mappings of names to parts, where hand and source have such parts; else None.

    The first value is the base, which counts as empty where it has another form.
    """
    base, *others = values
    if all(isinstance(each, dict) for each in others):
        return [base if isinstance(base, dict) else {}, *others]
    name = _ENTRIES.get(path)
    if name is None or not all(_has_names(each, name) for each in others):
        return None
    base = base if _has_names(base, name) else []
    return [{name(each): each for each in value} for value in (base, *others)]


def _has_names(value: Any, name: Callable[[Any], str]) -> bool:
    """Whether a value is a list whose entries have different names."""
    kind = str if name is str else dict
    if not isinstance(value, list) or not all(isinstance(each, kind) for each in value):
        return False
    return len({name(each) for each in value}) == len(value)
