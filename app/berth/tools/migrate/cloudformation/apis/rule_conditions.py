"""The conditions of a load balancer's rule, in the form of Berth's routes."""

from dataclasses import dataclass, field
from typing import Any

from berth.errors import MalformedDocument
from berth.manifest.schema.route import RouteSchema
from berth.model.route import ANY, METHODS
from berth.schemas.reading import read
from berth.tools.migrate.cloudformation.apis.node import Node
from berth.tools.migrate.model.findings import Class

TAKEN_OVER = "requests that it took now go to the next rule that fits them"
_PATH, _METHOD, _HEADER, _QUERY = "path-pattern", "http-request-method", "http-header", "query-string"
# The keys of a condition's values by its field.
_VALUES = {
    _PATH: "PathPatternConfig",
    _METHOD: "HttpRequestMethodConfig",
    "host-header": "HostHeaderConfig",
    _HEADER: "HttpHeaderConfig",
    _QUERY: "QueryStringConfig",
}


class RuleNotCarried(Exception):
    """Raised for a rule that cannot be carried; its text says why, `kind` is the class to tell it in."""

    def __init__(self, reason: str, kind: Class = Class.NOT_CARRIED) -> None:
        self.kind = kind
        super().__init__(reason)


@dataclass
class Conditions:
    """A rule's conditions: its method and path, and all others."""

    method: str = ANY
    path: str = ""
    others: list[dict[str, Any]] = field(default_factory=list)

    def add(self, name: str, values: list[Any], header: str) -> None:
        """Add one condition with its values."""
        if name == _METHOD and values in [[method] for method in METHODS] and self.method == ANY:
            self.method = values[0]
        elif name == _PATH and len(values) == 1 and not self.path and _is_path(values[0]):
            self.path = values[0]
        elif name == _PATH and values == ["*"]:
            pass  # every path
        else:
            named = {"httpHeaderName": header} if name == _HEADER else {}
            self.others.append({"field": name, **named, "values": values})


def read_conditions(node: Node) -> Conditions:
    """The conditions of a rule; raises RuleNotCarried for one that Berth does not have."""
    made = Conditions()
    for condition in node.entries():
        name = condition["Field"].known().lower()
        if name not in _VALUES:
            raise RuleNotCarried(f"it has the condition {name}, and Berth has none; {TAKEN_OVER}")
        config = condition[_VALUES[name]]
        if config["RegexValues"].is_there or condition["RegexValues"].is_there:
            raise RuleNotCarried(f"its condition {name} has regular expressions, and Berth has only * and ?")
        made.add(name, _values(condition, config, name), config["HttpHeaderName"].known())
    return made


def _values(condition: Node, config: Node, name: str) -> list[Any]:
    values = config["Values"] if config["Values"].is_there else condition["Values"]
    if name != _QUERY:
        return [each.known() for each in values.entries()]
    return [_pair(each) for each in values.entries()]


def _pair(node: Node) -> dict[str, str]:
    key = {"key": node["Key"].known()} if node["Key"].is_there else {}
    return {**key, "value": node["Value"].known()}


def _is_path(pattern: str) -> bool:
    return not route_problem({"method": ANY, "path": pattern})


def route_problem(document: dict[str, Any]) -> str:
    """Why Berth would refuse a route; empty if it would not."""
    try:
        read(RouteSchema(), document)
    except MalformedDocument as wrong:
        return str(wrong)
    return ""
