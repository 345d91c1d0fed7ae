"""Automata: what a regular expression becomes, so that a search takes all its ways at once.

A state of an automaton is the set of nodes that a text has led to. The states that follow are kept, so most
characters of most texts cost one look-up.
"""

import re
from collections.abc import Sequence
from typing import Any, Protocol

_MOST_WORK = 3_000_000  # that one search may do: about a second
_MOST_KEPT = 50_000  # steps that are kept for later searches

# ("character", its number, the next node), ("choice", the next nodes), ("check", its number, the next node),
# or ("match",).
Node = tuple[Any, ...]


class ExpressionTooCostly(ValueError):
    """Raised when a text makes a search, or all checks of one document, too much work."""


class Work:
    """How much one search has done."""

    def __init__(self) -> None:
        self._done = 0

    def add(self, amount: int) -> None:
        """Count some more; raises ExpressionTooCostly when it is too much."""
        self._done += amount
        if self._done > _MOST_WORK:
            raise ExpressionTooCostly("the search takes too much work")


class _Found(Exception):
    """Ends a search: the text so far holds a match."""


class _Row(dict[Any, "_Row"]):
    """A state of an automaton: the nodes it is at, and the states that follow."""

    def __init__(self, nodes: frozenset[int]) -> None:
        super().__init__()
        self.nodes = nodes
        self.closures: dict[int, tuple[bool, tuple[int, ...]]] = {}


class Check(Protocol):
    """Something that is true at some positions of a text, whatever has been matched before."""

    is_at_the_edges: bool  # whether it holds at most at the first position and the last two

    def holds(self, text: str, index: int) -> bool:
        """Whether the check holds at a position."""
        ...

    def marks(self, text: str, work: Work) -> bytearray:
        """Whether it holds, for every position."""
        ...


class Automaton:
    """The nodes of an expression, from the first to the match.

    `is_backwards` is for the automaton of a reversed expression, which reads a text from its end.
    """

    def __init__(
        self,
        nodes: Sequence[Node],
        first: int,
        characters: Sequence[re.Pattern[str]],
        checks: Sequence["Check"],
        is_backwards: bool = False,
    ) -> None:
        self._nodes, self._first = nodes, first
        self._characters, self._checks = characters, checks
        self._is_backwards = is_backwards
        self._forget()

    def is_in(self, text: str, work: Work) -> bool:
        """Whether some part of a text matches."""
        last, row = len(text) - 1, self._start
        masks = self._masks(text, work)
        try:
            for index, character in enumerate(text[:1]):
                row = self._step(row, masks[index], character, work)
            if masks.has_middle:
                for index in range(1, last):
                    row = self._step(row, masks[index], text[index], work)
            else:
                row = self._run(row, text[1:-1], work)
            if last > 0:
                row = self._step(row, masks[last], text[last], work)
        except _Found:
            return True
        return self._closure(row, masks[last + 1], work)[0]

    def marks(self, text: str, work: Work) -> bytearray:
        """For every position of a text: whether a match ends there, or begins there if read backwards."""
        masks, found, row = self._masks(text, work), bytearray(len(text) + 1), self._start
        order = range(len(text), -1, -1) if self._is_backwards else range(len(text) + 1)
        for index in order:
            mask = masks[index]
            found[index] = self._closure(row, mask, work)[0]
            if index != order[-1]:
                row = self._follow(row, mask, text[index - 1 if self._is_backwards else index], work)
        return found

    def _run(self, row: _Row, text: str, work: Work) -> _Row:
        """Go through a part of a text at whose positions no check holds."""
        for character in text:
            try:
                row = row[character]
            except KeyError:
                row = self._step(row, 0, character, work)
        return row

    def _step(self, row: _Row, mask: int, character: str, work: Work) -> _Row:
        if self._closure(row, mask, work)[0]:
            raise _Found
        return self._follow(row, mask, character, work)

    def _follow(self, row: _Row, mask: int, character: str, work: Work) -> _Row:
        """The state behind a character, whether or not a match has been found before it."""
        key = (mask, character) if mask else character
        following = row.get(key)
        if following is None:
            waiting = self._closure(row, mask, work)[1]
            work.add(len(waiting) + 1)
            taken = self._taken(character)
            nodes = frozenset(self._nodes[each][2] for each in waiting if taken >> self._nodes[each][1] & 1)
            following = self._rows.get(nodes) or self._rows.setdefault(nodes, _Row(nodes))
            self._keep(row, key, following)
        return following

    def _keep(self, row: _Row, key: Any, following: _Row) -> None:
        if self._kept > _MOST_KEPT:
            self._forget()
        elif not self._closure_finds(row, key):
            row[key] = following
            self._kept += 1 + len(following.nodes)

    def _closure_finds(self, row: _Row, key: Any) -> bool:
        """Whether a search ends at this state: the step from there is not kept, for _run would take it."""
        return row.closures[key[0] if isinstance(key, tuple) else 0][0]

    def _closure(self, row: _Row, mask: int, work: Work) -> tuple[bool, tuple[int, ...]]:
        """Whether a match ends at a position, and the characters that may follow; `mask` has its checks."""
        known = row.closures.get(mask)
        if known is not None:
            return known
        seen, waiting, ends, open_nodes = set[int](), [], False, [self._first, *row.nodes]
        while open_nodes:
            number = open_nodes.pop()
            if number in seen:
                continue
            seen.add(number)
            node = self._nodes[number]
            if node[0] == "choice":
                open_nodes += node[1]
            elif node[0] == "check":
                open_nodes += [node[2]] if mask >> node[1] & 1 else []
            elif node[0] == "character":
                waiting.append(number)
            else:
                ends = True
        work.add(len(seen))
        row.closures[mask] = ends, tuple(waiting)
        self._kept += len(waiting)
        return row.closures[mask]

    def _taken(self, character: str) -> int:
        """Which of the characters of the expression a character is, as bits."""
        taken = self._signatures.get(character)
        if taken is None:
            taken = sum(1 << bit for bit, each in enumerate(self._characters) if each.fullmatch(character))
            self._signatures[character] = taken
            self._kept += 1
        return taken

    def _forget(self) -> None:
        """Begin to keep steps anew: what is kept has a limit."""
        self._start = _Row(frozenset())
        self._rows: dict[frozenset[int], _Row] = {self._start.nodes: self._start}
        self._signatures: dict[str, int] = {}
        self._kept = 0

    def _masks(self, text: str, work: Work) -> "_Masks":
        return _Masks(self._checks, text, work)


