"""Collecting the CloudFormation template that a service becomes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from berth.tools.migrate.cloudformation.template import Inset
from berth.tools.migrate.model.application import CodeSource, Place, Trigger
from berth.tools.migrate.model.findings import Class, Finding, Findings, Problem, shown_path
from berth.tools.migrate.model.findings import Path as KeyPath
from berth.tools.migrate.model.values import Text, Tree, UnknownValue, as_text, is_scalar
from berth.tools.migrate.serverless.expressions import Malformed
from berth.tools.migrate.serverless.found import Unresolvable
from berth.tools.migrate.serverless.variables import Variables
from berth.tools.migrate.source.documents import SourceDocument

_YES = ("true", "1", "yes", "on")


@dataclass
class Builder:
    """The resources of a service by logical id, and where in serverless.yml each part of them stands.

    Paths are those of serverless.yml as it would be with the files that it names in their places.
    """

    document: SourceDocument
    variables: Variables
    findings: Findings
    resources: dict[str, dict[str, Any]] = field(default_factory=dict)
    origins: dict[KeyPath, KeyPath] = field(default_factory=dict)
    code: dict[str, CodeSource] = field(default_factory=dict)
    names: dict[str, tuple[str, ...]] = field(default_factory=dict)
    triggers: dict[str, list[Trigger]] = field(default_factory=dict)

    def add(self, name: str, kind: str, properties: Mapping[str, Any], origin: KeyPath, **more: Any) -> None:
        """Add one resource, which a key of serverless.yml asks for."""
        self.resources[name] = {"Type": kind, "Properties": dict(properties), **more}
        self.origins["Resources", name] = origin

    def set(self, name: str, key: str, value: Tree, origin: KeyPath) -> None:
        """Set a property of a resource, which stands at a key of its own; None sets nothing."""
        if value is not None:
            self.resources[name]["Properties"][key] = value
            self.origins["Resources", name, "Properties", key] = origin

    def resolved(self, node: Tree, path: KeyPath) -> Tree:
        """A part of serverless.yml with its variables resolved; what cannot be is a problem, and None.

        A text in it that depends on what nobody knows is a hole named after its path.
        """
        try:
            return self.variables.resolve(node, self.place(path))
        except (Unresolvable, Malformed) as wrong:
            self.refuse(path, str(wrong))
            return None
        except UnknownValue as unknown:
            return self._around_hole(node, path, unknown)

    def _around_hole(self, node: Tree, path: KeyPath, unknown: UnknownValue) -> Tree:
        if isinstance(node, dict):
            return {key: self.resolved(each, (*path, key)) for key, each in node.items()}
        if isinstance(node, list):
            return [self.resolved(each, (*path, number)) for number, each in enumerate(node)]
        name = shown_path(path)
        return self.variables.options.hole(name, f"{name}, which depends on {unknown.name}")

    def text(self, node: Tree, path: KeyPath, hole: str) -> Tree:
        """A value that may be known to the deployment alone; then `hole` names it."""
        try:
            return self.variables.resolve(node, self.place(path))
        except UnknownValue as unknown:
            return self.variables.options.hole(hole, f"{hole}, which depends on {unknown.name}")
        except (Unresolvable, Malformed) as wrong:
            self.refuse(path, str(wrong))
            return None

    def known(self, node: Tree, path: KeyPath, default: str = "") -> str:
        """A text that must be known under the given parameters; what is missing is a problem."""
        value = self.resolved(node, path)
        if value is None:
            return default
        if not is_scalar(value):
            self.refuse(path, "must be a text")
            return default
        try:
            return self.variables.holes.resolved(as_text(value))
        except UnknownValue as unknown:
            what = self.variables.holes.meanings.get(unknown.name, unknown.name)
            hint = f"give it: --parameter {unknown.name}=..."
            self.refuse(path, f"must be known, and nothing tells {what}; {hint}")
            return default

    def flag(self, node: Tree, path: KeyPath) -> bool:
        """Whether a value is true; any other value than a scalar is."""
        value = self.resolved(node, path)
        if isinstance(value, Text):
            return self.known(value, path).strip().lower() in _YES
        return value.strip().lower() in _YES if isinstance(value, str) else bool(value)

    def mapping(self, node: Tree, path: KeyPath) -> dict[str, Tree]:
        """A part that must be a mapping, or a list of mappings that together are one."""
        return {key: each for key, (each, _) in self.entries(node, path).items()}

    def entries(self, node: Tree, path: KeyPath) -> dict[str, tuple[Tree, KeyPath]]:
        """The entries of a mapping, or of a list of mappings that together are one, each with its path."""
        value = self.resolved(node, path) if isinstance(node, str) else node
        if isinstance(value, list):
            parts = [self.entries(each, (*path, number)) for number, each in enumerate(value)]
            return {key: each for part in parts for key, each in part.items()}
        if value is not None and not isinstance(value, dict):
            self.refuse(path, "must be a mapping")
        return (
            {str(key): (each, (*path, key)) for key, each in value.items()} if isinstance(value, dict) else {}
        )

    def items(self, node: Tree, path: KeyPath) -> list[Tree]:
        """A part that must be a list; a single scalar counts as a list of one."""
        value = self.resolved(node, path)
        if value is None:
            return []
        if isinstance(value, dict):
            self.refuse(path, "must be a list")
            return []
        return value if isinstance(value, list) else [value]

    def refuse(self, path: KeyPath, message: str) -> None:
        """Note a reason why nothing can be written."""
        place = self.place(path)
        documents = (self.document, *self.variables.files.documents)
        line = next((each.line(place.path) for each in documents if each.file == place.file), 0)
        self.findings.refuse(Problem(message, place.file, place.path, line))

    def note(self, kind: Class, path: KeyPath, text: str, name: str = "", function: str = "") -> None:
        """Add a finding about a key of serverless.yml."""
        place = self.place(path)
        self.findings.add(Finding(kind, place.path, text, place.file, function, name))

    def place(self, path: KeyPath) -> Place:
        """Where a key stands: in serverless.yml, or in the file or section that a variable names."""
        place = Place(self.document.file, path)
        for _ in range(len(self.variables.moves) + 1):
            moved = self._moved(place)
            if moved is None:
                break
            place = moved
        return place

    def _moved(self, place: Place) -> Place | None:
        """The place of what stands below a variable, from the place of the variable."""
        for length in range(len(place.path) - 1, -1, -1):
            target = self.variables.moves.get(Place(place.file, place.path[:length]))
            if target is not None:
                return target.at(*place.path[length:])
        return None

    def insets(self) -> dict[KeyPath, Inset]:
        """What stands elsewhere than in its place in serverless.yml, by every path that leads to it."""
        documents = {each.file: each for each in (self.document, *self.variables.files.documents)}
        made: dict[KeyPath, Inset] = {}
        for origin in self.origins.values():
            for length in range(1, len(origin) + 1):
                place, path = self.place(origin[:length]), origin[:length]
                if place != Place(self.document.file, path) and path not in made:
                    made[path] = Inset(documents[place.file], place.path)
        return made
