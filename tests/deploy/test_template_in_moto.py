"""Templates made in moto, call by call, as far as moto goes: that the calls fit together."""

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

import boto3
import pytest
from moto import mock_aws

from kit.aws_server import ACCOUNT, REGION
from kit.deploy_projects import golden
from kit.made_stack import MadeStack


@cache
def _client(service: str) -> Any:
    return boto3.client(service, REGION)


def _parameters(template: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """What the account owns, and CloudFormation's own parameters."""
    ec2 = _client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=f"{REGION}{zone}")
        for number, zone in enumerate("ab")
    ]
    secret = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:"
    known = {
        **{name: f"{secret}{name}-AbCdEf" for name in template["Parameters"]},
        "VpcId": vpc,
        "SubnetIds": [each["Subnet"]["SubnetId"] for each in subnets],
        "ImageTag": "1",
        "CallerCidr": "10.0.0.0/8",
        "AWS::AccountId": ACCOUNT,
        "AWS::Partition": "aws",
        "AWS::Region": REGION,
        "AWS::StackName": "shop",
        "AWS::URLSuffix": "amazonaws.com",
    }
    return {name: {"Ref": value} for name, value in known.items()}


@pytest.fixture
def made(request: pytest.FixtureRequest) -> Iterator[MadeStack]:
    """A golden template; a resource is made when a test, or another resource, first refers to it."""
    template = json.loads(golden(request.param, "template.json").read_text())
    with mock_aws():
        yield MadeStack(template, _parameters(template), _client)
    _client.cache_clear()


def _task(made: MadeStack, service: str) -> dict[str, Any]:
    """The task definition that a service runs."""
    names = [made[service]["Name"]]
    (found,) = _client("ecs").describe_services(cluster=made["Cluster"]["Ref"], services=names)["services"]
    answer = _client("ecs").describe_task_definition(taskDefinition=found["taskDefinition"])
    task: dict[str, Any] = answer["taskDefinition"]
    return task


@pytest.mark.parametrize("made", ["article"], indirect=True)
def test_every_resource_can_be_made(made: MadeStack) -> None:
    """The way from the API to the tasks is the one that the original design has."""
    assert all(made[logical_id]["Ref"] for logical_id in made.resources)
    api = _client("apigateway")
    stage = api.get_stage(restApiId=made["RestApi"]["Ref"], stageName="prod")
    assert stage["variables"]["berthLink"] == made["LegacyVpcLink"]["Ref"]
    (balancer,) = api.get_vpc_link(vpcLinkId=made["LegacyVpcLink"]["Ref"])["targetArns"]
    (listener,) = _client("elbv2").describe_listeners(LoadBalancerArn=balancer)["Listeners"]
    assert (listener["Protocol"], listener["Port"]) == ("TCP", 80)
    assert listener["DefaultActions"][0]["TargetGroupArn"] == made["TargetGroup"]["Ref"]
    task = _task(made, "WebService")
    assert (task["cpu"], task["memory"], task["networkMode"]) == ("4096", "9216", "awsvpc")
    (container,) = task["containerDefinitions"]
    assert container["image"] == f"{made['Repository']['RepositoryUri']}:1"
    assert {"name": "GATEWAY_TOKEN", "valueFrom": made["GatewayTokenSecret"]["Ref"]} in container["secrets"]


@pytest.mark.parametrize("made", ["async"], indirect=True)
def test_way_from_the_queue_to_the_workers(made: MadeStack) -> None:
    (container,) = _task(made, "WorkerService")["containerDefinitions"]
    variables = {each["name"]: each["value"] for each in container["environment"]}
    queue, dead = made["EventQueue"]["QueueName"], made["DeadLetterQueue"]["QueueName"]
    place = f"sqs.{REGION}.amazonaws.com/{ACCOUNT}"
    assert variables["BERTH_QUEUE_URL"] == f"sqs://{place}/{queue}?deadLetterQueue={dead}"
    attributes = _client("sqs").get_queue_attributes(
        QueueUrl=made["EventQueue"]["Ref"], AttributeNames=["All"]
    )
    assert attributes["Attributes"]["MessageRetentionPeriod"] == "1209600"
    assert variables["BERTH_STATE"] == f"dynamodb:{made['InvocationTable']['Ref']}"
    table = _client("dynamodb").describe_time_to_live(TableName=made["InvocationTable"]["Ref"])
    assert table["TimeToLiveDescription"] == {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires"}