class PatternCheck:
    """Something that is true at some positions of a text, whatever has been matched before."""

    is_at_the_edges = False

    def __init__(self, pattern: re.Pattern[str]) -> None:
        self._pattern = pattern

    def holds(self, text: str, index: int) -> bool:
        return self._pattern.match(text, index) is not None

    def marks(self, text: str, work: Work) -> bytearray:
        work.add(len(text))
        return bytearray(self.holds(text, index) for index in range(len(text) + 1))


class EdgeCheck(PatternCheck):
    """A check that holds at most at the first position and the last two: `^` and `$` of a text."""

    is_at_the_edges = True


class AroundCheck:
    """A look ahead or behind: an automaton of its own finds the positions."""

    is_at_the_edges = False

    def __init__(self, automaton: Automaton, is_negated: bool) -> None:
        self._automaton, self._is_negated = automaton, is_negated

    def holds(self, text: str, index: int) -> bool:
        return bool(self.marks(text, Work())[index])

    def marks(self, text: str, work: Work) -> bytearray:
        work.add(len(text))
        found = self._automaton.marks(text, work)
        return bytearray(not each for each in found) if self._is_negated else found


class _Masks:
    """For every position of a text the checks that hold there, as bits."""

    def __init__(self, checks: Sequence[Check], text: str, work: Work) -> None:
        self._checks, self._text = checks, text
        self.has_middle = not all(check.is_at_the_edges for check in checks)
        self._marks = [check.marks(text, work) for check in checks] if self.has_middle else []

    def __getitem__(self, index: int) -> int:
        if self.has_middle:
            return sum(1 << bit for bit, marks in enumerate(self._marks) if marks[index])
        if 0 < index < len(self._text) - 1:
            return 0
        return sum(1 << bit for bit, check in enumerate(self._checks) if check.holds(self._text, index))
