"""Regular expressions that authors write, searched for in time that grows only with the text.

Python's own `re` tries one way after another and may take for ever, while no other thread can run. Here an
expression becomes an automaton, which follows all ways at once. The automaton answers one question, whether a
text holds a match, and for that question the syntax means what it means in `re`.
"""

import re
from re import _compiler, _parser  # type: ignore[attr-defined]
from typing import Any

from berth.model import automaton as automata

_MOST_NODES = 20_000
# What `re` itself may be asked: plain expressions, and texts of this length.
_MOST_PLAIN = 64  # characters of an expression
_LONGEST_FOR_RE = 16_384
_CHARACTERS = ("LITERAL", "NOT_LITERAL", "ANY", "IN")
_REPEATS = ("MAX_REPEAT", "MIN_REPEAT")

_REFUSED = {
    "GROUPREF": "a back-reference such as \\1: write out what it repeats",
    "GROUPREF_EXISTS": "a condition (?(1)...): write the two forms as alternatives with |",
    "ATOMIC_GROUP": "an atomic group (?>...): write (?:...), which is as fast here",
    "POSSESSIVE_REPEAT": "a possessive repeat such as *+: write it without the +, which is as fast here",
}
# What is true at the first position alone, and at the last two alone.
_AT_THE_EDGES = ("AT_BEGINNING_STRING", "AT_END_STRING")
_AT_LINES = ("AT_BEGINNING", "AT_END")


class ExpressionRefused(ValueError):
    """Raised for an expression that cannot be used; the error's text tells its author why."""


class Expression:
    """One expression; raises ExpressionRefused for a text that is none, or that no automaton can follow."""

    def __init__(self, text: str) -> None:
        try:
            self._pattern, parsed = re.compile(text), _parser.parse(text)
            self._is_plain = _is_plain(list(parsed), parsed.state.flags)
            self._automaton = _Builder().build(parsed, parsed.state.flags)
        except (re.error, OverflowError, RecursionError) as wrong:
            raise ExpressionRefused(f"is no regular expression: {wrong}") from wrong

    def is_in(self, text: str, work: automata.Work | None = None) -> bool:
        """Whether some part of a text matches; raises ExpressionTooCostly if that takes too much work."""
        work = work or automata.Work()
        work.add(len(text) // 8)
        if self._is_plain and len(text) <= _LONGEST_FOR_RE:
            return self._pattern.search(text) is not None
        return self._automaton.is_in(text, work)


class _Builder:
    """Makes an automaton from the parts that the parser of `re` has found."""

    def __init__(self, is_backwards: bool = False) -> None:
        self._is_backwards = is_backwards
        self._nodes: list[automata.Node] = [("match",)]
        self._numbers: dict[str, int] = {}
        self._characters: list[re.Pattern[str]] = []
        self._checks: list[automata.Check] = []
        self._known_checks: dict[str, int] = {}
        self._built = 0

    def build(self, parts: Any, flags: int) -> automata.Automaton:
        """The automaton of some parts."""
        first = self._sequence(parts, flags, 0)
        return automata.Automaton(self._nodes, first, self._characters, self._checks, self._is_backwards)

    def _add(self, node: automata.Node) -> int:
        self._spend()
        self._nodes.append(node)
        return len(self._nodes) - 1

    def _spend(self) -> None:
        self._built += 1
        if self._built > _MOST_NODES:
            raise ExpressionRefused("repeats so often that it is too large: write a smaller {n,m}, or + or *")

    def _sequence(self, items: Any, flags: int, following: int) -> int:
        """Add the nodes of a sequence in front of a node; the number of the first."""
        for item in items if self._is_backwards else reversed(list(items)):
            following = self._item(item, flags, following)
        return following

    def _item(self, item: tuple[Any, Any], flags: int, following: int) -> int:
        self._spend()
        kind, value = str(item[0]), item[1]
        if kind in _REFUSED:
            raise ExpressionRefused(f"holds {_REFUSED[kind]}")
        if kind in _REPEATS:
            least, most, body = value
            return self._repeat((int(least), int(most)), body, flags, following)
        if kind == "SUBPATTERN":
            return self._sequence(value[3], _combined(flags, value[1], value[2]), following)
        if kind == "BRANCH":
            return self._add(("choice", [self._sequence(each, flags, following) for each in value[1]]))
        if kind in {"ASSERT", "ASSERT_NOT", "AT", "FAILURE"}:
            return self._add(("check", self._check(item, flags), following))
        return self._add(("character", self._character(item, flags), following))

    def _repeat(self, times: tuple[int, int], body: Any, flags: int, following: int) -> int:
        rest, (least, most) = following, times
        if most == _parser.MAXREPEAT:
            rest = self._add(("choice", []))
            self._nodes[rest][1].extend((self._sequence(body, flags, rest), following))
        else:
            for _ in range(most - least):
                self._spend()
                rest = self._add(("choice", [self._sequence(body, flags, rest), following]))
        for _ in range(least):
            self._spend()
            rest = self._sequence(body, flags, rest)
        return rest

    def _character(self, item: tuple[Any, Any], flags: int) -> int:
        """The number of a character or set of characters; equal ones have one number."""
        number = self._numbers.setdefault(f"{flags} {item}", len(self._characters))
        if number == len(self._characters):
            self._characters.append(_compiled(item, flags))
        return number

    def _check(self, item: tuple[Any, Any], flags: int) -> int:
        number = self._known_checks.setdefault(f"{flags} {item}", len(self._checks))
        if number == len(self._checks):
            self._checks.append(_check(item, flags))
        return number


def _is_plain(items: list[tuple[Any, Any]], flags: int) -> bool:
    """Whether `re` itself cannot be slow: few single characters, and one repeat at most, behind a `^`."""
    kinds = [str(kind) for kind, _ in items]
    repeats = [value for (_, value), kind in zip(items, kinds, strict=True) if kind in _REPEATS]
    is_flat = all(len(body) == 1 and str(body[0][0]) in _CHARACTERS for *_, body in repeats)
    is_known = set(kinds) <= {*_CHARACTERS, *_REPEATS, "AT"} and not flags & re.MULTILINE
    is_anchored = kinds[:1] == ["AT"] and str(items[0][1]).startswith("AT_BEGINNING")
    is_short = len(items) + sum(least for least, *_ in repeats) <= _MOST_PLAIN
    return is_known and is_flat and is_short and (not repeats or (is_anchored and len(repeats) == 1))


def _check(item: tuple[Any, Any], flags: int) -> automata.Check:
    kind, value = str(item[0]), item[1]
    if kind == "FAILURE":
        return automata.EdgeCheck(re.compile("(?!)"))
    if kind == "AT":
        is_of_text = str(value) in _AT_THE_EDGES or (str(value) in _AT_LINES and not flags & re.MULTILINE)
        return (automata.EdgeCheck if is_of_text else automata.PatternCheck)(_compiled(item, flags))
    direction, inner = value
    return automata.AroundCheck(
        _Builder(is_backwards=direction > 0).build(inner, flags), kind == "ASSERT_NOT"
    )


def _compiled(item: tuple[Any, Any], flags: int) -> re.Pattern[str]:
    """The pattern of one parsed character or position."""
    state = _parser.State()
    state.flags = flags
    pattern: re.Pattern[str] = _compiler.compile(_parser.SubPattern(state, [item]), flags)
    return pattern


def _combined(flags: int, added: int, removed: int) -> int:
    """The flags inside a group such as (?i:...)."""
    if added & _parser.TYPE_FLAGS:
        flags &= ~_parser.TYPE_FLAGS
    return (flags | added) & ~removed
