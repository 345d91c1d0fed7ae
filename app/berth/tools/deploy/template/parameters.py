"""The parameters of a template: what the account owns, and no manifest can know."""

from typing import Any

from berth.tools.deploy.template.api import CREATE, LOGS_ROLE, authorizer_parameters, key_parameters
from berth.tools.deploy.template.stack import Stack

_SECRET = "arn:[a-z-]+:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[^:]+"  # noqa: S105 - a pattern
_KEY = "(:[^:]*:[^:]*:[^:]*)?"  # of the secret's JSON, its version's stage and its version
_PARAMETER = "arn:[a-z-]+:ssm:[a-z0-9-]+:[0-9]{12}:parameter/[^:]+"
_FUNCTION = "arn:[a-z-]+:lambda:[a-z0-9-]+:[0-9]{12}:function:[A-Za-z0-9_-]+(:[A-Za-z0-9_$-]+)?"

Parameters = dict[str, dict[str, Any]]


def parameters(stack: Stack) -> Parameters:
    """All parameters, first those that every stack has."""
    made: Parameters = {
        "VpcId": {"Type": "AWS::EC2::VPC::Id", "Description": "The VPC for load balancer and tasks"},
        "SubnetIds": {
            "Type": "List<AWS::EC2::Subnet::Id>",
            "Description": "Private subnets of the VPC, in two zones at least, that reach ECR and CloudWatch",
        },
        "ImageTag": {
            "Type": "String",
            "Default": "",
            "AllowedPattern": "([A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?",
            "Description": "The tag of the image to run. Without one there are no services, so that the"
            " repository can be made before an image is pushed",
        },
        "AlarmTopicArn": {
            "Type": "String",
            "Default": "",
            "AllowedPattern": "(arn:[a-z-]+:sns:[a-z0-9-]+:[0-9]{12}:.+)?",
            "Description": "The SNS topic that alarms are sent to. Without one they are only shown",
        },
    }
    if stack.direct_ports:
        made["CallerCidr"] = _text(
            "Who may call the load balancer without API Gateway", r"[0-9.]+/[0-9]{1,2}"
        )
    if stack.is_rest:
        made[LOGS_ROLE] = _logs_role()
    for secret in stack.secrets:
        if not secret.is_made:
            made[secret.name] = _secret(secret.what, secret.variable, has_text=secret.is_api_key)
    for key, name in key_parameters(stack).items():
        made.setdefault(name, _text(f"The ARN of the secret with the value of the API key {key}", _SECRET))
    for function, name in authorizer_parameters(stack).items():
        made[name] = _authorizer(function)
    return made


def _text(description: str, pattern: str) -> dict[str, Any]:
    return {"Type": "String", "Description": description, "AllowedPattern": pattern}


def _secret(what: str, variable: str, *, has_text: bool) -> dict[str, Any]:
    if has_text:
        return _text(f"The ARN of the secret with {what} ({variable})", _SECRET)
    kinds = "the secret (ARN:KEY:: for a key of its JSON), or of the SSM parameter,"
    return _text(f"The ARN of {kinds} with {what} ({variable})", f"{_SECRET}{_KEY}|{_PARAMETER}")


def _authorizer(function: str) -> dict[str, Any]:
    known = {"Default": function} if function.startswith("arn:") else {}
    name = function.rpartition("function:")[2]
    described = f"The ARN of the function {name}, or of its bridge, which API Gateway asks as an authorizer"
    return {**_text(described, _FUNCTION), **known}


def _logs_role() -> dict[str, Any]:
    return {
        "Type": "String",
        "Default": "exists",
        "AllowedValues": ["exists", CREATE],
        "Description": "Whether API Gateway has a role for logs in this account and region already."
        " 'create' makes one and sets it for all APIs of the account",
    }
