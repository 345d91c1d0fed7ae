"""Making a stack of a service: serverless.yml as Serverless itself would deploy it."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from berth.tools.migrate.cloudformation.evaluation import Evaluator
from berth.tools.migrate.cloudformation.parameters import parameter_values
from berth.tools.migrate.cloudformation.stack import Stack
from berth.tools.migrate.cloudformation.template import Template
from berth.tools.migrate.model.findings import Class, Findings
from berth.tools.migrate.model.findings import Path as KeyPath
from berth.tools.migrate.model.request import ImportRequest
from berth.tools.migrate.model.values import Holes, Tree
from berth.tools.migrate.serverless.builder import Builder, function_logical_id
from berth.tools.migrate.serverless.functions import (
    EXECUTION_ROLE,
    Functions,
    has_role,
    inline_policy,
    note_function_keys,
)
from berth.tools.migrate.serverless.http import RestApi
from berth.tools.migrate.serverless.http_api import HttpApi
from berth.tools.migrate.serverless.keys import note_keys, note_plugins
from berth.tools.migrate.serverless.other_events import read_trigger
from berth.tools.migrate.serverless.variables import Variables
from berth.tools.migrate.source.documents import SourceDocument, as_mapping

# The sections of `resources` that become sections of the template.
_SECTIONS = ("Resources", "Outputs", "Conditions", "Mappings", "Parameters")


def open_service(
    document: SourceDocument, request: ImportRequest, holes: Holes, findings: Findings
) -> list[Stack]:
    """Read a service; raises ImportRefused where the document is none."""
    tree = as_mapping(document)
    variables = Variables(tree, document.path.parent, request, holes)
    builder = Builder(document, variables, findings)
    provider = builder.mapping(tree.get("provider"), ("provider",))
    name = builder.known(provider.get("name"), ("provider", "name"), "aws")
    if name != "aws":
        builder.refuse(("provider", "name"), f"is {name}: only services on AWS are imported")
    sections = _Service(builder, tree, provider).build()
    template = Template(
        document,
        sections,
        builder.origins,
        code=builder.code,
        names=builder.names,
        triggers=builder.triggers,
    )
    given = _pseudo_parameters(builder, provider, request)
    values = parameter_values(template, given, holes, findings)
    return [Stack(template, Evaluator(template, holes, values), findings)]


def _pseudo_parameters(
    builder: Builder, provider: Mapping[str, Any], request: ImportRequest
) -> dict[str, Tree]:
    """The pseudo parameters that are known: the region of the provider, and those that the user gives."""
    given = {name: each for name, each in request.parameters.items() if name.startswith("AWS::")}
    region = request.region or builder.known(provider.get("region"), ("provider", "region"))
    return {**({"AWS::Region": region} if region else {}), **given}


class _Service:
    """One service on its way to a template."""

    def __init__(self, builder: Builder, tree: Mapping[str, Any], provider: Mapping[str, Any]) -> None:
        self.builder = builder
        self.tree = tree
        self.provider = provider
        self.rest_api = RestApi(builder, _settled(builder, provider))
        self.http_api = HttpApi(builder, _settled(builder, provider))

    def build(self) -> dict[str, Any]:
        """The sections of the template."""
        builder, tree = self.builder, self.tree
        functions = Functions(builder, self.provider, self._patterns, self._artifact)
        functions.add_layers(builder.mapping(tree.get("layers"), ("layers",)))
        made = functions.add(builder.mapping(tree.get("functions"), ("functions",)))
        self._add_role()
        for key, entry in made.items():
            self._add_events(key, entry)
            note_function_keys(builder, key, entry)
        self.rest_api.finish()
        self.http_api.finish()
        sections = self._sections()
        sections["Resources"] = {**sections.get("Resources", {}), **builder.resources}
        note_plugins(builder, tree)
        note_keys(builder, tree, self.provider)
        return sections

    def _sections(self) -> dict[str, Any]:
        """The user's own part of the template: `resources`, and what `extensions` change of it."""
        written = self.builder.mapping(self.tree.get("resources"), ("resources",))
        sections: dict[str, Any] = {}
        for name in _SECTIONS:
            path = ("resources", name)
            entries = self.builder.mapping(written.get(name), path)
            sections[name] = {key: self.builder.resolved(each, (*path, key)) for key, each in entries.items()}
            self.builder.origins.update({(name, key): (*path, key) for key in entries})
        extensions = self.builder.mapping(written.get("extensions"), ("resources", "extensions"))
        for name, each in extensions.items():
            where = ("resources", "extensions", name)
            text = f"the extension of {name} is not carried: look at what it changes"
            self.builder.note(Class.NOT_CARRIED, where, text)
            self.builder.resolved(each, where)
        return sections

    def _add_events(self, key: str, entry: Mapping[str, Any]) -> None:
        path: KeyPath = ("functions", key, "events")
        events = self.builder.resolved(entry.get("events"), path) or []
        if not isinstance(events, list):
            self.builder.refuse(path, "must be a list")
            return
        for number, event in enumerate(events):
            pairs = event.items() if isinstance(event, dict) else [(event, {})]
            for kind, node in pairs:
                self._add_event(key, entry, str(kind), number, node)
        if "url" in entry:
            self.http_api.add_url(key, entry["url"], ("functions", key, "url"))

    def _add_event(self, key: str, entry: Mapping[str, Any], kind: str, number: int, node: Tree) -> None:
        path: KeyPath = ("functions", key, "events", number)
        of_http: dict[str, Callable[[], None]] = {
            "http": lambda: self.rest_api.add(key, node, path),
            "httpApi": lambda: self.http_api.add_route(key, entry, node, path),
            "alb": lambda: self.http_api.add_rule(key, node, path),
        }
        if kind in of_http:
            of_http[kind]()
            return
        name = function_logical_id(key)
        self.builder.triggers.setdefault(name, []).extend(
            read_trigger(self.builder, kind, number, node, path)
        )

    def _add_role(self) -> None:
        """The one role of all functions: `provider.iam.role.statements`, or the older `iamRoleStatements`."""
        iam = self.builder.mapping(self.provider.get("iam"), ("provider", "iam"))
        role = self.builder.mapping(iam.get("role"), ("provider", "iam", "role"))
        old = self.provider.get("iamRoleStatements", [])
        path = ("provider", "iam") if iam else ("provider", "iamRoleStatements")
        if not has_role(self.provider):
            return
        statements = self.builder.resolved(role.get("statements", old), path)
        managed = self.builder.resolved(role.get("managedPolicies", []), path)
        properties = {"Policies": [inline_policy(statements)], "ManagedPolicyArns": managed}
        self.builder.add(EXECUTION_ROLE, "AWS::IAM::Role", properties, path)

    def _patterns(self, entry: Mapping[str, Any], origin: KeyPath) -> tuple[str, ...]:
        """The patterns of a function's code: the service's, then its own; the older words become these."""
        package = self.builder.mapping(self.tree.get("package"), ("package",))
        own = self.builder.mapping(entry.get("package"), (*origin, "package"))
        return (*self._of_package(package, ("package",)), *self._of_package(own, (*origin, "package")))

    def _of_package(self, package: Mapping[str, Any], path: KeyPath) -> list[str]:
        made: list[str] = []
        for key, before in (("exclude", "!"), ("include", ""), ("patterns", "")):
            written = self.builder.resolved(package.get(key), (*path, key)) or []
            made += [f"{before}{each}" for each in written if isinstance(each, str)]
        return made

    def _artifact(self, entry: Mapping[str, Any], origin: KeyPath) -> Path | None:
        for node, path in (
            (entry.get("package"), (*origin, "package")),
            (self.tree.get("package"), ("package",)),
        ):
            package = self.builder.mapping(node, path)
            if "artifact" in package:
                written = self.builder.known(package["artifact"], (*path, "artifact"))
                return self.builder.variables.folder / written
        return None


def _settled(builder: Builder, provider: Mapping[str, Any]) -> dict[str, Any]:
    """The provider with the settings of its APIs resolved."""
    resolved = {
        key: builder.resolved(provider[key], ("provider", key))
        for key in ("apiGateway", "httpApi")
        if key in provider
    }
    return {**provider, **resolved}
