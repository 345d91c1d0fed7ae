"""Reading Application Load Balancers: rules and default actions that forward to functions."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from berth.tools.migrate.cloudformation.apis.context import Context, id_of
from berth.tools.migrate.cloudformation.apis.node import Node, shown
from berth.tools.migrate.cloudformation.apis.rule_conditions import (
    TAKEN_OVER,
    RuleNotCarried,
    read_conditions,
    route_problem,
)
from berth.tools.migrate.model.application import Api, RouteSource
from berth.tools.migrate.model.findings import Class

_RULE, _LISTENER, _GROUP = (
    f"AWS::ElasticLoadBalancingV2::{each}" for each in ("ListenerRule", "Listener", "TargetGroup")
)
_EVERY_PATH = "/*"
_MULTI_VALUE = "lambda.multi_value_headers.enabled"


@dataclass(frozen=True)
class _Forward:
    function: str
    has_multi_value_headers: bool = False


def read_load_balancers(context: Context) -> list[Api]:
    """The listeners that forward to functions, with a route for each rule."""
    made: dict[str, list[RouteSource]] = {}
    places: dict[str, Node] = {}
    reader = _RuleReader(context)
    for node in context.nodes(_RULE, _LISTENER):
        is_rule = node.resource.type == _RULE
        key = context.referred_key(node["ListenerArn"]) if is_rule else id_of(node)
        route = reader.route(node, "Actions" if is_rule else "DefaultActions")
        places.setdefault(key, node)
        made.setdefault(key, []).extend([route] if route else [])
    return [_api(key, tuple(routes), places[key]) for key, routes in made.items() if routes]


def _api(key: str, routes: tuple[RouteSource, ...], node: Node) -> Api:
    place = node.stack.place(node.resource)
    return Api(
        id=key,
        kind="alb",
        place=place,
        routes=routes,
        multi_value_headers=all(each.multi_value_headers for each in routes),
    )


@dataclass(frozen=True)
class _RuleReader:
    context: Context

    def route(self, node: Node, actions: str) -> RouteSource | None:
        """The route of a rule or of a listener's default action; the report says why there is none."""
        self.context.take(node)
        label = self._label(node)
        try:
            return self._route(node, node[actions], label)
        except RuleNotCarried as wrong:
            self.context.tell(node, wrong.kind, f"{label}: {wrong}")
            return None

    def _label(self, node: Node) -> str:
        priority = node["Priority"].text()
        return f"{id_of(node)} (priority {shown(priority)})" if priority.parts else id_of(node)

    def _route(self, node: Node, actions: Node, label: str) -> RouteSource:
        forward, guard = self._forward(actions.entries(), is_default=node.resource.type == _LISTENER)
        if node.resource.type == _RULE and not node["Conditions"].entries():
            raise RuleNotCarried("it has no conditions")
        conditions = read_conditions(node["Conditions"])
        path = conditions.path or _EVERY_PATH
        route = RouteSource(
            function=forward.function,
            method=conditions.method,
            path=path,
            place=node.place,
            authorizer=guard or None,
            priority=node["Priority"].number(),
            conditions=tuple(conditions.others),
            multi_value_headers=forward.has_multi_value_headers,
        )
        problem = _problem(route)
        if problem:
            raise RuleNotCarried(f"{route.method} {route.path}: Berth cannot have it: {problem}")
        self._note(node, route)
        return route

    def _note(self, node: Node, route: RouteSource) -> None:
        label = f"{route.method} {route.path}"
        carried = (Class.CARRIED, f"routes: {label}")
        keys = ("Actions", "Conditions", "Priority", "ListenerArn", "DefaultActions")
        node.note_keys(dict.fromkeys(keys, carried), function=route.function)
        for key in ("Conditions", "Priority"):
            if dependence := node[key].dependence():
                node[key].note(Class.CARRIED, f"routes: {label}{dependence}", function=route.function)
        node.note_keys(_LISTENER_KEYS)
        if node["Transforms"].is_there:
            text = f"{label}: Berth rewrites neither hosts nor paths: the function gets what the client sent"
            node["Transforms"].note(Class.NOT_CARRIED, text)
        if route.authorizer:
            text = (
                f"{label}: the load balancer authenticates callers ({route.authorizer}), and Berth does not:"
                " the start is refused while the route has this authorizer; take it out only where this"
                " load balancer stays in front"
            )
            node.any("Actions", "DefaultActions").note(
                Class.OPEN, text, name=f"authorizers.{route.authorizer}"
            )

    def _forward(self, actions: list[Node], is_default: bool) -> tuple[_Forward, str]:
        """The function that actions end at, and what they ask of callers before."""
        guard, forward = "", None
        for action in actions:
            kind = action["Type"].known().lower()
            if kind == "forward":
                forward = self._forwarded(action)
            elif kind in ("redirect", "fixed-response"):
                own = f"the load balancer itself answers ({kind})"
                if is_default:
                    raise RuleNotCarried(f"{own} what no rule takes; Berth answers 404", Class.ELSEWHERE)
                raise RuleNotCarried(f"{own}; {TAKEN_OVER}")
            else:
                guard = kind or "unknown-action"
        if forward is None:
            raise RuleNotCarried("it has no action that forwards", Class.ELSEWHERE)
        return forward, guard

    def _forwarded(self, action: Node) -> _Forward:
        found = [self._group(group) for group in _groups(action)]
        if not found:
            raise RuleNotCarried("it names no target group")
        if any(each != found[0] for each in found):
            raise RuleNotCarried("it divides requests between several target groups, and Berth does not")
        return found[0]

    def _group(self, node: Node) -> _Forward:
        group = self.context.referred(node)
        if group is None or group.resource.type != _GROUP:
            raise RuleNotCarried(f"the target group {shown(node.text())} is not in the source")
        if group["TargetType"].known().lower() != "lambda":
            raise RuleNotCarried(f"the target group {id_of(group)} has no function", Class.ELSEWHERE)
        targets = [self.context.targets.of_name(each["Id"].text()) for each in group["Targets"].entries()]
        names = ", ".join(target.name for target in targets)
        if len(targets) != 1 or targets[0].function not in self.context.functions:
            raise RuleNotCarried(
                f"the target group {id_of(group)} leads to {names or 'nothing'}, which is not imported"
            )
        return _Forward(targets[0].function, _has_multi_value_headers(group))


