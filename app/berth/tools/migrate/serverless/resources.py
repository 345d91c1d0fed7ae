"""The part of a service that is a template already: `resources`, and what it changes of Serverless' own."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from berth.tools.migrate.model.findings import Class
from berth.tools.migrate.model.findings import Path as KeyPath
from berth.tools.migrate.model.values import Tree
from berth.tools.migrate.serverless.builder import Builder

# The sections of `resources` that become sections of the template.
_SECTIONS = ("Resources", "Outputs", "Conditions", "Mappings", "Parameters")
_EXTENSIONS = "extensions"
_FOR_PEOPLE = ("Description", "AWSTemplateFormatVersion", "Metadata")


@dataclass
class OwnResources:
    """Adds the author's own resources to the template of a service, after those of Serverless."""

    builder: Builder
    sections: dict[str, dict[str, Any]] = field(default_factory=lambda: {name: {} for name in _SECTIONS})

    def add(self, node: Tree) -> dict[str, dict[str, Any]]:
        """Merge `resources` into what Serverless makes; returns the sections of the template."""
        parts = list(self._parts(node))
        for part, path in parts:
            for name in _SECTIONS:
                for key, (each, where) in self.builder.entries(part.get(name), (*path, name)).items():
                    self._add_entry(name, key, each, where)
            for name in part.keys() & set(_FOR_PEOPLE):
                self.builder.note(Class.LEFT_OUT, (*path, name), "for people")
        for part, path in parts:
            for key, (each, where) in self.builder.entries(
                part.get(_EXTENSIONS), (*path, _EXTENSIONS)
            ).items():
                self._extend(key, self.builder.mapping(each, where), where)
        self.sections["Resources"] = {**self.builder.resources, **self.sections["Resources"]}
        return self.sections

    def _parts(self, node: Tree) -> Iterator[tuple[Mapping[str, Tree], KeyPath]]:
        """The parts of `resources`: one mapping, or a list of mappings that are merged."""
        path: KeyPath = ("resources",)
        value = self.builder.resolved(node, path)
        for number, each in enumerate(value if isinstance(value, list) else [value]):
            where = (*path, number) if isinstance(value, list) else path
            if isinstance(each, dict):
                yield each, where
            elif each is not None:
                self.builder.refuse(where, "must be a mapping")

    def _add_entry(self, section: str, key: str, entry: Tree, path: KeyPath) -> None:
        made = self.builder.resources if section == "Resources" else self.sections[section]
        if section == "Resources" and key not in made:
            if isinstance(entry, dict) and "Type" not in entry and key not in self.sections[section]:
                text = (
                    f"{key} changes a resource that Serverless makes, and that is not read here: look at it"
                )
                self.builder.note(Class.NOT_CARRIED, path, text)
                return
            made = self.sections[section]
        is_new = key not in made
        made[key] = entry if is_new else _merged(made[key], entry)
        if is_new:
            self.builder.origins[section, key] = path
            return
        for part, each in entry.items() if isinstance(entry, dict) else ():
            for name in each if part == "Properties" and isinstance(each, dict) else ():
                self.builder.origins[section, key, part, name] = (*path, part, name)
            if part != "Properties":
                self.builder.origins[section, key, part] = (*path, part)

    def _extend(self, key: str, extension: Mapping[str, Tree], path: KeyPath) -> None:
        """Give a resource other properties, each as a whole."""
        found = self.builder.resources.get(key) or self.sections["Resources"].get(key)
        if found is None:
            text = (
                f"{key} is a resource that Serverless makes, and that is not read here: look at what changes"
            )
            self.builder.note(Class.NOT_CARRIED, path, text)
            return
        for part, each in extension.items():
            if part == "Properties":
                for name, value in self.builder.mapping(each, (*path, part)).items():
                    found.setdefault(part, {})[name] = self.builder.resolved(value, (*path, part, name))
                    self.builder.origins["Resources", key, part, name] = (*path, part, name)
            elif part == "Condition":
                found[part] = each
                self.builder.origins["Resources", key, part] = (*path, part)
            else:
                self.builder.note(
                    Class.ELSEWHERE, (*path, part), "what CloudFormation does with the resource"
                )


def _merged(one: Any, other: Any) -> Any:
    """Two values as one: mappings and lists part by part, and of anything else the second."""
    if isinstance(one, dict) and isinstance(other, dict):
        return {
            **one,
            **{key: _merged(one[key], each) if key in one else each for key, each in other.items()},
        }
    if isinstance(one, list) and isinstance(other, list):
        return [*map(_merged, one, other), *one[len(other) :], *other[len(one) :]]
    return one if other is None else other
