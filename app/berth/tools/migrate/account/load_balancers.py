"""The load balancers of an account as resources of CloudFormation."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from berth.tools.migrate.account.clients import Account
from berth.tools.migrate.account.names import functions_in

Found = Iterator[tuple[str, str, dict[str, Any]]]
_ELB = "AWS::ElasticLoadBalancingV2"
_FORWARD = "forward"


@dataclass(frozen=True)
class LoadBalancersOfAccount:
    """Reads the listeners that forward to one of the functions."""

    account: Account
    functions: Collection[str]

    def read(self) -> Found:
        """The resources: logical id, type and properties."""
        groups: dict[str, str] = {}
        balancers: dict[str, None] = {}
        for group in self.account.list("elbv2", "describe_target_groups", "TargetGroups"):
            if group.get("TargetType") != "lambda":
                continue
            arn = group["TargetGroupArn"]
            targets = self._targets(arn)
            if functions_in(targets) & set(self.functions):
                groups[arn] = f"Group-{group.get('TargetGroupName', len(groups))}"
                balancers.update(dict.fromkeys(group.get("LoadBalancerArns", [])))
                yield groups[arn], f"{_ELB}::TargetGroup", self._target_group(arn, targets)
        for balancer in balancers:
            self.account.progress(f"load balancer {balancer.rpartition('/')[0].rpartition('/')[2]}")
            yield from self._listeners(balancer, groups)

    def _targets(self, arn: str) -> list[str]:
        health = self.account.ask("elbv2", "describe_target_health", TargetGroupArn=arn)
        return [each["Target"]["Id"] for each in health.get("TargetHealthDescriptions", [])]

    def _target_group(self, arn: str, targets: list[str]) -> dict[str, Any]:
        answer = self.account.ask("elbv2", "describe_target_group_attributes", TargetGroupArn=arn)
        return {
            "TargetType": "lambda",
            "Targets": [{"Id": each} for each in targets],
            "TargetGroupAttributes": answer.get("Attributes", []),
        }

    def _listeners(self, balancer: str, groups: Mapping[str, str]) -> Found:
        for listener in self.account.list(
            "elbv2", "describe_listeners", "Listeners", LoadBalancerArn=balancer
        ):
            arn = listener["ListenerArn"]
            rules = self.account.list("elbv2", "describe_rules", "Rules", ListenerArn=arn)
            if any(group in str(rule.get("Actions")) for rule in rules for group in groups):
                name = f"Listener-{listener.get('Port', '')}-{arn.rpartition('/')[2]}"
                yield from _of_listener(name, listener, rules, groups)


def _of_listener(
    name: str, listener: Mapping[str, Any], rules: list[dict[str, Any]], groups: Mapping[str, str]
) -> Found:
    kept = {key: listener[key] for key in ("Port", "Protocol") if key in listener}
    default = [rule for rule in rules if rule.get("IsDefault")]
    actions = default[0].get("Actions", []) if default else listener.get("DefaultActions", [])
    yield name, f"{_ELB}::Listener", {**kept, "DefaultActions": _actions(actions, groups)}
    for rule in rules:
        if not rule.get("IsDefault"):
            properties = {
                "ListenerArn": {"Ref": name},
                "Priority": rule["Priority"],
                "Conditions": [_condition(each) for each in rule.get("Conditions", [])],
                "Actions": _actions(rule.get("Actions", []), groups),
            }
            yield f"{name}-{rule['Priority']}", f"{_ELB}::ListenerRule", properties


def _condition(condition: Mapping[str, Any]) -> dict[str, Any]:
    """A condition as a template has it: AWS tells the values of some twice, in an old form and a new one."""
    has_config = any(key.endswith("Config") for key in condition)
    return {key: each for key, each in condition.items() if each and not (has_config and key == "Values")}


def _actions(actions: list[dict[str, Any]], groups: Mapping[str, str]) -> list[dict[str, Any]]:
    return [_action(each, groups) for each in sorted(actions, key=lambda one: one.get("Order", 0))]


def _action(action: Mapping[str, Any], groups: Mapping[str, str]) -> dict[str, Any]:
    """An action with its target groups as references."""
    made: dict[str, Any] = {"Type": action.get("Type")}
    forward = action.get("ForwardConfig") or {}
    tuples = [
        {"TargetGroupArn": _reference(each.get("TargetGroupArn"), groups), "Weight": each.get("Weight", 1)}
        for each in forward.get("TargetGroups", [])
    ]
    if made["Type"] == _FORWARD and tuples:
        return {**made, "ForwardConfig": {"TargetGroups": tuples}}
    if made["Type"] == _FORWARD:
        made["TargetGroupArn"] = _reference(action.get("TargetGroupArn"), groups)
    return made


def _reference(arn: Any, groups: Mapping[str, str]) -> Any:
    return {"Ref": groups[arn]} if arn in groups else arn
