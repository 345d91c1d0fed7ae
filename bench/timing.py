"""Times of calls that take turns, so that all see the same neighbours."""

import time
from collections.abc import Callable, Mapping

_TURNS = 20


def take_turns(ways: Mapping[str, Callable[[], object]], calls: int) -> dict[str, list[float]]:
    """Microseconds of each call, by the ways' names; a first turn warms up and does not count."""
    found: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(_TURNS + 1):
        for name, call in ways.items():
            taken = [micros(call) for _ in range(-(-calls // _TURNS))]
            found[name] += taken if turn else []
    return found


def micros(call: Callable[[], object]) -> float:
    """How long one call takes."""
    began = time.perf_counter()
    call()
    return (time.perf_counter() - began) * 1e6
