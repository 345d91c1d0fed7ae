"""Compares the answers of two sides, and describes what differs without showing secrets."""

import json
from collections.abc import Collection
from typing import Any

from berth.comparison.answers import Documents
from berth.comparison.difference import ABSENT, NO_RULES, Comparison, Differ, Difference, Rules
from berth.comparison.known import label_known
from berth.comparison.masks import Ids, Reader, Side, Window
from berth.comparison.paths import Path
from berth.comparison.redaction import Redactor
from berth.errors import printable
from berth.model.value_class import value_class

_LONGEST = 160  # characters of a value that are shown
_BEFORE = 20  # of them, in front of the first that differs


@value_class
class Comparer:
    """Compares by the rules of one comparison. One of the sides is AWS's, or is taken for it."""

    left: Side
    right: Side
    window: Window
    rules: Rules = NO_RULES
    is_aws_left: bool = True

    def compare(self, documents: Documents, given: Any = None, noise: Collection[Path] = ()) -> Comparison:
        """Compare two documents.

        `given` is what both sides were asked: an id in it stands for itself. `noise` are paths that differ
        between two runs of one side.
        """
        left, right = Reader(self.left, self.window), Reader(self.right, self.window)
        differ = Differ(left, right, self.rules, noise, Ids(left.ids(given)))
        found = differ.compare(documents.left, documents.right, documents.rules)
        return label_known(found, is_aws_left=self.is_aws_left)


def describe_difference(difference: Difference, redactor: Redactor) -> dict[str, Any]:
    """A difference as people and files get it: its path, and both values as short texts without secrets."""
    values = (difference.left, difference.right)
    left, right = (
        repr(each) if each is ABSENT else _text(redactor.at(difference.path, each)) for each in values
    )
    if min(len(left), len(right)) > _LONGEST:
        left, right = _around_first_difference(left, right)
    described = {"path": difference.place, "left": _cut(left), "right": _cut(right)}
    return described | ({"known": difference.known} if difference.known else {})


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=repr)


def _cut(text: str) -> str:
    return printable(text, _LONGEST)


def _around_first_difference(left: str, right: str) -> tuple[str, str]:
    """Two long texts from a little before the first place where they differ."""
    first = next((at for at, pair in enumerate(zip(left, right, strict=False)) if pair[0] != pair[1]), 0)
    begin = max(0, first - _BEFORE)
    return (left, right) if not begin else (f"...{left[begin:]}", f"...{right[begin:]}")
