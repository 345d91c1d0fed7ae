"""Runs a comparison: one sample after the other, one side at a time, no faster than allowed."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Generic, TypeVar

from berth.comparison.answers import Documents
from berth.comparison.comparer import Comparer
from berth.comparison.difference import Comparison, paths_of
from berth.comparison.exchange import NotAnswered
from berth.comparison.masks import Side, Window
from berth.tools.migrate.compare.figures import Figures
from berth.tools.migrate.compare.inputs.samples import Sample
from berth.tools.migrate.compare.safety import RUN_TWICE
from berth.tools.migrate.compare.sides import Answer, AskedSide, Content

Asked = TypeVar("Asked")

NOT_COMPARABLE = "not comparable"
SLACK = 300.0  # seconds that clocks may differ
_MOST_FAILURES = 10


@dataclass(frozen=True)
class Outcome:
    """What came of one sample; `reason` says why it could not be compared."""

    sample: Sample
    comparison: Comparison | None = None
    reason: str = ""
    figures: tuple[Figures, Figures] | None = None

    @property
    def verdict(self) -> str:
        """In words: that of the comparison, or that there was none."""
        return self.comparison.verdict if self.comparison else NOT_COMPARABLE


class Pace:
    """Lets so many questions a second go to each side that is not on this machine."""

    def __init__(self, a_second: float, clock: Callable[[], float], sleep: Callable[[float], None]) -> None:
        self._interval = 1 / a_second
        self._clock = clock
        self._sleep = sleep
        self._next: dict[str, float] = {}

    def await_turn(self, name: str) -> None:
        """Wait until a side may be asked."""
        now = self._clock()
        turn = max(now, self._next.get(name, now))
        if turn > now:
            self._sleep(turn - now)
        self._next[name] = turn + self._interval


@dataclass
class Run(Generic[Asked, Content]):
    """One comparison. `left` is AWS's side; the right one, Berth's, is asked first.

    `documents` makes two answers comparable. `repeats` says that every sample may be run twice.
    """

    left: AskedSide[Asked, Content]
    right: AskedSide[Asked, Content]
    comparer: Comparer
    documents: Callable[[Content, Content], Documents]
    pace: Pace
    now: Callable[[], float]  # seconds since 1970
    repeats: bool = False
    is_stopped: bool = field(default=False, init=False)
    _failures: int = field(default=0, init=False)

    def compare_all(self, samples: Iterable[tuple[Sample, Asked]]) -> Iterator[Outcome]:
        """Compare every sample, until ten in a row got no answer."""
        for sample, asked in samples:
            try:
                outcome = self._compare(sample, asked)
                self._failures = 0
            except NotAnswered as reason:
                outcome = Outcome(sample, reason=str(reason))
                self._failures += 1
            yield outcome
            if self._failures >= _MOST_FAILURES:
                self.is_stopped = True
                return

    def _compare(self, sample: Sample, asked: Asked) -> Outcome:
        times = 2 if self.repeats or sample.method in RUN_TWICE else 1
        # Berth is first: what fails there has changed nothing elsewhere.
        rights = [self._ask(self.right, asked) for _ in range(times)]
        lefts = [self._ask(self.left, asked) for _ in range(times)]
        given = _given(sample)
        noise = {
            path
            for answers, side in ((lefts, self.comparer.left), (rights, self.comparer.right))
            for path in paths_of(self._differ_among(answers, side, given))
        }
        documents = self.documents(lefts[0].content, rights[0].content)
        comparison = self._comparer().compare(documents, given, noise)
        return Outcome(sample, comparison, figures=(_figures(lefts), _figures(rights)))

    def _comparer(self) -> Comparer:
        """The comparer of this moment: the run's window has grown."""
        window = Window(self.comparer.window.begin, self.now() + SLACK)
        return replace(self.comparer, window=window)

    def _differ_among(self, answers: list[Answer[Content]], side: Side, given: Any) -> list[Comparison]:
        """What differs between two answers of one side."""
        if len(answers) < 2:
            return []
        comparer = replace(self._comparer(), left=side, right=side)
        return [comparer.compare(self.documents(answers[0].content, answers[1].content), given)]

    def _ask(self, side: AskedSide[Asked, Content], asked: Asked) -> Answer[Content]:
        if side.is_remote:
            self.pace.await_turn(side.name)
        return side.ask(asked)


def _figures(answers: list[Answer[Content]]) -> Figures:
    """The figures of the last answer, when the function was warm, and whether it was cold before."""
    return replace(answers[-1].figures, is_cold=any(each.figures.is_cold for each in answers))


def _given(sample: Sample) -> Any:
    """What both sides were asked, as a document."""
    request = sample.request
    if request is None:
        return sample.event
    body = request.body.decode("utf-8", "replace")
    return {"target": request.target, "headers": [value for _, value in request.headers], "body": body}
