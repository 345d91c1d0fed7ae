"""Names of functions' folders, which are the names that the functions have in Berth."""

import hashlib
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from berth.manifest.checks.functions import FUNCTION_NAME
from berth.tools.migrate.model.application import FunctionSource

_LONGEST = 64


@dataclass
class _Candidates:
    """The names that one function may have, the best first, and the place of the one that it has."""

    names: Sequence[str]
    has_literal: bool
    place: int = field(default=0)

    @property
    def name(self) -> str:
        return self.names[self.place]

    @property
    def can_move(self) -> bool:
        return self.place + 1 < len(self.names)

    @property
    def is_literal(self) -> bool:
        """Whether the name is the one by which other functions call this one."""
        return self.has_literal and self.place == 0


def folder_names(functions: Iterable[FunctionSource]) -> dict[str, str]:
    """The name of each function's folder, by its id.

    A literal FunctionName that fits goes first, then the names that the source suggests. No two names differ
    in case alone, since some file systems take such names for one.
    """
    chosen = {each.id: _candidates(each) for each in functions}
    while movers := [each for group in _groups(chosen.values()) for each in _movers(group)]:
        for each in movers:
            each.place += 1
    names: dict[str, str] = {}
    for function_id, each in chosen.items():
        names[function_id] = unique_name(each.name, names.values())
    return names


def unique_name(name: str, taken: Collection[str]) -> str:
    """The name, with a number behind it if it is taken; upper and lower case count as one."""
    used = {each.casefold() for each in taken}
    made, number = name, 1
    while made.casefold() in used:
        number += 1
        made = f"{name[: _LONGEST - len(str(number)) - 1]}-{number}"
    return made


def fits(name: str) -> bool:
    """Whether a name can be a function's folder: the loader passes over those that begin with `_`."""
    return bool(FUNCTION_NAME.fullmatch(name)) and not name.startswith("_")


def fitted(name: str) -> str:
    """A name that fits, made of any text."""
    made = re.sub("[^A-Za-z0-9_-]+", "-", name).strip("-").lstrip("_") or "function"
    if len(made) <= _LONGEST:
        return made
    return f"{made[: _LONGEST - 7]}-{hashlib.sha256(made.encode()).hexdigest()[:6]}"


def _candidates(function: FunctionSource) -> _Candidates:
    given = function.given_name
    is_literal = given is not None and not given.holes and not given.chosen_by and fits(str(given))
    literal = [str(given)] if is_literal else []
    suggested = [each for each in function.names if each != str(given)]
    names = dict.fromkeys([*literal, *map(fitted, suggested or [function.id])])
    return _Candidates(list(names), is_literal)


def _groups(chosen: Iterable[_Candidates]) -> Iterable[list[_Candidates]]:
    """Those that have one name, more than one each."""
    groups: defaultdict[str, list[_Candidates]] = defaultdict(list)
    for each in chosen:
        groups[each.name.casefold()].append(each)
    return [group for group in groups.values() if len(group) > 1]


def _movers(group: list[_Candidates]) -> list[_Candidates]:
    """Those of a group that take their next name: all, except one that has its literal name."""
    literal = [each for each in group if each.is_literal]
    kept = literal if len(literal) == 1 else []
    movers = [each for each in group if each.can_move and each not in kept]
    return movers or [each for each in kept if each.can_move]
