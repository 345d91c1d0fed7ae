"""A value that a variable stands for."""

from dataclasses import dataclass

from berth.tools.migrate.model.application import Place
from berth.tools.migrate.model.values import Text, Tree

# Variables can repeat each other without an end: this is more than any service has.
_MOST, _LONGEST = 200_000, 1_000_000


class Unresolvable(Exception):
    """Raised when a variable leads to itself or cannot be parsed; its text says why."""


@dataclass(frozen=True)
class Found:
    """A value, and where its author wrote it if that is in a file of the service."""

    tree: Tree
    place: Place | None = None
    is_resolved: bool = False
    counted: frozenset[str] = frozenset()  # the holes that led to it


def check_size(tree: Tree) -> None:
    """Raise Unresolvable for a value with more parts, or a longer text, than any service has."""
    waiting, count = [tree], 0
    while waiting:
        value = waiting.pop()
        count += 1
        if count > _MOST:
            raise Unresolvable("has more parts than any value")
        if isinstance(value, Text) and len(str(value)) > _LONGEST:
            raise Unresolvable("is longer than any value")
        if isinstance(value, dict | list):
            waiting.extend(value.values() if isinstance(value, dict) else value)
