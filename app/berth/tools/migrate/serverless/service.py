"""Making a stack of a service: serverless.yml as Serverless itself would deploy it."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from berth.tools.migrate.cloudformation.evaluation import Evaluator
from berth.tools.migrate.cloudformation.from_stack import Clients, DeployedStack, boto_clients, fill_holes
from berth.tools.migrate.cloudformation.parameters import parameter_values
from berth.tools.migrate.cloudformation.stack import Stack
from berth.tools.migrate.cloudformation.template import Template
from berth.tools.migrate.model.findings import Findings, Problem
from berth.tools.migrate.model.findings import Path as KeyPath
from berth.tools.migrate.model.request import ImportRequest
from berth.tools.migrate.model.values import Holes, Text, Tree, as_text, is_scalar
from berth.tools.migrate.serverless.alb import LoadBalancers
from berth.tools.migrate.serverless.builder import Builder
from berth.tools.migrate.serverless.functions import Functions
from berth.tools.migrate.serverless.http import RestApi
from berth.tools.migrate.serverless.http_api import HttpApi, add_url
from berth.tools.migrate.serverless.keys import note_keys
from berth.tools.migrate.serverless.logical_ids import function_logical_id
from berth.tools.migrate.serverless.options import REGION
from berth.tools.migrate.serverless.other_events import read_trigger
from berth.tools.migrate.serverless.resources import OwnResources
from berth.tools.migrate.serverless.variables import Variables
from berth.tools.migrate.source.documents import SourceDocument, as_mapping


def open_service(
    document: SourceDocument,
    request: ImportRequest,
    holes: Holes,
    findings: Findings,
    clients: Clients | None = None,
) -> list[Stack]:
    """Read a service; `clients` makes the clients of AWS for `--from-stack`.

    Raises ImportRefused where the document is none, or AWS does not answer.
    """
    tree = as_mapping(document)
    variables = Variables(document, request, holes)
    builder = Builder(document, variables, findings)
    provider = _provider(builder, tree.get("provider"))
    name = builder.known(provider.get("name"), ("provider", "name"), "aws")
    if name != "aws":
        builder.refuse(("provider", "name"), f"is {name}: only services on AWS are imported")
    sections = _Service(builder, tree, provider).build() if name == "aws" else {}
    template = Template(
        _marked(document, variables, ("custom",)),
        sections,
        builder.origins,
        code=builder.code,
        names=builder.names,
        triggers=builder.triggers,
        insets=builder.insets(),
        files=tuple(_marked(each, variables, ()) for each in variables.files.documents),
        is_partial=True,
    )
    declared = sections.get("Parameters", {})
    given = _given(builder, provider, declared)
    _refuse_unasked(builder, declared)
    if not request.from_stack:
        values = parameter_values(template, given, holes, findings)
        return [Stack(template, Evaluator(template, holes, values), findings)]
    deployed = DeployedStack(request.from_stack, clients or boto_clients(variables.options.region))
    told = {name: each for name, each in deployed.parameters.items() if name in declared}
    values = parameter_values(template, {**told, **deployed.pseudo_parameters, **given}, holes, findings)
    stack = Stack(template, Evaluator(template, holes, values), findings)
    fill_holes(stack, deployed)
    return [stack]


def _provider(builder: Builder, node: Tree) -> dict[str, Tree]:
    """The provider, which may be its name alone."""
    value = builder.resolved(node, ("provider",)) if isinstance(node, str) and "${" in node else node
    return {"name": value} if isinstance(value, str) else builder.mapping(value, ("provider",))


def _marked(document: SourceDocument, variables: Variables, asked: KeyPath) -> SourceDocument:
    """A document with the part that only variables ask for, and what of it they take as a whole."""
    parts = frozenset(each.path for each in variables.moves.values() if each.file == document.file)
    askers = frozenset(each.path for each in variables.moves if each.file == document.file)
    return replace(document, asked=asked, parts=parts, askers=askers)


def _given(builder: Builder, provider: Mapping[str, Tree], declared: Mapping[str, Any]) -> dict[str, Tree]:
    """The values of parameters: those of the provider, those that the user gives, and the region."""
    path = ("provider", "stackParameters")
    entries = builder.items(provider.get("stackParameters"), path)
    given = {
        str(each["ParameterKey"]): each["ParameterValue"]
        for each in entries
        if isinstance(each, dict) and {"ParameterKey", "ParameterValue"} <= each.keys()
    }
    asked = builder.variables.request.parameters
    given |= {name: each for name, each in asked.items() if name in declared or name.startswith("AWS::")}
    region = builder.variables.options.region
    return {**({REGION: region} if region else {}), **given}


def _refuse_unasked(builder: Builder, declared: Mapping[str, Any]) -> None:
    """Refuse what the user gives and nothing asks for."""
    known = builder.variables.options.asked | declared.keys()
    for name in builder.variables.request.parameters:
        if name not in known and not name.startswith("AWS::"):
            text = f"--parameter {name}: the service asks for no such option or parameter"
            builder.findings.refuse(Problem(text, builder.document.file))


class _Service:
    """One service on its way to a template."""

    def __init__(self, builder: Builder, tree: Mapping[str, Any], provider: Mapping[str, Tree]) -> None:
        self.builder = builder
        self.tree = tree
        self.provider = provider
        name = self._name()
        self.functions = Functions(builder, tree, provider, name)
        self.rest_api = RestApi(builder, provider, name)
        self.http_api = HttpApi(builder, provider, name)
        self.load_balancers = LoadBalancers(builder, provider)

    def _name(self) -> Text:
        """The service's name."""
        written = self.builder.resolved(self.tree.get("service"), ("service",))
        name = written.get("name") if isinstance(written, dict) else written
        return as_text(name) if is_scalar(name) else Text()

    def build(self) -> dict[str, Any]:
        """The sections of the template."""
        builder, tree = self.builder, self.tree
        for key, (entry, origin) in self.functions.add().items():
            self._add_events(key, entry, (*origin, "events"))
            if "url" in entry:
                add_url(builder, function_logical_id(key), entry["url"], (*origin, "url"))
        self.rest_api.finish()
        self.http_api.finish()
        note_keys(builder, tree, self.provider)
        return OwnResources(builder).add(tree.get("resources"))

    def _add_events(self, key: str, entry: Mapping[str, Tree], path: KeyPath) -> None:
        for number, event in enumerate(self.builder.items(entry.get("events"), path)):
            if isinstance(event, dict):
                for kind, node in event.items():
                    self._add_event(key, entry, str(kind), node, (*path, number, kind))
            elif is_scalar(event):
                self._add_event(key, entry, str(as_text(event)), None, (*path, number))

    def _add_event(self, key: str, entry: Mapping[str, Tree], kind: str, node: Tree, path: KeyPath) -> None:
        of_http: dict[str, Callable[[], None]] = {
            "http": lambda: self.rest_api.add(key, node, path),
            "httpApi": lambda: self.http_api.add(key, entry, node, path),
            "alb": lambda: self.load_balancers.add(key, node, path),
        }
        if kind in of_http:
            of_http[kind]()
            return
        number = next(part for part in reversed(path) if isinstance(part, int))
        triggers = self.builder.triggers.setdefault(function_logical_id(key), [])
        triggers.extend(read_trigger(self.builder, kind, number, node, path))
