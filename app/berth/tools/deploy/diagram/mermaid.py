"""A picture as text for Mermaid, which many viewers of Markdown draw.

https://mermaid.js.org/syntax/flowchart.html
"""

import html

from berth.tools.deploy.diagram.model import Box, Diagram

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
    shown = html.escape(text, quote=True).replace("&", "#").replace("`", "#96;").replace("#x27;", "#39;")
    return shown if text.isprintable() else repr(shown)[1:-1]
