"""What a document refers to: the VPC link, the load balancer, the functions and user pools of authorizers.

In a document that is imported as it is, a stage variable stands for each address. A template puts its own
resources in their place.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from berth.errors import Report
from berth.model.authorizer import Authorizer
from berth.tools.deploy.deployment import Deployment

# The stage variables of an API whose document is imported as it is.
LINK, ADDRESS, BALANCER, LISTENER = "berthLink", "berthAddress", "berthBalancer", "berthListener"
# Every API has this one: parameter mappings take no other text from outside.
TOKEN = "berthToken"  # noqa: S105 - a name, not a token
_OPEN = "${deployed."
HAS_TO_BE_KNOWN = "API Gateway has to know this: write the value itself into deployed, not where it is"
OWN_VARIABLES = {
    LINK: "the id of the VPC link",
    ADDRESS: "host and port of the load balancer, such as internal-orders.eu-west-1.elb.amazonaws.com",
    BALANCER: "the ARN of the load balancer",
    LISTENER: "the ARN of the load balancer's listener",
    TOKEN: "the gateway's token",
}


@dataclass(frozen=True)
class References:
    """Texts, or CloudFormation's intrinsics such as `{"Ref": "VpcLink"}`."""

    authorizer_uri: Callable[[Authorizer], Any]
    user_pool_arn: Callable[[Authorizer], Any]
    connection_id: Any = f"${{stageVariables.{LINK}}}"
    # A REST API: the address of the integration for a path such as `/orders/{id}`.
    uri: Callable[[str], Any] = lambda path: f"http://${{stageVariables.{ADDRESS}}}{path}"
    # A REST API behind a VPC link V2: the load balancer.
    integration_target: Any = f"${{stageVariables.{BALANCER}}}"
    # An HTTP API: the load balancer's listener.
    listener: Any = f"${{stageVariables.{LISTENER}}}"


def standalone_references(deployment: Deployment) -> References:
    """The references of a document that is imported as it is.

    Raises ManifestError if an authorizer's ARN needs a region or an account that the stage does not name, or
    a value that only the tasks know.
    """
    stage, manifest, report = deployment.stage, deployment.manifest, Report()
    used = used_authorizers(deployment)
    for each in used:
        if is_open(each.function or ""):  # no ARN can be made of it
            report.add(deployment.stage_file, f"authorizers.{each.name}", HAS_TO_BE_KNOWN)
    report.raise_if_any()
    here = [each.name for each in used if each.function and not each.is_elsewhere]
    pools = [each.name for each in used if each.user_pool and not each.user_pool.startswith("arn:")]
    if here and manifest.region is None:
        report.add(deployment.stage_file, "region", _missing(here))
    if (here or pools) and manifest.account_id is None:
        report.add(deployment.stage_file, "accountId", _missing(here + pools))
    report.raise_if_any()

    def authorizer_uri(authorizer: Authorizer) -> str:
        name = authorizer.function or ""
        arn = name if authorizer.is_elsewhere else deployment.catalog.functions[name].arn
        return invocation_uri(arn)

    def user_pool_arn(authorizer: Authorizer) -> str:
        return authorizer.user_pool_arn(stage.account_id)

    return References(authorizer_uri, user_pool_arn)


def is_open(text: str) -> bool:
    """Whether a part of a text is known to the tasks alone."""
    return _OPEN in text


def named_variables(document: Mapping[str, Any]) -> dict[str, str]:
    """The stage variables that a document needs beside those of the manifest, and what each holds."""
    text = json.dumps(document)
    return {name: meaning for name, meaning in OWN_VARIABLES.items() if f"stageVariables.{name}" in text}


def invocation_uri(function_arn: str) -> str:
    """The address by which API Gateway invokes a function."""
    _, partition, _, region, *_ = function_arn.split(":")
    return f"arn:{partition}:apigateway:{region}:lambda:path/2015-03-31/functions/{function_arn}/invocations"


def used_authorizers(deployment: Deployment) -> list[Authorizer]:
    """The authorizers that API Gateway runs for this API, in the stage's order."""
    if not deployment.runs_authorizers:
        return []
    used = {route.authorizer.name for route in deployment.routes if route.authorizer}
    return [each for name, each in deployment.stage.authorizers.items() if name in used]


def _missing(authorizers: list[str]) -> str:
    return f"is missing: it is part of the ARNs of the authorizers {', '.join(authorizers)}"
