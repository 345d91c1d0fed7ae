"""What the doctor knows by name: programs, modules, calls. The names are in known.toml."""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any


def known(name: str) -> frozenset[str]:
    """One set of names."""
    return _sets()[name]


def known_table(name: str) -> Mapping[str, str]:
    """One table: what is said of each name."""
    table: Mapping[str, str] = _document()[name]
    return table


@cache
def removed_modules() -> Mapping[str, str]:
    """The modules of Python's that are gone, and the first version without each, such as 3.12."""
    versions = _document()["removed-modules"]
    return {module: version for version, names in versions.items() for module in names.split()}


@cache
def _sets() -> Mapping[str, frozenset[str]]:
    texts = {name: value for name, value in _document().items() if isinstance(value, str)}
    return {name: frozenset(text.split()) for name, text in texts.items()}


@cache
def _document() -> Mapping[str, Any]:
    return tomllib.loads(Path(__file__).with_name("known.toml").read_text("utf-8"))