_LISTENER_KEYS = {
    **dict.fromkeys(
        (
            "LoadBalancerArn",
            "Port",
            "Protocol",
            "Certificates",
            "SslPolicy",
            "AlpnPolicy",
            "ListenerAttributes",
        ),
        (
            Class.ELSEWHERE,
            "the listener belongs to the deployment: it is that of the load balancer before Berth",
        ),
    ),
    "MutualAuthentication": (
        Class.ELSEWHERE,
        "certificates of clients: keep the trust store at the load balancer, or set BERTH_TLS_CLIENT_CA",
    ),
    "Tags": (Class.ELSEWHERE, "tags of the load balancer"),
}
_GROUP_KEYS = {
    **dict.fromkeys(
        ("TargetType", "Targets", "TargetGroupAttributes"), (Class.CARRIED, "routes of load balancers")
    ),
    **dict.fromkeys(
        (
            *("HealthCheckEnabled", "HealthCheckIntervalSeconds", "HealthCheckPath", "HealthCheckPort"),
            *("HealthCheckProtocol", "HealthCheckTimeoutSeconds", "HealthyThresholdCount", "Matcher"),
            *("UnhealthyThresholdCount", "Port", "Protocol", "ProtocolVersion", "VpcId", "IpAddressType"),
        ),
        (Class.ELSEWHERE, "health checks and ports of the target group, which is now one of the ECS service"),
    ),
    **dict.fromkeys(("Name", "Tags"), (Class.ELSEWHERE, "names and tags of the target group")),
}


def note_target_groups(context: Context) -> None:
    """Tell of the target groups that have functions."""
    for node in context.nodes(_GROUP):
        if node["TargetType"].known().lower() == "lambda":
            context.take(node).note_keys(_GROUP_KEYS)
        else:
            context.tell(node, Class.ELSEWHERE, f"{id_of(node)}: a target group without functions")


def _groups(action: Node) -> Iterator[Node]:
    """The target groups of a forward action that get requests."""
    tuples = action["ForwardConfig"]["TargetGroups"].entries()
    for each in tuples:
        if each["Weight"].number() != 0:
            yield each["TargetGroupArn"]
    if not tuples and action["TargetGroupArn"].is_there:
        yield action["TargetGroupArn"]


def _has_multi_value_headers(group: Node) -> bool:
    attributes = group["TargetGroupAttributes"].entries()
    return any(each["Key"].known() == _MULTI_VALUE and each["Value"].flag() for each in attributes)


def _problem(route: RouteSource) -> str:
    written: dict[str, Any] = {
        "method": route.method,
        "path": route.path,
        "conditions": list(route.conditions),
    }
    return route_problem(written | ({} if route.priority is None else {"priority": route.priority}))
