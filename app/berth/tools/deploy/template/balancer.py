"""The load balancer inside the VPC, with its target groups and listeners."""

from typing import Any

from berth.tools.deploy.template import intrinsics as cfn
from berth.tools.deploy.template.stack import HTTP_PORT, PORT, Stack

_HEALTH = {
    "HealthCheckPath": "/_berth/health/ready",
    "HealthCheckPort": str(PORT),
    "HealthCheckIntervalSeconds": 10,
    "HealthCheckTimeoutSeconds": 5,
    "HealthyThresholdCount": 2,
    "UnhealthyThresholdCount": 2,
    "Matcher": {"HttpCode": "200"},
}


def resources(stack: Stack) -> cfn.Resources:
    """The balancer; the Invoke API has a listener of its own where the stage says so."""
    made = {
        "LoadBalancer": _network_balancer(stack) if stack.is_network else _application_balancer(stack),
        "TargetGroup": _target_group(stack, PORT),
        "Listener": _listener(stack, HTTP_PORT, "TargetGroup"),
    }
    if stack.invoke_listener:
        port = stack.invoke_listener[1]
        made["InvokeTargetGroup"] = _target_group(stack, port)
        made["InvokeListener"] = _listener(stack, port, "InvokeTargetGroup")
    return made


def target_groups(stack: Stack) -> dict[str, int]:
    """The target groups that the tasks join, with the ports."""
    invoke = {"InvokeTargetGroup": stack.invoke_listener[1]} if stack.invoke_listener else {}
    return {"TargetGroup": PORT, **invoke}


def listeners(stack: Stack) -> list[str]:
    """The listeners that have to be there before tasks can join their target groups."""
    return ["Listener", *(["InvokeListener"] if stack.invoke_listener else [])]


def _application_balancer(stack: Stack) -> cfn.Resource:
    attributes = {
        "idle_timeout.timeout_seconds": str(stack.idle_seconds),
        "routing.http.preserve_host_header.enabled": "true",
    }
    return _balancer("application", attributes)


def _network_balancer(stack: Stack) -> cfn.Resource:
    attributes = {"load_balancing.cross_zone.enabled": "true"}
    # A VPC link V1 comes by PrivateLink, not from a security group that a rule could name. It alone gets
    # in, because the group has no rule for others.
    privately = "off" if stack.has_legacy_link else None
    return _balancer("network", attributes, EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic=privately)


def _balancer(kind: str, attributes: dict[str, str], **more: Any) -> cfn.Resource:
    return cfn.resource(
        "ElasticLoadBalancingV2::LoadBalancer",
        {
            "Type": kind,
            "Scheme": "internal",
            "Subnets": cfn.ref("SubnetIds"),
            "SecurityGroups": [cfn.attribute("LoadBalancerGroup", "GroupId")],
            **more,
            "LoadBalancerAttributes": cfn.pairs(attributes),
        },
    )


def _target_group(stack: Stack, port: int) -> cfn.Resource:
    attributes = {"deregistration_delay.timeout_seconds": str(stack.drain_seconds)}
    if stack.is_network:
        attributes["preserve_client_ip.enabled"] = "false"
    else:
        # Functions take from milliseconds to minutes: the next request goes to whom has the fewest.
        attributes["load_balancing.algorithm.type"] = "least_outstanding_requests"
    return cfn.resource(
        "ElasticLoadBalancingV2::TargetGroup",
        {
            "VpcId": cfn.ref("VpcId"),
            "TargetType": "ip",
            "Protocol": "TCP" if stack.is_network else "HTTP",
            "Port": port,
            "HealthCheckProtocol": "HTTP",
            **_HEALTH,
            "TargetGroupAttributes": cfn.pairs(attributes),
        },
    )


def _listener(stack: Stack, port: int, target_group: str) -> cfn.Resource:
    idle = {"tcp.idle_timeout.seconds": str(stack.idle_seconds)}
    return cfn.resource(
        "ElasticLoadBalancingV2::Listener",
        {
            "LoadBalancerArn": cfn.ref("LoadBalancer"),
            "Port": port,
            "Protocol": "TCP" if stack.is_network else "HTTP",
            "ListenerAttributes": cfn.pairs(idle) if stack.is_network else None,
            "DefaultActions": [{"Type": "forward", "TargetGroupArn": cfn.ref(target_group)}],
        },
    )
