"""Making a stack of a Terraform state or plan."""

import re
from collections.abc import Mapping
from typing import Any

from berth.tools.migrate.cloudformation.evaluation import Evaluator
from berth.tools.migrate.cloudformation.stack import Stack
from berth.tools.migrate.cloudformation.template import Template
from berth.tools.migrate.model.application import Place
from berth.tools.migrate.model.findings import Class, Finding, Findings
from berth.tools.migrate.model.findings import Path as KeyPath
from berth.tools.migrate.model.request import ImportRequest
from berth.tools.migrate.model.values import Holes
from berth.tools.migrate.source.documents import SourceDocument
from berth.tools.migrate.terraform.conversion import CONVERTERS, PARTS
from berth.tools.migrate.terraform.functions import ARGUMENT_OF, code_of
from berth.tools.migrate.terraform.links import Links
from berth.tools.migrate.terraform.state import TerraformResource, read_resources

_WITH_CODE = ("aws_lambda_function", "aws_lambda_layer_version")
_READ_WITH_ANOTHER = "is read with the resource that it belongs to"
# Attributes that Terraform computes, or that only a deployment asks for.
_COMPUTED = re.compile(
    r"(id|arn|.*_arn|.*_hash|version|last_modified|tags_all|tags|filename|s3_.*|publish|.*_size|region"
    r"|timeouts|skip_destroy|image_uri|.*_version_arn|qualified_.*|signing_.*|replace_.*|replacement_.*)"
)


def open_state(
    document: SourceDocument, request: ImportRequest, holes: Holes, findings: Findings
) -> list[Stack]:
    """Read what `terraform show -json` printed; raises ImportRefused where it is something else."""
    resources = read_resources(document, holes)
    links = Links(resources, holes)
    body: dict[str, Any] = {}
    origins: dict[KeyPath, KeyPath] = {}
    code, names = {}, {}
    for each in resources:
        kind, convert = CONVERTERS.get(each.type, (f"Terraform::{each.type}", None))
        if each.type in PARTS or each.is_data:
            findings.add(_part(document, each))
            continue
        body[each.address] = {"Type": kind, "Properties": convert(links, each) if convert else {}}
        origins |= _origins(each)
        if each.type in _WITH_CODE:
            place = Place(document.file, (*each.path, "values", "filename"))
            code[each.address] = code_of(links, each, document.path.parent, place)
            names[each.address] = (each.name, "-".join((*map(_label, each.modules), each.name)))
            for finding in _computed(document, each):
                findings.add(finding)
    for name, value in _given(request).items():
        holes.know(name, value)
    template = Template(document, {"Resources": body}, origins, code=code, names=names)
    return [Stack(template, Evaluator(template, holes), findings)]


def _part(document: SourceDocument, resource: TerraformResource) -> Finding:
    kind = Class.LEFT_OUT if resource.is_data else Class.CARRIED
    text = "data that others are computed of" if resource.is_data else _READ_WITH_ANOTHER
    return Finding(kind, resource.path, f"{resource.address} {text}", document.file)


def _origins(resource: TerraformResource) -> dict[KeyPath, KeyPath]:
    """Where the parts of a resource stand in the document."""
    values = (*resource.path, "values")
    made: dict[KeyPath, KeyPath] = {
        ("Resources", resource.address): resource.path,
        ("Resources", resource.address, "Type"): (*resource.path, "type"),
        ("Resources", resource.address, "Properties"): values,
    }
    if resource.type == "aws_lambda_function":
        before = ("Resources", resource.address, "Properties")
        made |= {(*before, theirs): (*values, own) for theirs, own in ARGUMENT_OF.items()}
        variables = (*before, "Environment", "Variables")
        made[variables] = (*values, "environment", 0, "variables")
    return made


def _computed(document: SourceDocument, resource: TerraformResource) -> list[Finding]:
    """Findings for the attributes of a function or layer that no reader asks for."""
    made = [
        Finding(Class.LEFT_OUT, (*resource.path, key), "Terraform's own", document.file)
        for key in ("address", "mode", "name", "provider_name", "schema_version", "index")
    ]
    more = ("sensitive_values", "depends_on", "identity", "identity_schema_version")
    made += [Finding(Class.LEFT_OUT, (*resource.path, key), "Terraform's own", document.file) for key in more]
    for key, value in resource.values.items():
        if _COMPUTED.fullmatch(key) or value in (None, "", [], {}, False):
            path = (*resource.path, "values", key)
            made.append(Finding(Class.LEFT_OUT, path, "computed, empty, or of the deployment", document.file))
    return made


def _label(module: str) -> str:
    """A module's name as part of a folder's name: `shop["a"]` is shop-a."""
    return re.sub("[^A-Za-z0-9_-]+", "-", module).strip("-")


def _given(request: ImportRequest) -> Mapping[str, str]:
    region = {"AWS::Region": request.region} if request.region else {}
    return {**region, **request.parameters}
