"""What manifests cannot know: the VPC link, the load balancer, the functions of authorizers."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


def _authorizer_arn(name: str) -> str:
    return f"${{stageVariables.{name}}}"


@dataclass(frozen=True)
class References:
    """The values that only a deployment has: texts, or CloudFormation's intrinsics such as `{"Ref": ...}`.

    By default each is a stage variable, so that a document can be imported as it is and each stage says
    where its requests go.
    """

    connection_id: Any = "${stageVariables.vpcLink}"
    # A REST API: where the integration's paths begin, such as `http://orders.internal`.
    address: str = "http://${stageVariables.backend}"
    # A REST API behind a VPC link V2: the load balancer's ARN; None for a VPC link V1.
    integration_target: Any | None = "${stageVariables.loadBalancer}"
    # An HTTP API: the listener's ARN.
    listener: Any = "${stageVariables.listener}"
    # The value of the header Token: the name of a stage variable.
    token_variable: str = "gatewayToken"  # noqa: S105 - a name, not a token
    # The ARN of a Lambda authorizer's function, by the authorizer's name.
    authorizer_arn: Callable[[str], Any] = _authorizer_arn
