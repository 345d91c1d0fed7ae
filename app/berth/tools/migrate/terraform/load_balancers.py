"""Terraform's load balancers as resources of CloudFormation."""

from collections.abc import Mapping
from typing import Any

from berth.tools.migrate.terraform.converting import EMPTY, Conversion, pascal

TARGET_GROUPS = ("aws_lb_target_group", "aws_alb_target_group")
LISTENERS = ("aws_lb_listener", "aws_alb_listener")
RULES = ("aws_lb_listener_rule", "aws_alb_listener_rule")
ATTACHMENTS = ("aws_lb_target_group_attachment", "aws_alb_target_group_attachment")
_FIELDS = {
    "path_pattern": "path-pattern",
    "host_header": "host-header",
    "http_request_method": "http-request-method",
    "http_header": "http-header",
    "query_string": "query-string",
    "source_ip": "source-ip",
}


def target_group(made: Conversion) -> None:
    """AWS::ElasticLoadBalancingV2::TargetGroup with what is attached to it."""
    links, own = made.links, made.resource
    targets = [
        {"Id": links.function(each, "target_id")}
        for each in links.of_type(*ATTACHMENTS)
        if links.reference(each, "target_group_arn", *TARGET_GROUPS) == {"Ref": own.address}
    ]
    made.plain("target_type")
    made.put("Targets", targets)
    is_multi = "true" if made["lambda_multi_value_headers_enabled"] else "false"
    attribute = {"Key": "lambda.multi_value_headers.enabled", "Value": is_multi}
    made.put("TargetGroupAttributes", [attribute], "lambda_multi_value_headers_enabled")


def listener(made: Conversion) -> None:
    """AWS::ElasticLoadBalancingV2::Listener."""
    made.put("DefaultActions", _actions(made, "default_action"), "default_action")


def listener_rule(made: Conversion) -> None:
    """AWS::ElasticLoadBalancingV2::ListenerRule."""
    conditions = [part for each in made.resource.blocks("condition") for part in _conditions(each)]
    made.reference("ListenerArn", "listener_arn", *LISTENERS)
    made.plain("priority")
    made.put("Actions", _actions(made, "action"), "action")
    made.put("Conditions", conditions, "condition")
    made.others({})


def _actions(made: Conversion, key: str) -> list[dict[str, Any]]:
    """The actions of a rule or a listener, each with its target group as a reference."""
    actions = []
    for number, each in enumerate(made.resource.blocks(key)):
        arn = each.get("target_group_arn") or _sole_group(each)
        group = made.links.named(arn, *TARGET_GROUPS) if arn else _of_plan(made, key, number)
        action = {"Type": each.get("type"), "TargetGroupArn": group, **_forward(made, each)}
        actions.append({name: value for name, value in action.items() if value not in EMPTY})
    return actions


def _of_plan(made: Conversion, key: str, number: int) -> Any:
    """The target group that a plan does not know the ARN of."""
    return made.links.nested(None, made.resource, key, number, "target_group_arn")


def _groups(action: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    forwards = action.get("forward") or []
    groups = forwards[0].get("target_group") if forwards and isinstance(forwards[0], dict) else None
    return [each for each in groups or [] if isinstance(each, dict)]


def _sole_group(action: Mapping[str, Any]) -> Any:
    """The one target group of a `forward` block."""
    groups = _groups(action)
    return groups[0].get("arn") if len(groups) == 1 else None


def _forward(made: Conversion, action: Mapping[str, Any]) -> dict[str, Any]:
    """Several target groups, each with its weight."""
    groups = _groups(action)
    if len(groups) < 2:
        return {}
    found = [
        {"TargetGroupArn": made.links.named(each.get("arn"), *TARGET_GROUPS), "Weight": each.get("weight")}
        for each in groups
    ]
    return {"ForwardConfig": {"TargetGroups": found}}


def _conditions(entry: Mapping[str, Any]) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = []
    for key, field in _FIELDS.items():
        blocks = [each for each in entry.get(key) or [] if isinstance(each, dict)]
        config = f"{pascal(key)}Config"
        if key == "query_string" and blocks:
            made.append({"Field": field, config: {"Values": [_values(each) for each in blocks]}})
        elif blocks:
            made.append({"Field": field, config: _values(blocks[0])})
    return made


def _values(block: Mapping[str, Any]) -> dict[str, Any]:
    return {pascal(key): each for key, each in block.items() if each not in EMPTY}
