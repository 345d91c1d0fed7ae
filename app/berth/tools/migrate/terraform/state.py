"""The resources in what `terraform show -json` prints: a state, or a plan.

https://developer.hashicorp.com/terraform/internals/json-format
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from berth.tools.migrate.model.findings import ImportRefused, Problem
from berth.tools.migrate.model.findings import Path as KeyPath
from berth.tools.migrate.model.values import Hole, Holes, Text, Tree
from berth.tools.migrate.source.documents import SourceDocument


@dataclass(frozen=True)
class TerraformResource:
    """One resource. `sensitive` and `unknown` mirror `values` with true where a value is secret or not known.

    `references` are the addresses that an argument is computed of, as a plan's configuration names them.
    """

    address: str
    type: str
    name: str
    modules: tuple[str, ...]
    is_data: bool
    values: Mapping[str, Any]
    sensitive: Mapping[str, Any]
    path: KeyPath
    unknown: Mapping[str, Any] = field(default_factory=dict)
    references: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def __getitem__(self, key: str) -> Any:
        return self.values.get(key)

    def block(self, key: str) -> Mapping[str, Any]:
        """A nested block, which Terraform writes as a list of one; empty where there is none."""
        found = self.values.get(key)
        first = found[0] if isinstance(found, list) and found else found
        return first if isinstance(first, dict) else {}


def read_resources(document: SourceDocument, holes: Holes) -> list[TerraformResource]:
    """The resources of a state or a plan; raises ImportRefused where the document is neither."""
    tree = document.tree
    version = str(tree.get("format_version", ""))
    if not version.startswith(("0.", "1.")):
        message = f"format_version {version or 'is missing'}: only major version 1 is understood"
        raise ImportRefused([Problem(message, document.file, ("format_version",), 0)])
    plan = tree.get("planned_values")
    top: KeyPath = ("planned_values",) if isinstance(plan, dict) else ("values",)
    values = plan if isinstance(plan, dict) else tree.get("values")
    root = values.get("root_module") if isinstance(values, dict) else None
    if not isinstance(root, dict):
        message = "has no values.root_module: print the applied state with `terraform show -json`"
        raise ImportRefused([Problem(message, document.file)])
    found = [*_of_module(root, (*top, "root_module"), ())]
    changes = _changes(tree)
    references = dict(_references(tree))
    return [_planned(each, changes, references, holes) for each in found]


def _of_module(
    module: Mapping[str, Any], path: KeyPath, around: tuple[str, ...]
) -> Iterator[TerraformResource]:
    for number, entry in enumerate(module.get("resources") or []):
        if isinstance(entry, dict) and isinstance(entry.get("address"), str):
            yield TerraformResource(
                entry["address"],
                str(entry.get("type", "")),
                str(entry.get("name", "")),
                around,
                entry.get("mode") == "data",
                entry.get("values") or {},
                entry.get("sensitive_values") or {},
                (*path, "resources", number),
            )
    for number, child in enumerate(module.get("child_modules") or []):
        name = str(child.get("address", "")).rpartition("module.")[2]
        yield from _of_module(child, (*path, "child_modules", number), (*around, name))


def _changes(tree: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """What a plan says of each resource's values after it, by address."""
    changes = tree.get("resource_changes") or []
    return {str(each.get("address")): each.get("change") or {} for each in changes if isinstance(each, dict)}


def _references(tree: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, tuple[str, ...]]]]:
    """The addresses in the arguments of a plan's configuration, by the address of the resource."""
    configuration = tree.get("configuration")
    root = configuration.get("root_module") if isinstance(configuration, dict) else None
    yield from _module_references(root if isinstance(root, dict) else {}, "")


def _module_references(
    module: Mapping[str, Any], before: str
) -> Iterator[tuple[str, dict[str, tuple[str, ...]]]]:
    for entry in module.get("resources") or []:
        expressions = entry.get("expressions") or {}
        named = {key: tuple(f"{before}{each}" for each in _named(node)) for key, node in expressions.items()}
        yield f"{before}{entry.get('address')}", named
    for name, call in (module.get("module_calls") or {}).items():
        child = call.get("module") if isinstance(call, dict) else None
        yield from _module_references(child if isinstance(child, dict) else {}, f"{before}module.{name}.")


def _named(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        yield from node.get("references") or ()
        for key, each in node.items():
            if key != "references":
                yield from _named(each)
    elif isinstance(node, list):
        for each in node:
            yield from _named(each)


def _planned(
    resource: TerraformResource,
    changes: Mapping[str, Mapping[str, Any]],
    references: Mapping[str, dict[str, tuple[str, ...]]],
    holes: Holes,
) -> TerraformResource:
    """A resource with its secrets as holes, and with what its plan does not know yet."""
    change = changes.get(resource.address, {})
    unknown = change.get("after_unknown")
    sensitive = change.get("after_sensitive") or resource.sensitive
    values = hidden(dict(resource.values), sensitive, resource.address, holes)
    return TerraformResource(
        resource.address,
        resource.type,
        resource.name,
        resource.modules,
        resource.is_data,
        values,
        resource.sensitive,
        resource.path,
        unknown if isinstance(unknown, dict) else {},
        references.get(resource.address.partition("[")[0], {}),
    )


def hidden(value: Tree, sensitive: Any, name: str, holes: Holes) -> Any:
    """The value with a hole for each part that is marked as sensitive: no secret goes further."""
    if sensitive is True and value not in (None, "", [], {}):
        if isinstance(value, dict):
            return {key: hidden(each, True, f"{name}.{key}", holes) for key, each in value.items()}
        if isinstance(value, list):
            return [hidden(each, True, f"{name}.{number}", holes) for number, each in enumerate(value)]
        holes.hide(name, f"the secret {name} of Terraform", name.rpartition(".")[2].upper())
        return Text((Hole(name),))
    if isinstance(value, dict) and isinstance(sensitive, dict):
        return {key: hidden(each, sensitive.get(key), f"{name}.{key}", holes) for key, each in value.items()}
    if isinstance(value, list) and isinstance(sensitive, list):
        marks = [*sensitive, *[None] * len(value)]
        return [hidden(each, mark, name, holes) for each, mark in zip(value, marks, strict=False)]
    return value
