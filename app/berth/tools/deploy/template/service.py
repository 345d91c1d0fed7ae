"""The services that keep tasks running, and how many of them run."""

from typing import Any

from berth.tools.deploy.template import intrinsics as cfn
from berth.tools.deploy.template.balancer import listeners, target_groups
from berth.tools.deploy.template.stack import Stack
from berth.tools.deploy.template.tasks import CONTAINER

_CPU_PERCENT = 60


def resources(stack: Stack) -> cfn.Resources:
    """The service of the web servers, and its scaling by CPU."""
    return {
        "WebService": service(
            stack,
            "WebTask",
            DependsOn=listeners(stack),
            HealthCheckGracePeriodSeconds=stack.grace_seconds,
            LoadBalancers=[
                {"ContainerName": CONTAINER, "ContainerPort": port, "TargetGroupArn": cfn.ref(group)}
                for group, port in target_groups(stack).items()
            ],
        ),
        "WebScaling": scaling("WebService", stack.knobs.tasks),
        "WebScalingByCpu": policy("WebScaling", "cpu", _CPU_PERCENT, PredefinedMetricSpecification=_CPU),
    }


_CPU = {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"}


def service(stack: Stack, task: str, DependsOn: list[str] | None = None, **more: Any) -> cfn.Resource:  # noqa: N803
    """A service; how many tasks it has is left to its scaling, so that no deployment changes it."""
    groups = [cfn.attribute("TaskGroup", "GroupId")]
    network = {"AssignPublicIp": "DISABLED", "Subnets": cfn.ref("SubnetIds"), "SecurityGroups": groups}
    attributes: dict[str, Any] = {"Condition": cfn.HAS_IMAGE}
    if DependsOn:
        attributes["DependsOn"] = DependsOn
    return cfn.resource(
        "ECS::Service",
        {
            "Cluster": cfn.ref("Cluster"),
            "TaskDefinition": cfn.ref(task),
            "LaunchType": "FARGATE",
            "PlatformVersion": "LATEST",
            "AvailabilityZoneRebalancing": "ENABLED",
            "EnableECSManagedTags": True,
            "PropagateTags": "SERVICE",
            "DeploymentConfiguration": {
                "MinimumHealthyPercent": 100,
                "MaximumPercent": 200,
                "DeploymentCircuitBreaker": {"Enable": True, "Rollback": True},
            },
            "NetworkConfiguration": {"AwsvpcConfiguration": network},
            **more,
        },
        **attributes,
    )


def scaling(service: str, tasks: tuple[int, int]) -> cfn.Resource:
    """How many tasks a service has at least and at most."""
    return cfn.resource(
        "ApplicationAutoScaling::ScalableTarget",
        {
            "ServiceNamespace": "ecs",
            "ScalableDimension": "ecs:service:DesiredCount",
            "ResourceId": cfn.sub(f"service/${{Cluster}}/${{{service}.Name}}"),
            "MinCapacity": tasks[0],
            "MaxCapacity": tasks[1],
        },
        Condition=cfn.HAS_IMAGE,
    )


def policy(target: str, name: str, value: int, **metric: Any) -> cfn.Resource:
    """How many tasks a service has between the least and the most: as many as keep a metric at a value."""
    tracking = {"TargetValue": value, "ScaleOutCooldown": 60, "ScaleInCooldown": 300, **metric}
    return cfn.resource(
        "ApplicationAutoScaling::ScalingPolicy",
        {
            "PolicyName": name,
            "PolicyType": "TargetTrackingScaling",
            "ScalingTargetId": cfn.ref(target),
            "TargetTrackingScalingPolicyConfiguration": tracking,
        },
        Condition=cfn.HAS_IMAGE,
    )
