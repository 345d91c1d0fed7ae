"""Security groups: from API Gateway's link or the direct callers to the balancer, from there to the tasks."""

from berth.tools.deploy.template import intrinsics as cfn
from berth.tools.deploy.template.stack import HTTP_PORT, PORT, Stack


def resources(stack: Stack) -> cfn.Resources:
    """The groups, each open to the one before it alone; the tasks may call out, for what functions do."""
    made = {
        "TaskGroup": _group("The tasks: the load balancer alone reaches them", [_anywhere()]),
        "LoadBalancerGroup": _balancer_group(stack),
        "TaskIngress": _ingress("TaskGroup", PORT, "LoadBalancerGroup", "Requests and health checks"),
    }
    if stack.has_link:
        to_balancer = _rule(HTTP_PORT, DestinationSecurityGroupId=_id("LoadBalancerGroup"))
        made["VpcLinkGroup"] = _group("The VPC link of API Gateway", [to_balancer])
        made["LoadBalancerIngress"] = _ingress(
            "LoadBalancerGroup", HTTP_PORT, "VpcLinkGroup", "Requests from API Gateway"
        )
    if stack.invoke_listener:
        port = stack.invoke_listener[1]
        made["TaskInvokeIngress"] = _ingress("TaskGroup", port, "LoadBalancerGroup", "The Invoke API")
    return made


def _balancer_group(stack: Stack) -> cfn.Resource:
    """The balancer's group; what comes through a VPC link V1 needs no rule."""
    ports = [PORT, *([stack.invoke_listener[1]] if stack.invoke_listener else [])]
    egress = [_rule(port, DestinationSecurityGroupId=_id("TaskGroup")) for port in ports]
    ingress = [
        _rule(port, CidrIp=cfn.ref("CallerCidr"), Description="Callers inside the VPC")
        for port in stack.direct_ports
    ]
    return _group("The load balancer", egress, ingress)


def _group(
    description: str, egress: list[cfn.Resource], ingress: list[cfn.Resource] | None = None
) -> cfn.Resource:
    # A group that is made without a rule for outgoing connections gets one that permits all of them.
    return cfn.resource(
        "EC2::SecurityGroup",
        {
            "GroupDescription": description,
            "VpcId": cfn.ref("VpcId"),
            "SecurityGroupEgress": egress,
            "SecurityGroupIngress": ingress or None,
        },
    )


def _ingress(group: str, port: int, source: str, description: str) -> cfn.Resource:
    rule = _rule(port, SourceSecurityGroupId=_id(source), Description=description)
    return cfn.resource("EC2::SecurityGroupIngress", {"GroupId": _id(group), **rule})


def _rule(port: int, **peer: object) -> cfn.Resource:
    return {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, **peer}


def _anywhere() -> cfn.Resource:
    return {"IpProtocol": "-1", "CidrIp": "0.0.0.0/0", "Description": "What the functions call"}


def _id(group: str) -> cfn.Resource:
    return cfn.attribute(group, "GroupId")
