"""Finding the OpenAPI document of an API: a mapping, JSON text, or a file that is not here."""

import json
import re
from collections.abc import Sequence
from dataclasses import replace

from berth.tools.migrate.cloudformation.apis.node import Node
from berth.tools.migrate.model.findings import Class
from berth.tools.migrate.model.values import Hole, Text, Tree, as_text, joined, simplified

_MARK = re.compile("\uf8ff([0-9]+)\uf8ff")
_IN_S3 = "the API's definition is in S3, so that its routes are not known: put the file into Body"


def read_body(properties: Node) -> Node | None:
    """The OpenAPI document of an API, None if it has none or the report says why it cannot be read."""
    bucket, body = properties["BodyS3Location"], properties["Body"]
    if bucket.is_there:
        bucket.note(Class.OPEN, f"{properties.resource.name}: {_IN_S3}", name="Body")
    if not body.is_there:
        return None
    if body.is_mapping:
        return body
    try:
        return replace(body, written=_parsed(body.text()), is_made=True)
    except (ValueError, RecursionError):
        body.stack.refuse(body.place, "must be an OpenAPI document: a mapping, or its JSON text")
        return None


def _parsed(text: Text) -> Tree:
    """The values of a JSON text, with the holes of the text in them; raises ValueError."""
    numbers = iter(range(len(text.parts)))
    marked = "".join(part if isinstance(part, str) else f"\uf8ff{next(numbers)}\uf8ff" for part in text.parts)
    found = json.loads(marked)
    if not isinstance(found, dict):
        raise ValueError("is no object")
    return _with_holes(found, text.holes)


def _with_holes(tree: Tree, holes: Sequence[Hole]) -> Tree:
    if isinstance(tree, dict):
        return {str(_filled(key, holes)): _with_holes(each, holes) for key, each in tree.items()}
    if isinstance(tree, list):
        return [_with_holes(each, holes) for each in tree]
    return _filled(tree, holes) if isinstance(tree, str) else tree


def _filled(marked: str, holes: Sequence[Hole]) -> Text | str:
    """A text with holes in place of its marks."""
    pieces = _MARK.split(marked)
    pairs = zip(pieces[::2], [*pieces[1::2], None], strict=True)
    return simplified(joined(_pair(literal, number, holes) for literal, number in pairs))


def _pair(literal: str, number: str | None, holes: Sequence[Hole]) -> Text:
    has_hole = number is not None and int(number) < len(holes)
    return joined([as_text(literal), *([Text((holes[int(number or 0)],))] if has_hole else [])])
