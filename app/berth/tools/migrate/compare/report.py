"""The report of a comparison, for people and as JSON. Nothing in it is a secret."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from berth.comparison.comparer import describe_difference
from berth.comparison.redaction import Redactor
from berth.errors import printable
from berth.tools.migrate.compare.figures import Figures, write_ratios
from berth.tools.migrate.compare.run import NOT_COMPARABLE, Outcome

_MOST_SHOWN = 20  # differences of one sample
_LONGEST = 300  # characters of a line
_VERDICTS = (
    "equal",
    "equal after normalisation",
    "different, as documented",
    "different",
    NOT_COMPARABLE,
)
EQUAL, COULD_NOT_RUN, DIFFERENT = 0, 1, 3


@dataclass
class Report:
    """What a comparison has found so far."""

    left: str
    right: str
    redactor: Redactor
    skipped: Mapping[str, int] = field(default_factory=dict)
    routes: tuple[str, ...] = ()  # those that could be touched, as route keys
    outcomes: list[Outcome] = field(default_factory=list)
    touched: set[str] = field(default_factory=set)
    is_stopped: bool = False

    @property
    def exit_code(self) -> int:
        """0 if everything was equal but for documented differences, 3 if not, 1 if something did not run."""
        counts = self._counts()
        if counts["different"]:
            return DIFFERENT
        return EQUAL if self.outcomes and not counts[NOT_COMPARABLE] else COULD_NOT_RUN

    def lines_of(self, outcome: Outcome) -> Iterator[str]:
        """One sample: its verdict, by which rules it is equal, and what differs."""
        sample, comparison = outcome.sample, outcome.comparison
        yield printable(
            f"{outcome.verdict}: {sample.place} {sample.method} {sample.target}".rstrip(), _LONGEST
        )
        if comparison is None:
            yield printable(f"  {outcome.reason}", _LONGEST)
            return
        if comparison.rules:
            yield f"  by: {', '.join(comparison.rules)}"
        if comparison.noise:
            yield f"  differs between two runs of one side: {', '.join(comparison.noise)}"
        for each in comparison.differences[:_MOST_SHOWN]:
            shown = describe_difference(each, self.redactor)
            known = f"  (known: {shown['known']})" if "known" in shown else ""
            yield f"  {shown['path'] or 'all'}: {shown['left']} -> {shown['right']}{known}"
        if len(comparison.differences) > _MOST_SHOWN:
            yield f"  and {len(comparison.differences) - _MOST_SHOWN} more"

    def summary(self) -> Iterator[str]:
        """The numbers at the end."""
        counts = self._counts()
        parts = [f"{counts[verdict]} {verdict}" for verdict in _VERDICTS if counts[verdict]]
        yield f"{len(self.outcomes)} compared, {self.left} -> {self.right}: {', '.join(parts) or 'none'}"
        if self.is_stopped:
            yield "stopped: ten in a row got no answer"
        for reason, count in self.skipped.items():
            yield printable(f"skipped {count}: {reason}", _LONGEST)
        known = sorted({each.known for each in self._differences() if each.known})
        if known:
            yield f"documented in docs/differences.md: {', '.join(known)}"
        if self.routes:
            untouched = [route for route in self.routes if route not in self.touched]
            rest = f"; not: {', '.join(untouched)}" if untouched else ""
            yield f"routes touched: {len(self.routes) - len(untouched)} of {len(self.routes)}{rest}"
        yield f"differences that are not documented: {sum(not each.known for each in self._differences())}"
        yield from write_ratios(self._figures(), self.left, self.right)

    def as_json(self) -> str:
        """The same as one JSON object."""
        document = {
            "left": self.left,
            "right": self.right,
            "counts": dict(self._counts()),
            "skipped": dict(self.skipped),
            "stopped": self.is_stopped,
            "routes": {route: route in self.touched for route in self.routes},
            "events": [self._as_object(outcome) for outcome in self.outcomes],
            "ratios": write_ratios(self._figures(), self.left, self.right),
        }
        return json.dumps(document, indent=2, ensure_ascii=False)

    def _as_object(self, outcome: Outcome) -> dict[str, Any]:
        sample, comparison = outcome.sample, outcome.comparison
        told: dict[str, Any] = {
            "place": sample.place,
            "method": sample.method,
            "target": sample.target,
            "verdict": outcome.verdict,
        }
        if comparison is None:
            return {**told, "reason": outcome.reason}
        differences = [describe_difference(each, self.redactor) for each in comparison.differences]
        return {
            **told,
            "rules": list(comparison.rules),
            "noise": list(comparison.noise),
            "differences": differences,
        }

    def _counts(self) -> Counter[str]:
        return Counter(outcome.verdict for outcome in self.outcomes)

    def _figures(self) -> list[tuple[Figures, Figures]]:
        return [outcome.figures for outcome in self.outcomes if outcome.figures]

    def _differences(self) -> Iterator[Any]:
        for outcome in self.outcomes:
            yield from outcome.comparison.differences if outcome.comparison else ()
