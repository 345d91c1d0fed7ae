"""A picture as SVG: a grid of boxes, wide enough for their text, and arrows between them."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from xml.sax.saxutils import escape

from berth.errors import printable
from berth.tools.deploy.diagram.model import FUNCTIONS, Arrow, Box, Diagram

_MARGIN, _GAP_X, _GAP_Y = 28, 64, 34
_TITLE_HEIGHT, _PAD = 44, 12
_LINE, _HEAD = 17, 20  # the heights of a line and of a box's title
_MOST_CHARACTERS = 48
_LEAST_WIDTH = 110
# The width of a character of 11 and of 13 pixels; letters differ, and these are those of wide ones.
_WIDTH, _HEAD_WIDTH = 6.4, 8.3
_COLOURS = {
    "client": ("#f3f4f6", "#6b7280"),
    "gateway": ("#f5f0ff", "#7c3aed"),
    "balancer": ("#eef6ff", "#2563eb"),
    "task": ("#fff7ed", "#ea580c"),
    "store": ("#fdf2f8", "#db2777"),
    "function": ("#f0fdf4", "#16a34a"),
}
_STYLE = (
    "text { font-family: system-ui, 'Segoe UI', 'DejaVu Sans', sans-serif; fill: #1f2937; }"
    " .name { font-size: 13px; font-weight: 600; } .line { font-size: 11px; fill: #4b5563; }"
    " .label { font-size: 11px; fill: #6b7280; }"
)


@dataclass(frozen=True)
class _Place:
    """Where a box is, in pixels."""

    x: float
    y: float
    width: float
    height: float

    @property
    def middle(self) -> tuple[float, float]:
        return self.x + self.width / 2, self.y + self.height / 2


def svg_text(diagram: Diagram) -> str:
    """Write a picture as a document of SVG."""
    places = _places(diagram)
    width = max(each.x + each.width for each in places.values()) + _MARGIN
    height = max(each.y + each.height for each in places.values()) + _MARGIN
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}"'
        f' height="{height:.0f}" role="img">',
        f"  <title>{_text(diagram.title)}</title>",
        f"  <style>{_STYLE}</style>",
        '  <defs><marker id="end" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7"'
        ' orient="auto"><path d="M0 0 L8 4 L0 8 z" fill="#6b7280"/></marker></defs>',
        f'  <rect width="{width:.0f}" height="{height:.0f}" fill="#ffffff"/>',
        f'  <text x="{_MARGIN}" y="{_MARGIN}" font-size="16" font-weight="600">{_text(diagram.title)}</text>',
    ]
    for arrow in diagram.arrows:
        lines += _arrow(arrow, places[arrow.source], places[arrow.target])
    for box in diagram.boxes:
        lines += _box(box, places[box.id])
    return "\n".join([*lines, "</svg>", ""])


def _places(diagram: Diagram) -> Mapping[str, _Place]:
    """The place of each box: columns as wide as their widest box; functions are stacked on their own."""
    heights: defaultdict[int, float] = defaultdict(float)
    for box in diagram.boxes:
        if box.column != FUNCTIONS:
            heights[box.row] = max(heights[box.row], _height(box))
    places: dict[str, _Place] = {}
    x: float = _MARGIN
    for column in sorted({box.column for box in diagram.boxes}):
        boxes = [box for box in diagram.boxes if box.column == column]
        width, below = max(map(_width, boxes)), float(_MARGIN + _TITLE_HEIGHT)
        for box in boxes:
            y = below if column == FUNCTIONS else _top(heights, box.row)
            height = _height(box) if column == FUNCTIONS else heights[box.row]
            places[box.id] = _Place(x, y, width, height)
            below += _height(box) + _GAP_Y / 2
        x += width + _GAP_X
    return places


def _top(heights: Mapping[int, float], row: int) -> float:
    above = sum(height + _GAP_Y for number, height in heights.items() if number < row)
    return _MARGIN + _TITLE_HEIGHT + above


def _height(box: Box) -> float:
    return 2 * _PAD + _HEAD + _LINE * len(box.lines)


def _width(box: Box) -> float:
    lines = (min(len(line), _MOST_CHARACTERS) * _WIDTH for line in box.lines)
    title = min(len(box.title), _MOST_CHARACTERS) * _HEAD_WIDTH
    return max(_LEAST_WIDTH, title + 2 * _PAD, *(each + 2 * _PAD for each in lines))


def _box(box: Box, place: _Place) -> Iterator[str]:
    fill, stroke = _COLOURS[box.kind]
    x, y = place.x + _PAD, place.y + _PAD + 12
    yield (
        f'  <rect x="{place.x:.0f}" y="{place.y:.0f}" width="{place.width:.0f}" height="{place.height:.0f}"'
        f' rx="8" fill="{fill}" stroke="{stroke}" stroke-width="1.4"/>'
    )
    yield f'  <text class="name" x="{x:.0f}" y="{y:.0f}">{_text(box.title)}</text>'
    for number, line in enumerate(box.lines, 1):
        yield f'  <text class="line" x="{x:.0f}" y="{y + number * _LINE + 2:.0f}">{_text(line)}</text>'


def _arrow(arrow: Arrow, source: _Place, target: _Place) -> Iterator[str]:
    dashes = ' stroke-dasharray="5 4"' if arrow.is_weak else ""
    path, (x, y) = _path(source, target)
    yield (
        f'  <path d="{path}" fill="none" stroke="#6b7280" stroke-width="1.4"{dashes} marker-end="url(#end)"/>'
    )
    if arrow.label:
        place = f'x="{x:.0f}" y="{y:.0f}" text-anchor="middle"'
        yield f'  <text class="label" {place}>{_text(arrow.label)}</text>'


def _path(source: _Place, target: _Place) -> tuple[str, tuple[float, float]]:
    """The curve from one box to another, and where its label is."""
    (x, y), (_, to_y) = source.middle, target.middle
    if source.x == target.x:  # in one column
        begin, end = source.y + source.height, target.y
        return f"M{x:.0f} {begin:.0f} L{x:.0f} {end:.0f}", (x + 24, (begin + end) / 2 + 4)
    is_right = target.x > source.x
    begin = source.x + source.width if is_right else source.x
    end = target.x if is_right else target.x + target.width
    bend = (begin + end) / 2
    curve = f"M{begin:.0f} {y:.0f} C{bend:.0f} {y:.0f} {bend:.0f} {to_y:.0f} {end:.0f} {to_y:.0f}"
    return curve, (bend, (y + to_y) / 2 - 7)


def _text(text: str) -> str:
    return escape(printable(text, _MOST_CHARACTERS))
