"""Plots of comparisons, as SVG: for each server a bar to the median and a line from least to greatest."""

from collections.abc import Callable, Sequence
from html import escape
from pathlib import Path

from bench.figures import Comparison, Results, Round, cpu_us, rate, spread

_LABELS, _BARS, _FIGURES = 170, 300, 150  # widths of a panel's columns, in pixels
_GAP, _ROW, _HEAD, _FOOT = 30, 30, 76, 34
_PANEL = _BARS + _FIGURES
_WIDTH = _LABELS + 2 * _PANEL + _GAP + 10
_INK, _FAINT, _OURS, _REFERENCE, _OTHERS = "#222", "#777", "#1f6fb4", "#c47f17", "#a9b4bf"
_PANELS: tuple[tuple[str, Callable[[Round], float]], ...] = (
    ("server CPU, microseconds per request (less is better)", cpu_us),
    ("requests per second (more is better)", rate),
)


def write_plots(folder: Path, comparisons: Sequence[Comparison]) -> None:
    """Write one file for each comparison."""
    folder.mkdir(parents=True, exist_ok=True)
    for each in comparisons:
        placement = each.placement.replace(" ", "-")
        path = folder / f"{each.workload}-{each.connections}-{placement}.svg"
        path.write_text(svg(each), "utf-8")


def svg(comparison: Comparison) -> str:
    """The picture of one comparison: CPU per request beside requests per second."""
    servers = {name: each for name, each in comparison.results.items() if each.rounds}
    height = _HEAD + len(servers) * _ROW + _FOOT
    plural = "s" if comparison.connections != 1 else ""
    rounds = max((len(each.rounds) for each in servers.values()), default=0)
    heading = f"{comparison.workload}: {comparison.title}"
    below = f"{comparison.connections} connection{plural}, {comparison.placement}"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}" '
        f'viewBox="0 0 {_WIDTH} {height}" font-family="sans-serif" font-size="13">',
        f'<rect width="{_WIDTH}" height="{height}" fill="white"/>',
        _text(12, 22, heading, size=16),
        _text(12, 42, below, _FAINT),
        *(
            _text(_LABELS - 8, _middle(row) + 4, each.title, anchor="end")
            for row, each in enumerate(servers.values())
        ),
    ]
    for number, (title, figure) in enumerate(_PANELS):
        left = _LABELS + number * (_PANEL + _GAP)
        parts.append(_text(left, _HEAD - 12, title, _FAINT))
        parts += _bars(comparison, servers, figure, left)
    note = (
        f"Bar: median of {rounds} rounds; line: least to greatest; in brackets: ratio to P2, round by round."
    )
    parts += [_text(12, height - 12, note, _FAINT, 11), "</svg>"]
    return "\n".join(parts) + "\n"


def _bars(
    comparison: Comparison, servers: dict[str, Results], figure: Callable[[Round], float], left: int
) -> list[str]:
    spreads = {name: spread([figure(each) for each in found.rounds]) for name, found in servers.items()}
    scale = _BARS / max((each.greatest for each in spreads.values()), default=1.0)
    parts = []
    for row, (name, each) in enumerate(spreads.items()):
        middle = _middle(row)
        least, greatest = (left + value * scale for value in (each.least, each.greatest))
        ratio = comparison.ratios(name, figure)
        text = f"{each.middle:,.0f}" + (f" ({ratio.middle:.2f})" if ratio else "")
        parts += [
            f'<rect x="{left}" y="{middle - 9}" width="{each.middle * scale:.1f}" height="18" '
            f'fill="{_colour(comparison, name)}"/>',
            f'<path d="M{least:.1f} {middle}H{greatest:.1f}M{least:.1f} {middle - 5}v10'
            f'M{greatest:.1f} {middle - 5}v10" stroke="{_INK}" fill="none"/>',
            _text(max(greatest, left + each.middle * scale) + 6, middle + 4, text),
        ]
    return parts


def _colour(comparison: Comparison, name: str) -> str:
    if name == comparison.reference:
        return _REFERENCE
    return _OURS if comparison.results[name].title.startswith("Berth") else _OTHERS


def _middle(row: int) -> int:
    return _HEAD + row * _ROW + _ROW // 2


def _text(x: float, y: float, text: str, colour: str = _INK, size: int = 13, anchor: str = "start") -> str:
    place = f'x="{x:.1f}" y="{y:.1f}"'
    return f'<text {place} fill="{colour}" font-size="{size}" text-anchor="{anchor}">{escape(text)}</text>'
