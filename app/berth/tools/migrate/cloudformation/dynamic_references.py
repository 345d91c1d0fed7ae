"""`{{resolve:...}}`: values that AWS reads from its stores while it deploys.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references.html
"""

import re
from collections.abc import Iterator
from dataclasses import replace

from berth.tools.migrate.cloudformation.conditions import Unevaluable
from berth.tools.migrate.model.values import Hole, Holes, Text, Tree, as_text, joined, simplified

# Stands for a hole while a pattern searches the text; it is a character of the private use area.
_MARK = "\uf8ff"
_REFERENCE = re.compile(r"\{\{resolve:(secretsmanager|ssm-secure|ssm):(.*?)\}\}", re.DOTALL)


def with_resolved(holes: Holes, value: Tree) -> Tree:
    """Replace each `{{resolve:...}}` by a hole; the holes inside stand as their names."""
    text = as_text(value)
    if _MARK in "".join(part for part in text.parts if isinstance(part, str)):
        raise Unevaluable("has the character U+F8FF, which has no meaning")
    marked = "".join(part if isinstance(part, str) else _MARK for part in text.parts)
    inner = iter(text.holes)
    parts: list[Text] = []
    end = 0
    for found in _REFERENCE.finditer(marked):
        parts.append(_filled(marked[end : found.start()], inner))
        reference = "".join(next(inner).name if each == _MARK else each for each in found[2])
        parts.append(Text((_hole(holes, found[1], reference),)))
        end = found.end()
    made = joined([*parts, _filled(marked[end:], inner)])
    return simplified(replace(made, chosen_by=text.chosen_by))


def _filled(marked: str, holes: Iterator[Hole]) -> Text:
    """A text whose marks are filled with the next holes."""
    literals = marked.split(_MARK)
    pairs = [Text((literal, next(holes))) for literal in literals[:-1]]
    return joined([*pairs, Text((literals[-1],))])


def _hole(holes: Holes, service: str, reference: str) -> Hole:
    name = f"resolve:{service}:{reference}"
    if service == "ssm":
        holes.ask(name, f"the parameter {reference} of the Parameter Store")
    else:
        holes.hide(name, f"the secret {reference}: the task definition's `secrets` can fill the variable")
    return Hole(name)
