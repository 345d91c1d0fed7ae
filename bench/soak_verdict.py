"""What a fault run excuses, and what it holds against the server."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import median

from bench.soak_server import Vitals

_SLACK_SECONDS = 2.0  # between the signal and the death of a process on a busy machine
_ZOMBIE_SECONDS = 5.0
_YOUNG_SECONDS = 10.0  # in which a worker grows to its size
_FEWEST = 6  # samples of one worker that tell anything
# How much more than in its first third one worker may use in its last one: a share, and so many.
MEGABYTES_GROWTH = (0.2, 5)
DESCRIPTORS_GROWTH = (0.2, 15)
FOLDERS_GROWTH = (0.2, 5)


@dataclass
class Kills:
    """Every process killed on purpose: each may have cost one answer, a worker all of its own."""

    environments: int = 0
    workers: list[float] = field(default_factory=list)
    _unspent: list[tuple[float, str]] = field(default_factory=list)

    def add_environment(self, at: float, function: str) -> None:
        """An environment of a function is killed."""
        self.environments += 1
        self._unspent.append((at, function))

    def excuse_failure(self, function: str, began: float, ended: float) -> bool:
        """Whether a kill explains that an invocation failed; no kill explains two."""
        for kill in self._unspent:
            at, victim = kill
            if victim == function and began - _SLACK_SECONDS < at <= ended:
                self._unspent.remove(kill)
                return True
        return False

    def excuse_loss(self, connected: float, ended: float) -> bool:
        """Whether the worker at the other end of a connection was killed."""
        return any(connected - _SLACK_SECONDS < at <= ended for at in self.workers)


class ZombieWatch:
    """Which processes stay uncollected for long."""

    def __init__(self) -> None:
        self._since: dict[int, float] = {}

    def look(self, zombies: set[int], now: float) -> list[int]:
        """Those who are zombies for too long now; each is told once."""
        self._since = {pid: self._since.get(pid, now) for pid in zombies}
        late = [pid for pid, since in self._since.items() if now - since > _ZOMBIE_SECONDS]
        self._since.update(dict.fromkeys(late, float("inf")))
        return late


def growth(vitals: Sequence[Vitals]) -> list[str]:
    """What grew in the worker that lived longest, once it was grown up; one sample is one second."""
    ages = Counter(each.worker for each in vitals)
    (worker, age) = max(ages.items(), key=lambda item: item[1], default=(0, 0))
    young = min(_YOUNG_SECONDS, age / 3)
    samples = [each for each in vitals if each.worker == worker][int(young) :]
    if len(samples) < _FEWEST:
        return []
    figures: dict[str, tuple[Callable[[Vitals], float], tuple[float, int]]] = {
        "MB of memory": (lambda each: each.megabytes, MEGABYTES_GROWTH),
        "descriptors": (lambda each: each.descriptors, DESCRIPTORS_GROWTH),
        "temporary folders": (lambda each: each.folders, FOLDERS_GROWTH),
    }
    told = (_grown(name, [read(each) for each in samples], limit) for name, (read, limit) in figures.items())
    return [problem for problem in told if problem]


def _grown(name: str, values: Sequence[float], limit: tuple[float, int]) -> str | None:
    third = len(values) // 3
    first, last = median(values[:third]), median(values[-third:])
    if last <= first * (1 + limit[0]) + limit[1]:
        return None
    return f"GROWTH of one worker from {first:.0f} to {last:.0f} {name} in {len(values)} s"
