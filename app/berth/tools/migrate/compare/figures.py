"""Durations, memory and cold starts: they are no results, so they are told as ratios and never compared."""

import json
import re
import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

_REPORT = re.compile(rb"REPORT RequestId: [^\n]*")
_FIGURE = re.compile(rb"(Duration|Billed Duration|Max Memory Used|Init Duration): ([\d.]+) (?:ms|MB)")


@dataclass(frozen=True)
class Figures:
    """The figures of one answer: milliseconds and megabytes, None where nobody tells."""

    duration: float
    billed: float | None = None
    memory: float | None = None
    is_cold: bool = False


def read_figures(log_tail: bytes, seconds: float) -> Figures:
    """Read the report at the end of an invocation's log; without one the time that it took here counts."""
    found = _REPORT.findall(log_tail)
    if found:
        figures = {name: float(value) for name, value in _FIGURE.findall(found[-1])}
    else:
        figures = _read_json(log_tail)
    return Figures(
        duration=figures.get(b"Duration", seconds * 1000),
        billed=figures.get(b"Billed Duration"),
        memory=figures.get(b"Max Memory Used"),
        is_cold=b"Init Duration" in figures,
    )


def _read_json(log_tail: bytes) -> dict[bytes, float]:
    """The figures of the event platform.report, which a log in JSON has."""
    names = {
        "durationMs": b"Duration",
        "billedDurationMs": b"Billed Duration",
        "maxMemoryUsedMB": b"Max Memory Used",
        "initDurationMs": b"Init Duration",
    }
    for line in reversed(log_tail.splitlines()):
        if b'"platform.report"' in line:
            try:
                metrics = json.loads(line)["record"]["metrics"]
                return {names[key]: float(value) for key, value in metrics.items() if key in names}
            except (ValueError, KeyError, TypeError, AttributeError):
                return {}
    return {}


def write_ratios(pairs: Sequence[tuple[Figures, Figures]], left: str, right: str) -> list[str]:
    """The figures of the right side beside those of the left one, in words."""
    if not pairs:
        return []
    lines = [
        _ratio(f"{title}, {right} to {left}", [(read(one), read(other)) for one, other in pairs])
        for title, read in _TOLD
    ]
    cold = [sum(each[side].is_cold for each in pairs) for side in (0, 1)]
    if any(cold):
        lines.append(f"cold starts: {left} {cold[0]} of {len(pairs)}, {right} {cold[1]} of {len(pairs)}")
    return [line for line in lines if line]


_TOLD: tuple[tuple[str, Callable[[Figures], float | None]], ...] = (
    ("duration", lambda figures: figures.duration),
    ("billed duration", lambda figures: figures.billed),
    ("memory", lambda figures: figures.memory),
)


def _ratio(title: str, pairs: Iterable[tuple[float | None, float | None]]) -> str:
    ratios = [other / one for one, other in pairs if one and other]
    return f"{title}: {statistics.median(ratios):.2f} (median of {len(ratios)})" if ratios else ""
