"""The differences between AWS and Berth that docs/differences.md documents, by the ids they have there."""

import json
import re
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from berth.comparison.difference import ABSENT, Comparison, Difference
from berth.model.value_class import value_class

_FILE = Path(__file__).with_name("known_differences.json")


@value_class
class KnownDifference:
    """A row of docs/differences.md, and how it looks: its path, and what AWS and Berth have there.

    One that covers its answer explains every difference of the two answers.
    """

    id: str
    path: re.Pattern[str]
    aws: re.Pattern[str]
    berth: re.Pattern[str]
    covers_answer: bool

    def is_seen_in(self, difference: Difference, aws: Any, berth: Any) -> bool:
        """Whether a difference is this one."""
        texts = ((self.path, difference.place), (self.aws, _text(aws)), (self.berth, _text(berth)))
        return all(pattern.fullmatch(text) for pattern, text in texts)


@cache
def known_differences() -> tuple[KnownDifference, ...]:
    """All differences that can be told from answers."""
    return tuple(
        KnownDifference(
            id=entry["id"],
            covers_answer=entry.get("coversAnswer", False),
            **{key: _pattern(entry.get(key, ".*")) for key in ("path", "aws", "berth")},
        )
        for entry in json.loads(_FILE.read_text("utf-8"))
    )


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text, re.DOTALL | re.IGNORECASE)


def label_known(comparison: Comparison, *, is_aws_left: bool) -> Comparison:
    """Give each difference that is documented the id of its row."""
    labels = [_find(each, is_aws_left) for each in comparison.differences]
    covering = next((each.id for each in labels if each is not None and each.covers_answer), None)
    labelled = [
        replace(each, known=covering or (label.id if label else None))
        for each, label in zip(comparison.differences, labels, strict=True)
    ]
    return replace(comparison, differences=tuple(labelled))


def _find(difference: Difference, is_aws_left: bool) -> KnownDifference | None:
    aws, berth = (difference.left, difference.right) if is_aws_left else (difference.right, difference.left)
    return next((each for each in known_differences() if each.is_seen_in(difference, aws, berth)), None)


def _text(value: Any) -> str:
    if value is ABSENT:
        return repr(value)
    return value if isinstance(value, str) else json.dumps(value)
