"""What no finding covers: it becomes a finding itself, so that nothing of a source is lost."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from berth.tools.migrate.model.findings import Class, Finding, Findings, Path
from berth.tools.migrate.source.documents import SourceDocument

# The sections of a template that configure nothing by themselves, and what became of them.
_SECTIONS = {
    "AWSTemplateFormatVersion": (Class.LEFT_OUT, "says only what a template is"),
    "Description": (Class.LEFT_OUT, "for people"),
    "Metadata": (Class.LEFT_OUT, "for tools"),
    "Transform": (Class.CARRIED, "was applied"),
    "Parameters": (Class.CARRIED, "its value counts where it is used"),
    "Conditions": (Class.CARRIED, "was evaluated where it is used"),
    "Mappings": (Class.CARRIED, "its values are where they are used"),
    "Rules": (Class.ELSEWHERE, "CloudFormation checks parameters by it"),
    "Outputs": (Class.ELSEWHERE, "stays in the stack"),
}
# Keys of a resource that order or describe it.
_OF_RESOURCES = {
    "Type": (Class.CARRIED, "the kind of resource"),
    "DependsOn": (Class.LEFT_OUT, "the order in which CloudFormation makes resources"),
    "Metadata": (Class.LEFT_OUT, "for tools"),
    "Description": (Class.LEFT_OUT, "for people"),
    "Condition": (Class.CARRIED, "was evaluated"),
    "DeletionPolicy": (Class.ELSEWHERE, "what CloudFormation does with the resource"),
    "UpdateReplacePolicy": (Class.ELSEWHERE, "what CloudFormation does with the resource"),
    "UpdatePolicy": (Class.ELSEWHERE, "how CloudFormation updates the resource"),
    "CreationPolicy": (Class.ELSEWHERE, "how CloudFormation makes the resource"),
}
# The types of resources that make, call, guard or configure functions. Of others a part may be read, such as
# whom a bucket notifies; the rest of them stays in AWS.
_OF_FUNCTIONS = re.compile(
    "AWS::(Lambda|ApiGateway|ApiGatewayV2|ElasticLoadBalancingV2|Scheduler)::.*"
    "|AWS::Serverless::(Function|Api|HttpApi|LayerVersion|Application)|AWS::Events::Rule|AWS::SNS::Subscription"
)
_ASKED = "what variables ask for of it is in the values that ask"
_REFERENCE = re.compile(r"\$\{([A-Za-z0-9]+)[.}]")
Rest = tuple[Class, str]
_RESOURCES = "Resources"
# Serverless has sections of a template below this key, in one mapping or in a list of mappings.
_OWN = "resources"


def unclassified(document: SourceDocument, findings: Findings, functions: Mapping[str, str]) -> list[Finding]:
    """A finding for each part of a document that no finding covers, as high in the document as possible.

    `functions` are the names of imported functions by their logical ids: resources that refer to them are
    told.
    """
    return list(_Search(document, findings, functions).run())


@dataclass
class _Search:
    document: SourceDocument
    findings: Findings
    functions: Mapping[str, str]

    def __post_init__(self) -> None:
        paths = {each.path for each in self.findings.entries if each.file == self.document.file}
        self._covered = paths
        self._touched = {path[:length] for path in paths for length in range(len(path) + 1)}

    def run(self) -> Iterator[Finding]:
        tree = self.document.tree
        if () in self._covered:
            return
        if not isinstance(tree, dict):
            for number, each in enumerate(tree if isinstance(tree, list) else ()):
                yield from self._uncovered((number,), each)
            return
        is_template = isinstance(tree.get(_RESOURCES), dict) or tree.keys() <= {*_SECTIONS, "extensions"}
        if self.document.asked == () and not self._touched:
            yield self._found(Class.LEFT_OUT, (), _ASKED)
            return
        for key, value in tree.items():
            if is_template and key in _SECTIONS:
                yield from self._section((key,), value)
            else:
                yield from self._uncovered((key,), value)

    def _section(self, path: Path, value: Any) -> Iterator[Finding]:
        kind, text = _SECTIONS[str(path[-1])]
        is_whole = not isinstance(value, dict) or path[-1] == "Metadata"
        for each in [path] if is_whole else [(*path, key) for key in value]:
            if not self.findings.covers(each, self.document.file):
                yield self._found(kind, each, text)

    def _resources(self, path: Path, resources: Mapping[str, Any]) -> Iterator[Finding]:
        for name, resource in resources.items():
            own = (*path, name)
            if own in self._covered:
                continue
            if own in self._touched and isinstance(resource, dict):
                rest = self._rest_of(name, resource)
                for key, value in resource.items():
                    yield from self._of_resource((*own, key), value, rest)
            else:
                yield self._found(Class.ELSEWHERE, own, self._stays(name, resource))

    def _stays(self, name: str, resource: Any) -> str:
        kind = resource.get("Type", "a resource") if isinstance(resource, dict) else "a resource"
        also = self._references(resource)
        return f"{name} ({kind}) stays in AWS{also}"

    def _rest_of(self, name: str, resource: Mapping[str, Any]) -> Rest | None:
        """What is told of the parts of a resource that nobody reads; None if they are not understood."""
        if _OF_FUNCTIONS.fullmatch(str(resource.get("Type"))):
            return None
        return Class.ELSEWHERE, self._stays(name, {"Type": resource.get("Type")})

    def _of_resource(self, path: Path, value: Any, rest: Rest | None) -> Iterator[Finding]:
        kind, text = _OF_RESOURCES.get(str(path[-1]), (None, ""))
        if kind is None or path in self._touched:
            yield from self._uncovered(path, value, rest)
        else:
            yield self._found(kind, path, text)

    def _uncovered(self, path: Path, value: Any, rest: Rest | None = None) -> Iterator[Finding]:
        """The parts of a value that no finding names; the whole value where none names a part of it."""
        if path in self._covered:
            return
        if path in self.document.units:
            yield from self._unit(path, value)
        elif _is_resources(path, value):
            yield from self._resources(path, value)
        elif _is_section(path):
            yield from self._section(path, value)
        elif _is_resource(value):
            yield self._found(Class.ELSEWHERE, path, self._stays(str(path[-1]), value))
        elif path in self.document.askers and not self._is_asked_for(path):
            yield self._found(Class.CARRIED, path, "what it names is read in its place")
        elif path not in self._touched and self._is_asked_for(path):
            yield self._found(Class.LEFT_OUT, path, _ASKED)
        elif path not in self._touched and not _has_resources(value):
            kind, text = rest or (Class.NOT_CARRIED, f"not understood: {_shown(path)}")
            yield self._found(kind, path, text + self._references(value))
        elif isinstance(value, dict):
            for key, each in value.items():
                yield from self._uncovered((*path, key), each, rest)
        elif isinstance(value, list):
            for number, each in enumerate(value):
                yield from self._uncovered((*path, number), each, rest)

    def _unit(self, path: Path, value: Any) -> Iterator[Finding]:
        """A resource that a tool has written: what is left of it, and what somebody set and nobody read."""
        address = value.get("address") if isinstance(value, dict) else None
        if path not in self._touched:
            resource = {"Type": value.get("type", "a resource")} if isinstance(value, dict) else None
            yield self._found(Class.ELSEWHERE, path, self._stays(str(address or path[-1]), resource))
            return
        yield self._found(Class.LEFT_OUT, path, f"{address}: what its tool and AWS add to it")
        for part in self.document.units[path]:
            if part not in self._touched and not self.findings.covers(part, self.document.file):
                yield self._found(Class.NOT_CARRIED, part, f"not understood: {_shown(part)}")

    def _is_asked_for(self, path: Path) -> bool:
        """Whether only variables ask for a path, and nothing around it was read as a whole."""
        asked, parts = self.document.asked, self.document.parts
        if asked is None or path[: len(asked)] != asked:
            return False
        return not any(path[:length] in parts for length in range(len(path)))

    def _references(self, value: Any) -> str:
        """The imported functions that a value refers to."""
        found = sorted({self.functions[each] for each in _referred(value) if each in self.functions})
        return f"; it also refers to {', '.join(found)}" if found else ""

    def _found(self, kind: Class, path: Path, text: str) -> Finding:
        return Finding(kind, path, text, self.document.file)


def _is_resources(path: Path, value: Any) -> bool:
    """Whether a value is the resources of a template, or of the template in a serverless.yml."""
    return (path == (_RESOURCES,) or _is_own(path, _RESOURCES)) and isinstance(value, dict)


def _is_section(path: Path) -> bool:
    """Whether a path is that of another section of the template in a serverless.yml."""
    return str(path[-1]) in _SECTIONS and _is_own(path, str(path[-1]))


def _is_own(path: Path, section: str) -> bool:
    entry = path[1:-1]
    is_part = not entry or (len(entry) == 1 and isinstance(entry[0], int))
    return len(path) > 1 and path[0] == _OWN and path[-1] == section and is_part


def _is_resource(value: Any) -> bool:
    """Whether a value looks like a resource of a template, wherever it stands."""
    return isinstance(value, dict) and "::" in str(value.get("Type", ""))


def _has_resources(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get(_RESOURCES), dict)


def _shown(path: Sequence[str | int]) -> str:
    return str(next((key for key in reversed(path) if isinstance(key, str)), path))


def _referred(value: Any) -> Iterator[str]:
    """The logical ids that a value refers to."""
    if isinstance(value, list):
        for each in value:
            yield from _referred(each)
    elif isinstance(value, dict):
        for key, each in value.items():
            if key in ("Ref", "Fn::GetAtt", "DependsOn"):
                yield from re.findall("[A-Za-z0-9]+", json.dumps(each, default=str))
            else:
                yield from _referred(each)
    elif isinstance(value, str):
        yield from _REFERENCE.findall(value)
