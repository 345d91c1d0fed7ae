"""Collecting the CloudFormation template that a service becomes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from berth.tools.migrate.model.application import CodeSource, Place, Trigger
from berth.tools.migrate.model.findings import Class, Finding, Findings, Problem
from berth.tools.migrate.model.findings import Path as KeyPath
from berth.tools.migrate.model.values import Hole, Text, Tree, UnknownValue, as_text, is_scalar
from berth.tools.migrate.serverless.expressions import Malformed
from berth.tools.migrate.serverless.variables import Unresolvable, Variables
from berth.tools.migrate.source.documents import SourceDocument


@dataclass
class Builder:
    """The resources of a service by logical id, and where in serverless.yml each part of them stands."""

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

    def resolved(self, node: Tree, path: KeyPath) -> Tree:
        """A part of serverless.yml with its variables resolved; what cannot be is a problem, and None."""
        try:
            return self.variables.resolve(node)
        except (Unresolvable, Malformed) as wrong:
            self.refuse(path, str(wrong))
        except UnknownValue as unknown:
            self.refuse(path, f"must be known, and nothing gives {unknown.name} a value")
        return None

    def text(self, node: Tree, path: KeyPath, hole: str) -> Tree:
        """A value that may be known to the deployment alone; then `hole` names it."""
        try:
            value = self.variables.resolve(node)
        except UnknownValue as unknown:
            self.variables.holes.ask(hole, f"{node}, which depends on {unknown.name}")
            return Text((Hole(hole),))
        except (Unresolvable, Malformed) as wrong:
            self.refuse(path, str(wrong))
            return None
        return value

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
            self.refuse(path, f"must be known, and nothing gives {unknown.name} a value")
            return default

    def mapping(self, node: Tree, path: KeyPath) -> dict[str, Tree]:
        """A part that must be a mapping, or a list of mappings that together are one."""
        value = self.resolved(node, path) if isinstance(node, str) else node
        if isinstance(value, list):
            parts = [self.mapping(each, (*path, number)) for number, each in enumerate(value)]
            return {key: each for part in parts for key, each in part.items()}
        if value is not None and not isinstance(value, dict):
            self.refuse(path, "must be a mapping")
        return value if isinstance(value, dict) else {}

    def refuse(self, path: KeyPath, message: str) -> None:
        """Note a reason why nothing can be written."""
        problem = Problem(message, self.document.file, path, self.document.line(path))
        self.findings.refuse(problem)

    def note(self, kind: Class, path: KeyPath, text: str, name: str = "") -> None:
        """Add a finding about a key of serverless.yml."""
        self.findings.add(Finding(kind, path, text, self.document.file, name=name))

    def place(self, path: KeyPath) -> Place:
        """A key of serverless.yml."""
        return Place(self.document.file, path)


def logical_name(name: str) -> str:
    """A name as Serverless makes it part of logical ids: `my-job` is MyDashjob."""
    text = name.replace("-", "Dash").replace("_", "Underscore")
    return text[:1].upper() + text[1:]


def function_logical_id(name: str) -> str:
    """The logical id of a function by its key."""
    return f"{logical_name(name)}LambdaFunction"
