"""What the functions may do in AWS: the statements for the one role that all functions of a task have."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from berth.errors import Place, Problem, Report
from berth.manifest.checks.functions import manifest_place
from berth.model.authorizer import Authorizer
from berth.model.destination import Destination
from berth.model.function import Function
from berth.tools.deploy.deployment import Deployment
from berth.tools.deploy.openapi.references import is_open
from berth.tools.deploy.template import intrinsics as cfn
from berth.tools.deploy.template.values import deployed_names, expand, template_reference

# What an import has left for the deployment; the file has this name.
IMPORT_REPORT = "import-report.json"
# A role takes 10,240 characters of policies, of which the server's own are some, and ten attached ones.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
_MOST_CHARACTERS, _MOST_MANAGED = 9_000, 10
_PARTITION = "${deployed.AWS::Partition}"
_MANAGED_ARN = re.compile(r"arn:[a-z-]+:iam::([0-9]{12}|aws):policy/[\w+=,.@/-]+")
# Rights that Lambda itself needs for a function: to write its log, and to put it into a VPC.
_LAMBDAS_OWN = re.compile(
    r".*/(AWSLambdaBasicExecutionRole|AWSLambdaVPCAccessExecutionRole|AWSLambdaENIManagementAccess)"
)
# Of what a statement is about, and how each of these texts begins.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
_TEXTS = {
    "Action": (re.compile(r"\*|[\w*?-]+:[\w*?]+"), "service:action"),
    "Resource": (re.compile(r"\*|arn:.+|.*\$\{deployed\..+"), "ARN"),
}
_ACTIONS = {
    "sqs": "sqs:SendMessage",
    "sns": "sns:Publish",
    "events": "events:PutEvents",
    "lambda": "lambda:InvokeFunction",
    "s3": "s3:PutObject",
}


@dataclass(frozen=True)
class Rights:
    """The statements of each function, the managed policies of all, and what could not be taken over.

    `imported` are the functions whose rights come from the report of an import.
    """

    policies: Mapping[str, list[Any]]
    managed: tuple[Any, ...] = ()  # ARNs
    warnings: tuple[Problem, ...] = ()
    imported: tuple[str, ...] = ()


def read_rights(deployment: Deployment, imported: Mapping[str, Any] | None, report: Report) -> Rights:
    """The rights of a stage's functions: `iam` of their manifests, or else what the report of an import has.

    Nothing is allowed by default. What is no statement, and more than a role can have, is reported.
    """
    found = _Found(deployment, report)
    entries = (imported or {}).get("iam", {})
    place = report.at(IMPORT_REPORT)
    for function in deployment.functions:
        own = deployment.catalog.manifests[function.directory].iam
        entry = entries.get(function.name) if isinstance(entries, Mapping) else None
        if own is not None:
            found.add(function, own, manifest_place(function.directory, report), "iam")
        elif isinstance(entry, Mapping):
            found.add(function, entry.get("statements", []), place, f"iam.{function.name}.statements")
            found.attach(function, entry.get("managed", []), place)
            found.imported.append(function.name)
    return found.rights(place)


class _Found:
    """Statements as they are found: one that an earlier function has already is not written again."""

    def __init__(self, deployment: Deployment, report: Report) -> None:
        self._deployed = deployment.manifest.deployed
        self._policies: dict[str, list[Any]] = {}
        self._seen: set[str] = set()
        self._managed: dict[str, Any] = {}
        self._warnings = Report()
        self._deployment = deployment
        self.imported: list[str] = []

    def add(self, function: Function, statements: Any, place: Place, key: str) -> None:
        listed = statements if isinstance(statements, list | tuple) else [statements]
        for index, statement in enumerate(listed):
            own = place.at(f"{key}[{index}]")
            if wrong := _statement_problem(statement):
                own.add("", wrong)
                continue
            self._add(function.name, expand(statement, self._deployed, own))

    def attach(self, function: Function, managed: Any, place: Place) -> None:
        key = f"iam.{function.name}.managed"
        for arn in managed if isinstance(managed, list | tuple) else [managed]:
            text = arn.replace(_PARTITION, "aws") if isinstance(arn, str) else ""
            if not _MANAGED_ARN.fullmatch(text):
                told = f"the rights of {arn!r} are not known here: write them as `iam` in its manifest"
                self._warnings.add(IMPORT_REPORT, key, told)
            elif not _LAMBDAS_OWN.fullmatch(text):
                self._managed[text] = expand(arn, self._deployed, place.at(key))

    def rights(self, place: Place) -> Rights:
        for function in self._deployment.functions:
            for text in _destinations(function):
                self._permit(function, text)
        for route in self._deployment.catalog.routes:
            is_asked_by_gateway = self._deployment.runs_authorizers and route in self._deployment.routes
            if route.authorizer and not is_asked_by_gateway:
                self._permit_asking(route.function, route.authorizer)
        policies = [cfn.policy(*each) for each in self._policies.values()]
        size = sum(len(json.dumps(each, separators=(",", ":"))) for each in policies)
        if size > _MOST_CHARACTERS:
            wrong = (
                f"the policies of all functions are {size} characters, and a role takes {_MOST_CHARACTERS}"
            )
            place.report.add("functions", "iam", f"{wrong}: serve some functions by another stage")
        if len(self._managed) > _MOST_MANAGED:
            wrong = (
                f"{len(self._managed)} managed policies are more than the {_MOST_MANAGED} that a role takes"
            )
            place.add("iam", f"{wrong}: serve some functions by another stage")
        return Rights(
            self._policies,
            tuple(self._managed.values()),
            tuple(self._warnings.problems),
            tuple(self.imported),
        )

    def _permit(self, function: Function, destination: str) -> None:
        """Permit what Berth itself does for a function: to tell a destination."""
        if is_open(destination):
            told = f"{destination} is known to the task alone: write the right to tell it as `iam`"
            manifest_place(function.directory, self._warnings).add("asyncConfig", told)
        elif (read := Destination.of(destination)).is_aws:
            resource = f"{destination}/*" if read.kind == "s3" else destination
            self._add(function.name, cfn.allow(_ACTIONS[read.kind], resource))

    def _permit_asking(self, function: Function, authorizer: Authorizer) -> None:
        """Permit Berth to ask an authorizer's function that is not one of the stage's own."""
        asked = authorizer.function or ""
        place = self._warnings.at(self._deployment.stage_file, f"authorizers.{authorizer.name}")
        if is_open(asked) and not all(map(template_reference, deployed_names(asked))):
            place.add("", "its function is known to the task alone: write the right to invoke it as `iam`")
        elif asked and asked not in self._deployment.catalog.functions:
            resource = expand(asked, self._deployed, place)
            self._add(function.name, cfn.allow(_ACTIONS["lambda"], resource))

    def _add(self, name: str, statement: Any) -> None:
        """Add a statement without its Sid: joined policies may have one twice, which IAM refuses."""
        known = {key: value for key, value in statement.items() if key != "Sid"}
        text = json.dumps(known, sort_keys=True)
        if text not in self._seen:
            self._seen.add(text)
            self._policies.setdefault(name, []).append(known)


def _statement_problem(statement: Any) -> str | None:
    """Say why something is no statement of a role's policy; None if it is one."""
    if not isinstance(statement, Mapping):
        return "must be an object with Effect, Action and Resource"
    if statement.get("Effect") not in ("Allow", "Deny"):
        return "Effect must be Allow or Deny"
    for key in ("Action", "Resource"):
        if (key in statement) == (f"Not{key}" in statement):
            return f"must have either {key} or Not{key}"
        if wrong := _texts_problem(key, statement.get(key, statement.get(f"Not{key}"))):
            return wrong
    unknown = sorted(
        statement.keys() - {"Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition"}
    )
    return f"has {unknown[0]!r}, which a role's policy does not take" if unknown else None


def _texts_problem(key: str, given: Any) -> str | None:
    """Say why something is neither a text of a statement's key nor a list of them; None if it is."""
    form, name = _TEXTS[key]
    for text in given if isinstance(given, list | tuple) and given else [given]:
        if not isinstance(text, str) or not form.fullmatch(text):
            return f"{key} must be *, or one {name} or more, and not {text!r}"
    return None


def _destinations(function: Function) -> list[str]:
    config = function.async_config
    return [each for each in (config.on_success, config.on_failure, config.dead_letter_queue) if each]
