"""Reading one JSON document from disk, and loading it through its schema."""

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from berth.errors import MalformedDocument, Place

Document = Mapping[str, Any]
_Model = TypeVar("_Model")


class UnreadableDocument(Exception):
    """Raised when a file holds no JSON object; its text says why."""


def load_object(path: Path, place: Place) -> dict[str, Any] | None:
    """Read one JSON object; a file that holds none is reported."""
    try:
        return read_object(path)
    except UnreadableDocument as unreadable:
        place.add("", str(unreadable))
        return None


def load_model(
    document: Document,
    place: Place,
    read: Callable[[Document], _Model],
    salvage: Callable[[Document, Document], _Model],
) -> _Model:
    """Load a document through a schema; what is wrong with it is reported.

    `salvage` makes a model of the values that are valid, so that they can be checked further.
    """
    try:
        return read(document)
    except MalformedDocument as malformed:
        for key, message in malformed.messages:
            place.add(key, message)
        return salvage(document, malformed.valid)


def shown(path: Path) -> str:
    """A path as its author would write it: relative to where the server was started."""
    text, here = str(path), os.getcwd()
    return "." if text == here else text.removeprefix(os.path.join(here, ""))


def read_object(path: Path) -> dict[str, Any]:
    """Read one JSON object; raises UnreadableDocument."""
    try:
        document = json.loads(path.read_text("utf-8-sig"), object_pairs_hook=_unique_keys)
        json.dumps(document, ensure_ascii=False).encode()
    except json.JSONDecodeError as bad:
        raise UnreadableDocument(f"line {bad.lineno} column {bad.colno} is not JSON: {bad.msg}") from bad
    except UnicodeDecodeError as bad:
        raise UnreadableDocument(f"is not UTF-8 text: byte {bad.start}") from bad
    except UnicodeEncodeError as bad:
        raise UnreadableDocument("holds half of a surrogate pair, which is no character") from bad
    except ValueError as bad:
        raise UnreadableDocument("holds a number with too many digits") from bad
    except RecursionError as bad:
        raise UnreadableDocument("is nested too deeply") from bad
    except OSError as bad:
        raise UnreadableDocument(f"cannot be read: {bad.strerror}") from bad
    if not isinstance(document, dict):
        raise UnreadableDocument("must hold one JSON object")
    return document


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise UnreadableDocument(f"has the key {twice!r} twice in one object")
    return document
