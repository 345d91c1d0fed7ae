"""The whole template, in the order in which it is read."""

from collections.abc import Iterator, Mapping
from typing import Any

from berth.errors import Place, Report
from berth.manifest.checks.functions import manifest_place
from berth.tools.deploy.deployment import APPLICATION_BALANCER, Deployment
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
from berth.tools.deploy.template.parameters import Parameters, parameters
from berth.tools.deploy.template.stack import DEFAULT_KNOBS, Knobs, Stack, build_stack
from berth.tools.deploy.template.values import named_resources, resource_of

Document = dict[str, Any]
# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
_MOST_PARAMETERS = 200
# Bytes that a command can send, and that CloudFormation reads from a bucket.
MOST_SENT, MOST_READ = 51_200, 1_048_576


def template_document(
    deployment: Deployment, imported: Mapping[str, Any] | None = None, knobs: Knobs = DEFAULT_KNOBS
) -> Document:
    """The CloudFormation template of a deployment; `imported` is the report of an import.

    Raises ManifestError with everything that cannot be deployed.
    """
    return write_template(build_stack(deployment, imported, knobs))


def write_template(stack: Stack) -> Document:
    """Write a template; raises ManifestError if the stage asks for a resource that this one does not have."""
    resources, known = _resources(stack), parameters(stack)
    _check(stack, resources, known)
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": _description(stack),
        "Metadata": {"MadeBy": _command(stack)},
        "Parameters": known,
        "Conditions": _conditions(stack),
        "Resources": resources,
        "Outputs": outputs(stack),
    }


def _description(stack: Stack) -> str:
    names = ", ".join(function.name for function in stack.deployment.functions)
    text = f"The stage {stack.deployment.file_name} of Berth. Functions: {names or 'none'}"
    return text if len(text.encode()) <= 1024 else f"{text.encode()[:1000].decode(errors='ignore')}..."


def _command(stack: Stack) -> str:
    """The command that makes this template again, with the choices that are not the usual ones."""
    deployment, knobs = stack.deployment, stack.knobs
    options = {
        "--stage": (deployment.file_name, None),
        "--api": (deployment.api, None),
        "--balancer": (deployment.balancer, APPLICATION_BALANCER),
        "--architecture": (knobs.architecture.lower(), DEFAULT_KNOBS.architecture.lower()),
        "--concurrency": (knobs.concurrency, DEFAULT_KNOBS.concurrency),
        "--tasks": (knobs.tasks, DEFAULT_KNOBS.tasks),
        "--retention": (knobs.retention_days, DEFAULT_KNOBS.retention_days),
        "--rate": (knobs.rate, DEFAULT_KNOBS.rate),
    }
    words = [f"{name} {_shown(value)}" for name, (value, usual) in options.items() if value != usual]
    untrusted = ["--untrusted"] if stack.has_api and not deployment.prefix else []
    return " ".join(["berth deploy template", *words, *untrusted])


def _shown(value: Any) -> str:
    return " ".join(map(str, value)) if isinstance(value, tuple) else str(value)


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


def _check(stack: Stack, resources: cfn.Resources, known: Parameters) -> None:
    report = Report()
    if len(known) > _MOST_PARAMETERS:
        wrong = (
            f"{len(known)} parameters, most of them for secrets, and a template may have {_MOST_PARAMETERS}"
        )
        report.add(stack.deployment.stage_file, "", f"{wrong}: serve some functions by another stage")
    for variable, reference in stack.references.items():
        name = resource_of(reference)
        if name is not None and name not in resources:
            wrong = f"{variable} cannot be given: the template of this stage has no {name}"
            report.add(stack.deployment.stage_file, f"deployed.Berth::{reference}", wrong)
    for place, asked in _asked(stack, report):
        for name in sorted(named_resources(asked) - resources.keys()):
            place.add("", f"asks for Berth::{name}, which the template of this stage does not have")
    report.raise_if_any()


def _asked(stack: Stack, report: Report) -> Iterator[tuple[Place, Any]]:
    """What manifests ask of the template beside variables of the task, and where they do."""
    yield report.at(stack.deployment.stage_file, "stageVariables"), stack.stage_variables
    for function in stack.deployment.functions:
        place = manifest_place(function.directory, report).at("iam")
        yield place, stack.rights.policies.get(function.name, [])
