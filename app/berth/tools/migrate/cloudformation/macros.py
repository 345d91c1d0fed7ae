"""The macros that a template names: which ones are applied here, and what stops an import."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from berth.tools.migrate.cloudformation.conditions import Unevaluable
from berth.tools.migrate.cloudformation.evaluation import Evaluator
from berth.tools.migrate.cloudformation.foreach import has_loops
from berth.tools.migrate.cloudformation.include import INCLUDE, MACRO
from berth.tools.migrate.cloudformation.template import Template
from berth.tools.migrate.model.findings import Class, Finding, Findings, Path, Problem
from berth.tools.migrate.model.values import Tree, UnknownValue
from berth.tools.migrate.source.documents import mapping_at

SAM = "AWS::Serverless-2016-10-31"
LANGUAGE_EXTENSIONS = "AWS::LanguageExtensions"
_APPLIED = (SAM, LANGUAGE_EXTENSIONS, INCLUDE)
_WAY_OUT = (
    "import the template that AWS made of it instead: "
    "aws cloudformation get-template --template-stage Processed --stack-name NAME"
)
# The keys of an event that SAM needs as a text, below `Properties`.
_LITERALS = (("Path",), ("Method",), ("Auth", "Authorizer"))


def macro_names(template: Template) -> tuple[str, ...]:
    """The macros of a template's `Transform`, in order."""
    return tuple(name for name, _ in _declared(template))


def _declared(template: Template) -> Iterator[tuple[str, Path]]:
    written = template.body.get("Transform")
    entries = written if isinstance(written, list) else [written]
    for index, each in enumerate(entries):
        name = each.get("Name") if isinstance(each, dict) else each
        if name is not None:
            yield str(name), ("Transform", index) if isinstance(written, list) else ("Transform",)


def check_macros(template: Template, findings: Findings) -> None:
    """Refuse what only AWS can process; note the macros that are applied here."""
    for name, path in _declared(template):
        if name in _APPLIED:
            findings.add(Finding(Class.CARRIED, path, f"{name} is applied", template.document.file))
        else:
            _refuse(template, findings, path, f"the macro {name} runs on AWS only: {_WAY_OUT}")
    for path, name in _macro_calls(template.body, ()):
        _refuse(template, findings, path, f"the macro {name} runs on AWS only: {_WAY_OUT}")
    if has_loops(template.body) and LANGUAGE_EXTENSIONS not in macro_names(template):
        text = f"has Fn::ForEach, and its Transform does not name {LANGUAGE_EXTENSIONS}"
        _refuse(template, findings, ("Transform",), text)
    types = [str(mapping_at(each).get("Type")) for each in template.section("Resources").values()]
    if SAM not in macro_names(template) and any(each.startswith("AWS::Serverless::") for each in types):
        text = f"has resources of SAM (AWS::Serverless::...), and its Transform does not name {SAM}"
        _refuse(template, findings, ("Transform",), text)
    for name, entry in template.section("Resources").items():
        path = ("Resources", name)
        if str(mapping_at(entry).get("Type")).endswith("::MODULE"):
            _refuse(template, findings, path, f"is a module, which only AWS can expand: {_WAY_OUT}")
        if "AWS::CloudFormation::Init" in mapping_at(entry, "Metadata"):
            text = f"has AWS::CloudFormation::Init, which sets up a machine and is not read: {_WAY_OUT}"
            _refuse(template, findings, (*path, "Metadata", "AWS::CloudFormation::Init"), text)


def _macro_calls(node: Tree, path: Path) -> Iterator[tuple[Path, str]]:
    """The macros that are called inside a template, apart from AWS::Include."""
    if isinstance(node, dict):
        if MACRO in node:
            name = str(mapping_at(node, MACRO).get("Name"))
            if name != INCLUDE:
                yield (*path, MACRO), name
        for key, each in node.items():
            yield from _macro_calls(each, (*path, key))
    elif isinstance(node, list):
        for index, each in enumerate(node):
            yield from _macro_calls(each, (*path, index))


def _refuse(template: Template, findings: Findings, path: Path, message: str) -> None:
    place = template.place(*path)
    findings.refuse(Problem(message, place.file, place.path, template.line(place)))


@dataclass
class Literals:
    """Writes texts where SAM needs them: AWS::LanguageExtensions evaluates functions before SAM runs."""

    template: Template
    evaluator: Evaluator
    findings: Findings

    def applied(self) -> Template:
        """The template with a text for each path, method and authorizer of an event that is known."""
        resources = {name: self._resource(name, each) for name, each in self._resources().items()}
        return replace(self.template, body={**self.template.body, "Resources": resources})

    def _resources(self) -> Mapping[str, Any]:
        return self.template.section("Resources")

    def _resource(self, name: str, entry: Tree) -> Tree:
        events = mapping_at(entry, "Properties", "Events")
        if not events:
            return entry
        path = ("Resources", name, "Properties", "Events")
        made = {event: self._event((*path, event), each) for event, each in events.items()}
        return {**entry, "Properties": {**entry["Properties"], "Events": made}}

    def _event(self, path: Path, event: Tree) -> Tree:
        properties = mapping_at(event, "Properties")
        for keys in _LITERALS:
            node = mapping_at(properties, *keys[:-1]).get(keys[-1])
            if isinstance(node, dict):
                value = self._known(node, (*path, "Properties", *keys))
                properties = _replaced(properties, keys, value)
        return {**event, "Properties": properties} if properties else event

    def _known(self, node: Tree, path: Path) -> Tree:
        try:
            value = self.evaluator.known(node)
            parameters = sorted(self.evaluator.depends_on(node))
        except (UnknownValue, Unevaluable):
            return node  # the translator refuses it, and names the event
        values = self.evaluator.holes.values
        shown = ", ".join(f"{name}={values.get(name, '?')}" for name in parameters)
        place = self.template.place(*path)
        text = f"{value}{f', of this stage: {shown}' if shown else ''}"
        self.findings.add(Finding(Class.CARRIED, place.path, text, place.file))
        return value


def _replaced(node: Mapping[str, Any], keys: tuple[str, ...], value: Tree) -> dict[str, Any]:
    inner = value if len(keys) == 1 else _replaced(mapping_at(node, keys[0]), keys[1:], value)
    return {**node, keys[0]: inner}
