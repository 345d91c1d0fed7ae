"""The resources in what `terraform show -json` prints: a state, or a plan.

https://developer.hashicorp.com/terraform/internals/json-format
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from berth.tools.migrate.model.findings import ImportRefused, Problem
from berth.tools.migrate.model.findings import Path as KeyPath
from berth.tools.migrate.model.values import Hole, Holes, Text, Tree
from berth.tools.migrate.source.documents import SourceDocument, mapping_at

_MAJOR = "1"
# Versions of Terraform before 1.0 print major version 0, whose form is the same.
_BEFORE = "0"


@dataclass(frozen=True)
class TerraformResource:
    """One resource. `unknown` mirrors `values` with true where a plan does not know a value yet.

    `modules` are the names of the modules around it, as in `shop["a"]`, `index` is its key among those of a
    `count` or `for_each`. A value that Terraform marks as sensitive is a Text with a hole.
    """

    address: str
    type: str
    name: str
    path: KeyPath
    modules: tuple[str, ...] = ()
    index: str | int | None = None
    is_data: bool = False
    values: Mapping[str, Any] = field(default_factory=dict)
    unknown: Mapping[str, Any] = field(default_factory=dict)

    def __getitem__(self, key: str) -> Any:
        return self.values.get(key)

    def block(self, key: str) -> Mapping[str, Any]:
        """A nested block, which Terraform writes as a list of one; empty where there is none."""
        found = self.values.get(key)
        first = found[0] if isinstance(found, list) and found else found
        return first if isinstance(first, dict) else {}

    def blocks(self, key: str) -> list[Mapping[str, Any]]:
        """The nested blocks of one name."""
        found = self.values.get(key)
        return [each for each in (found if isinstance(found, list) else []) if isinstance(each, dict)]

    def is_beside(self, other: "TerraformResource") -> bool:
        """Whether another resource is in the same module."""
        return self.modules == other.modules


def read_resources(document: SourceDocument, holes: Holes) -> list[TerraformResource]:
    """The resources of a state or a plan; raises ImportRefused where the document is neither.

    What a plan has read already, such as data of archives, counts with what it plans.
    """
    tree = document.tree
    _check_version(document)
    top = "planned_values" if isinstance(tree.get("planned_values"), dict) else "values"
    root = mapping_at(tree, top).get("root_module")
    if not isinstance(root, dict):
        message = "has no values.root_module: print the applied state with `terraform show -json`"
        raise ImportRefused([Problem(message, document.file)])
    found = {each.address: each for each in _of_module(root, (top, "root_module"), ())}
    path: KeyPath = ("prior_state", "values", "root_module")
    for each in _of_module(mapping_at(tree, *path), path, ()):
        if each.is_data:
            found.setdefault(each.address, each)
    changes = _changes(tree)
    return [_planned(each, document, changes.get(each.address, {}), holes) for each in found.values()]


def _check_version(document: SourceDocument) -> None:
    version = str(document.tree.get("format_version", ""))
    if version.partition(".")[0] not in (_BEFORE, _MAJOR):
        message = f"format_version {version or 'is missing'}: only major version {_MAJOR} is understood"
        raise ImportRefused([Problem(message, document.file, ("format_version",), 0)])


def _of_module(
    module: Mapping[str, Any], path: KeyPath, around: tuple[str, ...]
) -> Iterator[TerraformResource]:
    for number, entry in enumerate(_list(module, "resources")):
        if isinstance(entry, dict) and isinstance(entry.get("address"), str):
            index = entry.get("index")
            yield TerraformResource(
                entry["address"],
                str(entry.get("type", "")),
                str(entry.get("name", "")),
                (*path, "resources", number),
                around,
                index if isinstance(index, str | int) else None,
                entry.get("mode") == "data",
                mapping_at(entry, "values"),
            )
    for number, child in enumerate(_list(module, "child_modules")):
        if isinstance(child, dict):
            name = str(child.get("address", "")).rpartition("module.")[2]
            yield from _of_module(child, (*path, "child_modules", number), (*around, name))


def _list(module: Mapping[str, Any], key: str) -> list[Any]:
    found = module.get(key)
    return found if isinstance(found, list) else []


def _changes(tree: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """What a plan says of each resource's values after it, by address."""
    changes = (each for each in _list(tree, "resource_changes") if isinstance(each, dict))
    return {str(each.get("address")): mapping_at(each, "change") for each in changes}


def _planned(
    resource: TerraformResource, document: SourceDocument, change: Mapping[str, Any], holes: Holes
) -> TerraformResource:
    """A resource with its secrets as holes, and with what its plan does not know yet."""
    own = mapping_at(document.tree, *resource.path).get("sensitive_values")
    values: Any = resource.values
    for marks in (own, change.get("after_sensitive")):
        values = hidden(values, marks, resource.address, holes)
    return replace(resource, values=values, unknown=mapping_at(change, "after_unknown"))


def hidden(value: Tree, sensitive: Any, name: str, holes: Holes) -> Any:
    """The value with a hole for each part that is marked as sensitive: no secret goes further.

    Marks in a form that the value does not have hide all of it.
    """
    if not _has_marks(sensitive) or value in (None, "", [], {}) or isinstance(value, Text):
        return value
    if isinstance(value, dict):
        marks = sensitive if isinstance(sensitive, dict) else dict.fromkeys(value, True)
        return {key: hidden(each, marks.get(key), f"{name}.{key}", holes) for key, each in value.items()}
    if isinstance(value, list):
        known = [*sensitive, *[None] * len(value)] if isinstance(sensitive, list) else [True] * len(value)
        names = [name] if len(value) == 1 else [f"{name}.{number}" for number in range(len(value))]
        return [hidden(*each, holes) for each in zip(value, known, names, strict=False)]
    holes.hide(name, f"the secret {name} of Terraform", name.rpartition(".")[2].upper())
    return Text((Hole(name),))


def _has_marks(sensitive: Any) -> bool:
    if isinstance(sensitive, dict):
        return any(map(_has_marks, sensitive.values()))
    if isinstance(sensitive, list):
        return any(map(_has_marks, sensitive))
    return bool(sensitive)
