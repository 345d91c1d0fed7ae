"""The figures of a comparison, and their ratios to the article's server in the same round."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any


@dataclass(frozen=True)
class Round:
    """What one server did in one round."""

    requests: int
    seconds: float
    p50_ms: float
    p99_ms: float
    cpu_us: float  # of all processes of the server, for each request

    @property
    def rate(self) -> float:
        """Requests per second."""
        return self.requests / self.seconds


@dataclass(frozen=True)
class Start:
    """How one server started, in milliseconds."""

    first_answer_ms: float
    cold_ms: float


@dataclass(frozen=True)
class Spread:
    """The median of several values, and the least and the greatest."""

    middle: float
    least: float
    greatest: float

    def __str__(self) -> str:
        return f"{self.middle:.2f} ({self.least:.2f}..{self.greatest:.2f})"


@dataclass
class Results:
    """What one server did in one comparison."""

    title: str
    starts: list[Start] = field(default_factory=list)
    rounds: list[Round] = field(default_factory=list)
    memory_mb: float = 0.0


@dataclass(frozen=True)
class Comparison:
    """All servers of one workload, with one number of connections, in one placement."""

    workload: str
    title: str
    connections: int
    placement: str
    reference: str
    servers: Sequence[str]  # all that were asked for; who has no results could not do it
    results: Mapping[str, Results]

    def ratios(self, name: str, figure: Callable[[Round], float]) -> Spread | None:
        """One server's figure to the reference's of the same round; None if there is no reference."""
        reference = self.results.get(self.reference)
        if reference is None:
            return None
        return spread_of_ratios(
            [figure(each) for each in self.results[name].rounds],
            [figure(each) for each in reference.rounds],
        )

    def document(self) -> dict[str, Any]:
        """All figures, for JSON."""
        servers = {name: asdict(each) for name, each in self.results.items()}
        heading = {"workload": self.workload, "connections": self.connections, "placement": self.placement}
        return heading | {"servers": servers}


def spread(values: Sequence[float]) -> Spread:
    """The spread of values, of which there is one at least."""
    return Spread(median(values), min(values), max(values))


def spread_of_ratios(ours: Sequence[float], theirs: Sequence[float]) -> Spread | None:
    """The spread of the rounds' ratios; None if a server was left out before the first round ended."""
    ratios = [mine / other for mine, other in zip(ours, theirs, strict=False) if other]
    return spread(ratios) if ratios else None


def cpu_us(each: Round) -> float:
    """The figure that counts most."""
    return each.cpu_us


def rate(each: Round) -> float:
    """Requests per second."""
    return each.rate


def p99_ms(each: Round) -> float:
    """The latency that one request in a hundred exceeds."""
    return each.p99_ms
