"""Making a stack of a Terraform state or plan."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from berth.tools.migrate.cloudformation.evaluation import Evaluator
from berth.tools.migrate.cloudformation.stack import Stack
from berth.tools.migrate.cloudformation.template import Template
from berth.tools.migrate.model.application import CodeSource, Place
from berth.tools.migrate.model.findings import Class, Finding, Findings
from berth.tools.migrate.model.findings import Path as KeyPath
from berth.tools.migrate.model.request import ImportRequest
from berth.tools.migrate.model.values import Holes
from berth.tools.migrate.source.documents import SourceDocument, mapping_at
from berth.tools.migrate.terraform.code import code_of
from berth.tools.migrate.terraform.configuration import Configuration
from berth.tools.migrate.terraform.conversion import CONVERTERS, OF_DATA, PARTS
from berth.tools.migrate.terraform.converting import Conversion
from berth.tools.migrate.terraform.functions import FUNCTION, LAYER, hides_variables
from berth.tools.migrate.terraform.links import Links
from berth.tools.migrate.terraform.state import TerraformResource, read_resources

_ARN = re.compile(r"arn:[^:]*:lambda:(?P<region>[^:]+):(?P<account>[0-9]+):")
_VALUES = ("values", "planned_values")
_OUTPUTS = "stays in Terraform"
_OF_TERRAFORM = "what Terraform says of itself, or says again"


def open_state(
    document: SourceDocument, request: ImportRequest, holes: Holes, findings: Findings
) -> list[Stack]:
    """Read what `terraform show -json` printed; raises ImportRefused where it is something else."""
    resources = read_resources(document, holes)
    configuration = Configuration(mapping_at(document.tree, "configuration", "root_module"))
    opening = _Opening(document, Links(resources, configuration, holes), findings)
    for each in resources:
        opening.add(each)
    for path, kind, text in _around(document.tree):
        findings.add(Finding(kind, path, text, document.file))
    for name, value in _known(resources, request).items():
        holes.know(name, value)
    template = opening.template()
    return [Stack(template, Evaluator(template, holes), findings)]


@dataclass
class _Opening:
    """A template in the making."""

    document: SourceDocument
    links: Links
    findings: Findings
    body: dict[str, Any] = field(default_factory=dict)
    origins: dict[KeyPath, KeyPath] = field(default_factory=dict)
    units: dict[KeyPath, Sequence[KeyPath]] = field(default_factory=dict)
    code: dict[str, CodeSource] = field(default_factory=dict)
    names: dict[str, tuple[str, ...]] = field(default_factory=dict)
    arns: dict[str, str] = field(default_factory=dict)

    def template(self) -> Template:
        """The template of the resources that were added."""
        document = replace(self.document, units=self.units)
        body = {"Resources": self.body}
        return Template(document, body, self.origins, code=self.code, names=self.names, arns=self.arns)

    def add(self, resource: TerraformResource) -> None:
        """Add a resource, or tell of it."""
        address = resource.address
        self.units[resource.path] = ()
        if resource.is_data and resource.type not in OF_DATA:
            self._note(resource, Class.LEFT_OUT, f"{address}: data, whose values stand where they are used")
        elif resource.type in PARTS:
            kind, text = PARTS[resource.type]
            self._note(resource, kind, f"{address}: {text}")
        elif resource.type in CONVERTERS:
            self._convert(resource)
        if isinstance(resource["arn"], str):
            self.arns.setdefault(resource["arn"], address)

    def _convert(self, resource: TerraformResource) -> None:
        kind, convert = CONVERTERS[resource.type]
        made = Conversion(self.links, resource)
        convert(made)
        before: KeyPath = ("Resources", resource.address)
        self.body[resource.address] = {"Type": kind, "Properties": made.properties}
        self.origins |= {before: resource.path, (*before, "Properties"): resource.path}
        self.origins[*before, "Type"] = (*resource.path, "type")
        self.origins |= {(*before, "Properties", *path): origin for path, origin in made.origins.items()}
        self.units[resource.path] = tuple(made.parts())
        if resource.type in (FUNCTION, LAYER):
            place = Place(self.document.file, made.origins.get(("Code",), made.origins.get(("Content",), ())))
            self.code[resource.address] = code_of(self.links, resource, self.document.path.parent, place)
            self.names[resource.address] = tuple(_names(resource))
        if hides_variables(resource):
            text = f"the plan does not know the variables of {resource.address}: import the applied state"
            self._note(resource, Class.OPEN, text, "environment")

    def _note(self, resource: TerraformResource, kind: Class, text: str, name: str = "") -> None:
        function = resource.address if resource.type == FUNCTION else ""
        self.findings.add(Finding(kind, resource.path, text, self.document.file, function, name))


def _around(tree: Mapping[str, Any]) -> Iterator[tuple[KeyPath, Class, str]]:
    """What is told of everything around the resources."""
    for key in tree:
        if key not in _VALUES or not isinstance(tree[key], dict):
            yield (key,), Class.LEFT_OUT, _OF_TERRAFORM
            continue
        for part, value in tree[key].items():
            if part == "root_module":
                yield from _of_module((key, part), value)
            elif part == "outputs" and isinstance(value, dict):
                yield from (((key, part, name), Class.ELSEWHERE, _OUTPUTS) for name in value)
            else:
                yield (key, part), Class.LEFT_OUT, _OF_TERRAFORM


def _of_module(path: KeyPath, module: Any) -> Iterator[tuple[KeyPath, Class, str]]:
    for key, value in module.items() if isinstance(module, dict) else ():
        if key == "child_modules" and isinstance(value, list):
            for number, child in enumerate(value):
                yield from _of_module((*path, key, number), child)
        elif key != "resources":
            yield (*path, key), Class.LEFT_OUT, _OF_TERRAFORM


def _names(resource: TerraformResource) -> Iterator[str]:
    """Names for a function's folder: its label, the label with its index, and both with its modules."""
    yield _flat(resource.name)
    own = resource.name if resource.index is None else f"{resource.name}-{resource.index}"
    yield _flat(own)
    yield "-".join((*map(_flat, resource.modules), _flat(own)))


def _flat(name: str) -> str:
    """A name as part of a folder's name: `shop["a"]` is shop-a."""
    return re.sub("[^A-Za-z0-9_-]+", "-", name).strip("-")


def _known(resources: Sequence[TerraformResource], request: ImportRequest) -> dict[str, str]:
    """The region and the account, which the ARNs of functions tell, and what the user tells."""
    arns = (str(each["arn"]) for each in resources if each.type == FUNCTION and not each.is_data)
    found = next(filter(None, map(_ARN.match, arns)), None)
    told = {"AWS::Region": found["region"], "AWS::AccountId": found["account"]} if found else {}
    region = {"AWS::Region": request.region} if request.region else {}
    return {**told, **region, **request.parameters}
