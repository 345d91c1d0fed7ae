"""Following values through the SAM translator: a traced value knows what its author wrote, and where.

The translator copies most values as they are. So the place where a traced value turns up in the translated
template tells which key of the SAM template has become it.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from berth.tools.migrate.model.findings import Path
from berth.tools.migrate.model.values import Tree


class _Traced:
    """What all traced values have: `written` is what stands in the source, `path` is where."""

    written: Tree
    path: Path | None

    def __deepcopy__(self, memo: Any) -> "_Traced":
        return self


class _Text(_Traced, str):
    def replace(self, *arguments: Any) -> str:
        """A text in which nothing is to be replaced stays traced."""
        replaced = super().replace(*arguments)
        return self if replaced == self else replaced


class _Integer(_Traced, int):
    pass


class _Number(_Traced, float):
    pass


_TRACED: Mapping[type, Callable[[Any], Any]] = {str: _Text, int: _Integer, float: _Number}


def traced_value(value: Tree, written: Tree, path: Path | None) -> Tree:
    """A text or a number that knows what stands in the source; other values as they are."""
    make = next((make for kind, make in _TRACED.items() if isinstance(value, kind)), None)
    if make is None or isinstance(value, bool):
        return value
    made = make(value)
    made.written, made.path = written, path
    return made


def traced(node: Tree, path: Path, native: Callable[[Tree, Path], Tree]) -> Tree:
    """A copy of a tree whose values are traced; `native` gives the value that the translator needs."""
    if isinstance(node, dict):
        return {key: traced(each, (*path, key), native) for key, each in node.items()}
    if isinstance(node, list):
        return [traced(each, (*path, index), native) for index, each in enumerate(node)]
    return traced_value(native(node, path), node, path)


def restored(node: Tree) -> Tree:
    """A copy of a translated tree with what stands in the source instead of traced values."""
    if isinstance(node, dict):
        return {str(key): restored(each) for key, each in node.items()}
    if isinstance(node, list):
        return [restored(each) for each in node]
    if isinstance(node, _Traced):
        return node.written
    return str(node) if isinstance(node, str) else node


def origin(node: Tree) -> Path | None:
    """Where a traced value stands in the source; None where that is not known."""
    return node.path if isinstance(node, _Traced) else None


def leaves(node: Tree, path: Path = ()) -> Iterator[tuple[Path, Tree]]:
    """Every value of a tree that is no mapping and no list, and every empty one, with its path."""
    if isinstance(node, dict) and node:
        for key, each in node.items():
            yield from leaves(each, (*path, str(key)))
    elif isinstance(node, list) and node:
        for index, each in enumerate(node):
            yield from leaves(each, (*path, index))
    else:
        yield path, node


def inferred_origins(node: Tree, path: Path = ()) -> dict[Path, Path]:
    """The origins of traced values, and of what is around them where all values agree on it.

    A mapping or list comes from one place if each of its traced values stands there under the same key.
    """
    own = origin(node)
    if own is not None:
        return {path: own}
    pairs: Iterator[tuple[str | int, Tree]] | list[tuple[str | int, Tree]] = []
    if isinstance(node, dict):
        pairs = [(str(key), each) for key, each in node.items()]
    elif isinstance(node, list):
        pairs = list(enumerate(node))
    found: dict[Path, Path] = {}
    around: set[Path] = set()
    for key, each in pairs:
        found.update(inferred_origins(each, (*path, key)))
        below = found.get((*path, key))
        if below is not None:
            around.add(below[:-1] if below[-1:] == (key,) else ())
    if len(around) == 1 and (agreed := around.pop()):
        found[path] = agreed
    return found
