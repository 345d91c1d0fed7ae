"""Serverless' `alb` events: rules of a load balancer.

https://www.serverless.com/framework/docs/providers/aws/events/alb
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from berth.tools.migrate.model.findings import Class
from berth.tools.migrate.model.findings import Path as KeyPath
from berth.tools.migrate.model.values import Tree
from berth.tools.migrate.serverless.builder import Builder
from berth.tools.migrate.serverless.logical_ids import function_logical_id, logical_name

_ELB = "AWS::ElasticLoadBalancingV2"
_CONDITIONS = {
    "path": ("path-pattern", "PathPatternConfig"),
    "method": ("http-request-method", "HttpRequestMethodConfig"),
    "host": ("host-header", "HostHeaderConfig"),
    "ip": ("source-ip", "SourceIpConfig"),
}
_HEALTH = "health checks of the target group, which is now one of the ECS service"


@dataclass(frozen=True)
class LoadBalancers:
    """Adds a rule and a target group for each event."""

    builder: Builder
    provider: Mapping[str, Tree]

    def add(self, function: str, node: Tree, origin: KeyPath) -> None:
        """Add one `alb` event of a function."""
        event, builder = self.builder.mapping(self.builder.resolved(node, origin), origin), self.builder
        number = len(builder.resources)
        group = f"{logical_name(function)}AlbTargetGroup{number}"
        self._add_group(group, function, event, origin)
        rule = f"{logical_name(function)}AlbListenerRule{number}"
        builder.add(rule, f"{_ELB}::ListenerRule", {}, origin)
        builder.set(rule, "ListenerArn", event.get("listenerArn"), (*origin, "listenerArn"))
        builder.set(rule, "Priority", event.get("priority"), (*origin, "priority"))
        conditions = builder.entries(event.get("conditions"), (*origin, "conditions"))
        made = [each for key, entry in conditions.items() for each in _conditions(key, entry[0])]
        builder.set(rule, "Conditions", made, (*origin, "conditions"))
        forward = {"Type": "forward", "TargetGroupArn": {"Ref": group}}
        actions = [*self._authentications(event, origin), forward]
        where = "authorizer" if "authorizer" in event else "conditions"
        builder.set(rule, "Actions", actions, (*origin, where))
        for key in event.keys() & {"healthCheck", "targetGroupName"}:
            builder.note(Class.ELSEWHERE, (*origin, key), _HEALTH)

    def _add_group(self, group: str, function: str, event: Mapping[str, Tree], origin: KeyPath) -> None:
        path = (*origin, "multiValueHeaders")
        is_multi = self.builder.flag(event.get("multiValueHeaders"), path)
        attribute = {"Key": "lambda.multi_value_headers.enabled", "Value": "true" if is_multi else "false"}
        self.builder.add(group, f"{_ELB}::TargetGroup", {}, path)
        self.builder.set(group, "TargetType", "lambda", path)
        target = {"Id": {"Fn::GetAtt": [function_logical_id(function), "Arn"]}}
        self.builder.set(group, "Targets", [target], path)
        self.builder.set(group, "TargetGroupAttributes", [attribute], path)

    def _authentications(self, event: Mapping[str, Tree], origin: KeyPath) -> Iterator[dict[str, Tree]]:
        """What the load balancer itself asks of callers before it forwards a request."""
        path = ("provider", "alb", "authorizers")
        alb = self.builder.mapping(self.provider.get("alb"), path[:-1])
        known = self.builder.mapping(alb.get("authorizers"), path)
        for name in self.builder.items(event.get("authorizer"), (*origin, "authorizer")):
            definition = self.builder.mapping(known.get(str(name)), (*path, str(name)))
            kind = self.builder.known(definition.get("type"), (*path, str(name), "type"), "oidc")
            yield {"Type": f"authenticate-{kind}"}


def _conditions(key: str, value: Tree) -> Iterator[dict[str, Tree]]:
    """A rule's conditions in the words of the load balancer."""
    values = value if isinstance(value, list) else [value]
    entries = [each for each in values if isinstance(each, dict)]
    if key in _CONDITIONS:
        field_name, config = _CONDITIONS[key]
        yield {"Field": field_name, config: {"Values": values}}
    elif key == "header":
        for entry in entries:
            header = {"HttpHeaderName": entry.get("name"), "Values": entry.get("values")}
            yield {"Field": "http-header", "HttpHeaderConfig": header}
    elif key == "query":
        pairs = [{"Key": name, "Value": each} for entry in entries for name, each in entry.items()]
        yield {"Field": "query-string", "QueryStringConfig": {"Values": pairs}}
    else:
        yield {"Field": key, "Values": values}
