"""What a plan's configuration says: of which resources an argument is computed."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from berth.tools.migrate.source.documents import mapping_at

_INDEX = re.compile(r'\[(?:"(?:[^"\\]|\\.)*"|[0-9]+)\]')
_MODULE = "module."
_DEEPEST = 20


def without_indexes(address: str) -> str:
    """An address without the keys of `count` and `for_each`."""
    return _INDEX.sub("", address)


@dataclass(frozen=True)
class Configuration:
    """The configuration of a plan; a state has none, and needs none."""

    root: Mapping[str, Any]

    def references(self, address: str, *keys: str | int) -> list[str]:
        """What an argument of a resource refers to, such as `aws_lambda_function.orders.arn`, from the root.

        Variables of modules are followed to what their callers give, outputs to what makes them.
        """
        *modules, _ = _split(without_indexes(address))
        module = self._module(modules)
        own = without_indexes(address).rpartition(f"{_MODULE}{modules[-1]}.")[2] if modules else None
        wanted = own if own is not None else without_indexes(address)
        for entry in module.get("resources") or []:
            if isinstance(entry, dict) and entry.get("address") == wanted:
                found = self._resolved(_named(_at(entry.get("expressions"), keys)), modules, _DEEPEST)
                return list(dict.fromkeys(found))
        return []

    def _module(self, modules: list[str]) -> Mapping[str, Any]:
        node: Any = self.root
        for name in modules:
            node = mapping_at(node, "module_calls", name, "module")
        return node if isinstance(node, dict) else {}

    def _resolved(self, references: Iterator[str], modules: list[str], left: int) -> Iterator[str]:
        for each in map(without_indexes, references if left else ()):
            kind, _, rest = each.partition(".")
            name, _, output = rest.partition(".")
            if kind == "var" and modules:
                caller = mapping_at(self._module(modules[:-1]), "module_calls", modules[-1], "expressions")
                yield from self._resolved(_named(caller.get(name)), modules[:-1], left - 1)
            elif kind == "module":
                inner = [*modules, name]
                made = mapping_at(self._module(inner), "outputs", output.partition(".")[0])
                yield from self._resolved(_named(made.get("expression")), inner, left - 1)
            else:
                yield "".join(f"{_MODULE}{module}." for module in modules) + each


def _split(address: str) -> list[str]:
    """The names of an address' modules, then the rest."""
    parts = address.split(".")
    names = []
    while parts[0] == "module" and len(parts) > len(("module", "name")):
        names.append(parts[1])
        parts = parts[2:]
    return [*names, ".".join(parts)]


def _at(node: Any, keys: tuple[str | int, ...]) -> Any:
    """The expression of an argument; blocks are lists."""
    for key in keys:
        if isinstance(key, int):
            node = node[key] if isinstance(node, list) and key < len(node) else None
            continue
        node = node[0] if isinstance(node, list) and node else node
        node = node.get(key) if isinstance(node, dict) else None
    return node


def _named(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        yield from (each for each in node.get("references") or () if isinstance(each, str))
        for key, each in node.items():
            if key != "references":
                yield from _named(each)
    elif isinstance(node, list):
        for each in node:
            yield from _named(each)
