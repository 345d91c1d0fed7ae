"""A picture as text for Mermaid, which many viewers of Markdown draw.

https://mermaid.js.org/syntax/flowchart.html
"""

from berth.errors import printable
from berth.tools.deploy.diagram.model import Box, Diagram

_CODES = frozenset("\"#&'<>`|")
_SHAPES = {"client": ("([", "])"), "store": ("[(", ")]")}


def mermaid_text(diagram: Diagram) -> str:
    """Write a picture as a flowchart from left to right."""
    lines = ["flowchart LR", *(f"  {_box(each)}" for each in diagram.boxes)]
    for each in diagram.arrows:
        arrow = "-.->" if each.is_weak else "-->"
        label = f"|{_text(each.label)}|" if each.label else ""
        lines.append(f"  {each.source} {arrow}{label} {each.target}")
    return "\n".join([*lines, ""])


def _box(box: Box) -> str:
    before, after = _SHAPES.get(box.kind, ("[", "]"))
    text = "<br>".join([f"<b>{_text(box.title)}</b>", *map(_text, box.lines)])
    return f'{box.id}{before}"{text}"{after}'


def _text(text: str) -> str:
    """A text in a label: what Mermaid or HTML would read as its own becomes a code."""
    return "".join(f"#{ord(each)};" if each in _CODES else each for each in printable(text))
