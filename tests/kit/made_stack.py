"""A template whose resources are made by calls, in the order of their references: CloudFormation in small."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from kit.aws_server import ACCOUNT, REGION
from kit.stack_calls import Values, calls_of, resolve

Answers = Mapping[str, dict[str, Any]]  # by operation
Client = Callable[[str], Any]  # by service


class MadeStack(dict[str, dict[str, Any]]):
    """The values of a stack by logical ids: a resource is made when another one first refers to it.

    Each has its logical id as its name.
    """

    def __init__(self, template: Mapping[str, Any], parameters: Values, client: Client) -> None:
        super().__init__(parameters)
        self._template = template
        self._client = client
        self._conditions = dict.fromkeys(template["Conditions"], True)

    @property
    def resources(self) -> list[str]:
        """The logical ids of all resources of the template."""
        return list(self._template["Resources"])

    def __missing__(self, name: str) -> dict[str, Any]:
        resource = self._template["Resources"][name]
        for other in resource.get("DependsOn", ()):
            assert self[other]
        self[name] = made = self._make(name, resource)
        return made

    def _make(self, name: str, resource: Mapping[str, Any]) -> dict[str, Any]:
        kind = resource["Type"].removeprefix("AWS::")
        properties = resolve(resource["Properties"], self, self._conditions)
        name = name.lower() if kind.startswith("ECR") else name
        own: dict[str, Any] = {"Ref": name, "Name": name, "QueueName": name, "Arn": _arn(kind, name)}
        for call in calls_of(kind, name, properties, own):
            if call.operation in _NOT_IN_MOTO:
                continue
            operation = re.sub(r"(?<!^)(?=[A-Z][a-z])", "_", call.operation).lower()
            answer = getattr(self._client(call.service), operation)(**call.parameters)
            own |= dict(_values(kind, properties, answer))
        return own


def _arn(kind: str, name: str) -> str:
    return f"arn:aws:{kind.partition('::')[0].lower()}:{REGION}:{ACCOUNT}:{name}"


# What moto does not have, or has otherwise.
_NOT_IN_MOTO = {
    "ImportApi",
    "AttachRolePolicy",  # knows few of AWS's own policies
    "AuthorizeSecurityGroupEgress",  # a new group permits everything there
    "AddPermission",  # there is no function
    "ModifyTargetGroupAttributes",  # takes 3600 seconds for too many
}
_LOAD_BALANCER = "ElasticLoadBalancingV2::LoadBalancer"
# By the kind of resource: the values, and where they are in an answer.
_PATHS: Mapping[str, Mapping[str, str]] = {
    "KMS::Key": {"Ref": "KeyMetadata.KeyId", "Arn": "KeyMetadata.Arn"},
    "ECR::Repository": {
        "Ref": "repository.repositoryName",
        "Arn": "repository.repositoryArn",
        "RepositoryUri": "repository.repositoryUri",
    },
    "SecretsManager::Secret": {"Ref": "ARN"},
    "IAM::Role": {"Arn": "Role.Arn"},
    "EC2::SecurityGroup": {"GroupId": "GroupId"},
    _LOAD_BALANCER: {"Ref": "LoadBalancers.0.LoadBalancerArn", "DNSName": "LoadBalancers.0.DNSName"},
    "ElasticLoadBalancingV2::TargetGroup": {"Ref": "TargetGroups.0.TargetGroupArn"},
    "ElasticLoadBalancingV2::Listener": {"Ref": "Listeners.0.ListenerArn"},
    "ECS::TaskDefinition": {"Ref": "taskDefinition.taskDefinitionArn"},
    "ECS::Service": {"Ref": "service.serviceArn"},
    "SQS::Queue": {"Ref": "QueueUrl"},
    "DynamoDB::Table": {"Arn": "TableDescription.TableArn"},
    "ApiGatewayV2::VpcLink": {"Ref": "VpcLinkId"},
    **{
        f"ApiGateway::{each}": {"Ref": "id"} for each in "VpcLink RestApi Deployment ApiKey UsagePlan".split()
    },
    "ApiGateway::Stage": {"Ref": "stageName"},
}


def _values(kind: str, properties: Mapping[str, Any], answer: Any) -> Iterator[tuple[str, Any]]:
    for name, path in _PATHS.get(kind, {}).items():
        value = _found(answer, path)
        if value is not None:
            yield name, value
            if kind.startswith("ElasticLoad") and name == "Ref":
                full = value.rpartition(":")[2].removeprefix("loadbalancer/")
                yield f"{kind.rpartition('::')[2]}FullName", full
    if kind == "Logs::LogGroup":
        yield "Ref", properties["LogGroupName"]
    elif kind == "ApplicationAutoScaling::ScalableTarget":
        yield (
            "Ref",
            "|".join(properties[name] for name in ("ResourceId", "ScalableDimension", "ServiceNamespace")),
        )


def _found(answer: Any, path: str) -> Any:
    for part in path.split("."):
        answer = answer[int(part)] if part.isdigit() else answer.get(part)
        if answer is None:
            return None
    return answer
