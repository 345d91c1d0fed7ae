"""The differences of two documents by path, once what is another value in every run is masked."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field, replace
from itertools import zip_longest
from typing import Any

from berth.comparison.masks import Ids, Reader, match_parts, skeleton
from berth.comparison.paths import Path, Pattern, write_path
from berth.model.value_class import value_class


class Absent:
    """The type of ABSENT, which stands where one side has nothing."""

    def __repr__(self) -> str:
        return "(absent)"


ABSENT = Absent()
_TOO_DEEP = "nested too deeply to be compared"


@value_class
class Difference:
    """Two values at one path; `known` is the id of the documented difference that it is."""

    path: Path
    left: Any
    right: Any
    known: str | None = None

    @property
    def place(self) -> str:
        """The path as text."""
        return write_path(self.path)


@value_class
class Rules:
    """What the author of a comparison says about paths: what to leave out, and which arrays have no order."""

    ignore: tuple[Pattern, ...] = ()
    unordered: tuple[Pattern, ...] = ()


NO_RULES = Rules()


@value_class
class Comparison:
    """What came of comparing two answers: the differences, and the rules by which other things were equal.

    `noise` are the paths that differ between two runs of one side, and so are not compared.
    """

    differences: tuple[Difference, ...] = ()
    rules: tuple[str, ...] = ()
    noise: tuple[str, ...] = ()

    @property
    def verdict(self) -> str:
        """In words: equal, equal after normalisation, different in known ways alone, or different."""
        if self.differences:
            is_known = all(each.known for each in self.differences)
            return "different, as documented" if is_known else "different"
        return "equal after normalisation" if self.rules or self.noise else "equal"


@dataclass
class Differ:
    """Compares documents of a left and a right side; `noise` are paths that are passed over."""

    left: Reader
    right: Reader
    rules: Rules = NO_RULES
    noise: Collection[Path] = ()
    ids: Ids = field(default_factory=Ids)

    def compare(self, left: Any, right: Any, used: Collection[str] = ()) -> Comparison:
        """Compare two documents; `used` are rules that have made them alike before."""
        found = _Findings(dict.fromkeys(used))
        try:
            if _is_same(left, right):
                return Comparison(rules=tuple(found.rules))
            # An id that both sides have stands for itself.
            for rule, text in set(self.left.ids(left)) & set(self.right.ids(right)):
                self.ids.pair(rule, text, text)
            self._walk(left, right, (), found)
        except RecursionError:
            found.differences.append(Difference((), _TOO_DEEP, _TOO_DEEP))
        return Comparison(tuple(found.differences), tuple(found.rules), tuple(dict.fromkeys(found.noise)))

    def _walk(self, left: Any, right: Any, path: Path, found: "_Findings") -> None:
        if self._is_passed_over(left, right, path, found):
            return
        if isinstance(left, dict) and isinstance(right, dict):
            self._walk_objects(left, right, path, found)
        elif isinstance(left, list) and isinstance(right, list):
            self._walk_arrays(left, right, path, found)
        else:
            rules = self._match(left, right)
            if rules is None:
                found.differences.append(Difference(path, left, right))
            else:
                found.rules |= dict.fromkeys(rules)

    def _is_passed_over(self, left: Any, right: Any, path: Path, found: "_Findings") -> bool:
        if path in self.noise:
            found.noise.append(write_path(path))
            return True
        ignored = next((each for each in self.rules.ignore if each.matches(path)), None)
        if ignored is not None and not _is_same(left, right):
            found.rules[f"ignore {ignored.text}"] = None
        return ignored is not None

    def _walk_objects(
        self, left: dict[str, Any], right: dict[str, Any], path: Path, found: "_Findings"
    ) -> None:
        names = self._aligned_names(left, right, found)
        for name in sorted(left.keys() | right.keys() - set(names.values())):
            other = names.get(name, name)
            self._walk(left.get(name, ABSENT), right.get(other, ABSENT), (*path, name), found)

    def _aligned_names(
        self, left: dict[str, Any], right: dict[str, Any], found: "_Findings"
    ) -> dict[str, str]:
        """The names of the right side for names of the left one that are ids, dates or the like."""
        rest: dict[tuple[object, ...], list[str]] = {}
        for other in (name for name in right if name not in left):
            rest.setdefault(skeleton(self.right.parts(other)), []).append(other)
        names: dict[str, str] = {}
        for name in (name for name in left if name not in right):
            like = rest.get(skeleton(self.left.parts(name)), [])
            for other in like:
                if (rules := self._match(name, other)) is not None:
                    found.rules |= dict.fromkeys(rules)
                    names[name] = other
                    like.remove(other)
                    break
        return names

    def _walk_arrays(self, left: list[Any], right: list[Any], path: Path, found: "_Findings") -> None:
        unordered = next((each for each in self.rules.unordered if each.matches(path)), None)
        if unordered is not None:
            ordered = self._ordered_like(left, right)
            if not _is_same(ordered, right):
                found.rules[f"unordered {unordered.text}"] = None
            right = ordered
        for index, (one, other) in enumerate(zip_longest(left, right, fillvalue=ABSENT)):
            self._walk(one, other, (*path, index), found)

    def _ordered_like(self, left: list[Any], right: list[Any]) -> list[Any]:
        """The right items in the order of the left ones that they are equal to; the others fill the gaps."""
        rest, placed = list(right), list(left)
        for is_equal in (_is_same, self._would_be_equal):  # the first is quick
            for index, item in enumerate(left):
                if placed[index] is item and (at := _find(rest, item, is_equal)) is not None:
                    placed[index] = _Placed(rest.pop(at))
        filled = [
            each.item if isinstance(each, _Placed) else rest.pop(0) if rest else ABSENT for each in placed
        ]
        return [*filled, *rest]

    def _would_be_equal(self, left: Any, right: Any) -> bool:
        trial = replace(self, ids=self.ids.copy(), noise=())
        return not trial.compare(left, right).differences

    def _match(self, left: Any, right: Any) -> list[str] | None:
        """The rules by which two values are equal; None if they are not."""
        if isinstance(left, str) and isinstance(right, str):
            rules = match_parts(self.left.parts(left), self.right.parts(right), self.ids)
            return [] if left == right and rules is not None else rules
        if type(left) is not type(right):
            return None
        if left == right:
            return []
        if isinstance(left, int | float) and not isinstance(left, bool):
            token = self.left.number(left)
            return [token.rule] if token is not None and token == self.right.number(right) else None
        return None


@dataclass
class _Findings:
    """What a comparison has found so far; the rules keep the order in which they came."""

    rules: dict[str, None]
    differences: list[Difference] = field(default_factory=list)
    noise: list[str] = field(default_factory=list)


@value_class
class _Placed:
    """An item that has its place."""

    item: Any


def _find(items: list[Any], wanted: Any, is_equal: Callable[[Any, Any], bool]) -> int | None:
    return next((index for index, each in enumerate(items) if is_equal(wanted, each)), None)


def _is_same(left: Any, right: Any) -> bool:
    """Whether two values are equal to the letter: 1, 1.0 and true are three values."""
    return bool(left == right) and repr(left) == repr(right)


def paths_of(comparisons: Collection[Comparison]) -> Iterator[Path]:
    """The paths at which some comparison found a difference; of a missing item that of the whole array."""
    for comparison in comparisons:
        for each in comparison.differences:
            is_item = bool(each.path) and isinstance(each.path[-1], int)
            lacks_it = isinstance(each.left, Absent) or isinstance(each.right, Absent)
            yield each.path[:-1] if is_item and lacks_it else each.path
