"""`events/compare.json`: what a function's comparisons leave out, and which arrays have no order."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from berth.comparison.difference import Rules
from berth.comparison.paths import Pattern
from berth.manifest.document import UnreadableDocument, read_object
from berth.tools.migrate.compare.sides import CannotRun

_KEYS = ("ignore", "unordered", "notSecret")


@dataclass(frozen=True)
class KeptRules:
    """The rules of a file, and those that were given beside it."""

    ignore: tuple[str, ...] = ()
    unordered: tuple[str, ...] = ()
    not_secret: tuple[str, ...] = ()

    def by_key(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """The rules by their keys in the file."""
        return zip(_KEYS, (self.ignore, self.unordered, self.not_secret), strict=True)

    def rules(self) -> Rules:
        """The rules as patterns; raises CannotRun for one that is no path."""
        return Rules(_patterns("ignore", self.ignore), _patterns("unordered", self.unordered))


def load_rules(file: Path, given: KeptRules) -> KeptRules:
    """Read the rules of a file if it is there, and add those given; raises CannotRun."""
    document = _read(file) if file.exists() else {}
    lists = [tuple(dict.fromkeys((*document.get(key, ()), *more))) for key, more in given.by_key()]
    kept = KeptRules(*lists)
    kept.rules()
    return kept


def keep_rules(file: Path, kept: KeptRules) -> bool:
    """Write the rules if they are others than those in the file; returns whether they were written."""
    document = {key: list(value) for key, value in kept.by_key() if value}
    before = _read(file) if file.exists() else {}
    if document == {key: value for key, value in before.items() if value and key != "$schema"}:
        return False
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"{json.dumps({**before, **document}, indent=2, ensure_ascii=False)}\n", "utf-8")
    return True


def _read(file: Path) -> Mapping[str, Any]:
    try:
        document = read_object(file)
    except UnreadableDocument as wrong:
        raise CannotRun(f"{file}: {wrong}") from wrong
    for key, value in document.items():
        if key not in (*_KEYS, "$schema"):
            raise CannotRun(f"{file}: unknown key {key!r} (known: {', '.join(_KEYS)})")
        if key in _KEYS and not _is_list_of_texts(value):
            raise CannotRun(f"{file}: {key}: must be an array of strings")
    return document


def _is_list_of_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def _patterns(key: str, texts: Iterable[str]) -> tuple[Pattern, ...]:
    try:
        return tuple(map(Pattern, texts))
    except ValueError as wrong:
        raise CannotRun(f"{key}: {wrong}") from wrong
