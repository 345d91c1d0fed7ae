"""The whole template, in the order in which it is read."""

from collections.abc import Mapping
from typing import Any

from berth.errors import Report
from berth.tools.deploy.deployment import Deployment
from berth.tools.deploy.template import (
    alarms,
    api,
    balancer,
    dashboard,
    image,
    network,
    roles,
    secrets,
    service,
    tasks,
    worker,
)
from berth.tools.deploy.template import intrinsics as cfn
from berth.tools.deploy.template.outputs import outputs
from berth.tools.deploy.template.parameters import parameters
from berth.tools.deploy.template.stack import DEFAULT_KNOBS, Knobs, Stack, build_stack
from berth.tools.deploy.template.values import resource_of

Document = dict[str, Any]


def template_document(
    deployment: Deployment, imported: Mapping[str, Any] | None = None, knobs: Knobs = DEFAULT_KNOBS
) -> Document:
    """The CloudFormation template of a deployment; `imported` is the report of an import.

    Raises ManifestError with everything that cannot be deployed.
    """
    return write_template(build_stack(deployment, imported, knobs))


def write_template(stack: Stack) -> Document:
    """Write a template; raises ManifestError if the stage asks for a resource that this one does not have."""
    resources = _resources(stack)
    _check_references(stack, resources)
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": _description(stack),
        "Parameters": parameters(stack),
        "Conditions": _conditions(stack),
        "Resources": resources,
        "Outputs": outputs(stack),
    }


def _description(stack: Stack) -> str:
    names = ", ".join(function.name for function in stack.deployment.functions)
    text = f"The stage {stack.deployment.file_name} of Berth. Functions: {names or 'none'}"
    return text if len(text.encode()) <= 1024 else f"{text.encode()[:1000].decode(errors='ignore')}..."


def _conditions(stack: Stack) -> dict[str, Any]:
    made = {
        cfn.HAS_IMAGE: _is_not("ImageTag", ""),
        cfn.HAS_TOPIC: _is_not("AlarmTopicArn", ""),
    }
    if stack.is_rest:
        made[api.CREATES_LOGS_ROLE] = {"Fn::Equals": [cfn.ref(api.LOGS_ROLE), api.CREATE]}
    return made


def _is_not(parameter: str, value: str) -> dict[str, Any]:
    return {"Fn::Not": [{"Fn::Equals": [cfn.ref(parameter), value]}]}


def _resources(stack: Stack) -> cfn.Resources:
    """All families, from the image to what watches it."""
    return {
        **image.resources(),
        **secrets.resources(stack.secrets),
        **roles.resources(stack),
        **network.resources(stack),
        **balancer.resources(stack),
        **tasks.resources(stack),
        **service.resources(stack),
        **worker.resources(stack),
        **api.resources(stack),
        **alarms.resources(stack),
        **dashboard.resources(stack),
    }


def _check_references(stack: Stack, resources: cfn.Resources) -> None:
    report = Report()
    for variable, reference in stack.references.items():
        name = resource_of(reference)
        if name is not None and name not in resources:
            wrong = f"{variable} cannot be given: the template of this stage has no {name}"
            report.add(stack.deployment.stage_file, f"deployed.Berth::{reference}", wrong)
    report.raise_if_any()
