"""Translating large SAM templates in parts.

The translator copies the whole document of an API for each route, so its time grows with the square of their
number. The routes of a large template are translated a few at a time, and their APIs are put together again.
"""

import copy
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from berth.tools.migrate.model.findings import ImportRefused, Problem
from berth.tools.migrate.model.values import Tree
from berth.tools.migrate.source.documents import mapping_at

Run = Callable[[dict[str, Any]], dict[str, Any]]
_FUNCTION = "AWS::Serverless::Function"
_APIS = ("AWS::Serverless::Api", "AWS::Serverless::HttpApi")
# The key of an event that names its API, and the API where there is no such key.
_EVENTS = {"Api": ("RestApiId", "ServerlessRestApi"), "HttpApi": ("ApiId", "ServerlessHttpApi")}
_IMPLICIT = {implicit for _, implicit in _EVENTS.values()}
_DEPLOYMENT = "AWS::ApiGateway::Deployment"
# Each part has a piece of these resources.
_UNITED = (
    "AWS::ApiGateway::RestApi",
    "AWS::ApiGateway::Stage",
    "AWS::ApiGateway::UsagePlan",
    "AWS::ApiGatewayV2::Api",
    "AWS::ApiGatewayV2::Stage",
)
# What parts bring that the template without its routes has not.
_ADDED = ("AWS::ApiGateway", "AWS::Route53::", "AWS::Lambda::Permission")
# The properties of functions that count for their routes, or that every function must have.
_OF_ROUTES = (
    *("Handler", "Runtime", "CodeUri", "InlineCode", "PackageType", "ImageUri"),
    *("FunctionName", "AutoPublishAlias", "Tags", "PropagateTags"),
)
_BATCH = 16


@dataclass(frozen=True)
class _Route:
    """One event that makes a route."""

    function: str
    event: str
    api: str
    path: str


def translate_in_batches(given: dict[str, Any], run: Run, size: int = _BATCH) -> dict[str, Any]:
    """Translate a template; `run` translates one part, `size` is the number of routes of a part.

    Raises ImportRefused with the problems of every part.
    """
    routes = list(_routes(given["Resources"]))
    if len(routes) <= 2 * size or _IMPLICIT & given["Resources"].keys():
        return run(given)
    batches = _batches(routes, size)
    parts = [_part(given, batch) for batch in batches]
    whole = copy.deepcopy(given)
    first, *others = _translated([_without_routes(given, routes), *parts], run)
    union = _Union(first)
    is_whole = all(union.add(part, batch) for part, batch in zip(others, batches, strict=True))
    return union.finished() if is_whole else run(whole)


def _translated(parts: list[dict[str, Any]], run: Run) -> list[dict[str, Any]]:
    outputs: list[dict[str, Any]] = []
    problems: list[Problem] = []
    for part in parts:
        try:
            outputs.append(run(part))
        except ImportRefused as bad:
            problems.extend(each for each in bad.problems if each not in problems)
    if problems:
        raise ImportRefused(problems)
    return outputs


def _routes(resources: Mapping[str, Any]) -> Iterator[_Route]:
    for name, entry in resources.items():
        is_function = mapping_at(entry).get("Type") == _FUNCTION
        for event, each in mapping_at(entry, "Properties", "Events").items():
            kind = str(mapping_at(each).get("Type"))
            if is_function and kind in _EVENTS:
                key, implicit = _EVENTS[kind]
                properties = mapping_at(each, "Properties")
                api = properties.get(key, implicit)
                path = properties.get("Path", "$default")
                named = api.get("Ref") if isinstance(api, dict) else api
                yield _Route(name, event, str(named), json.dumps(path, default=str))


def _batches(routes: list[_Route], size: int) -> list[list[_Route]]:
    """The routes in parts; all of one path are in one part, since their conditions are combined."""
    groups: dict[tuple[str, str], list[_Route]] = {}
    for route in routes:
        groups.setdefault((route.api, route.path), []).append(route)
    batches: list[list[_Route]] = [[]]
    for group in groups.values():
        if batches[-1] and len(batches[-1]) + len(group) > size:
            batches.append([])
        batches[-1].extend(group)
    return batches


def _part(given: dict[str, Any], batch: list[_Route]) -> dict[str, Any]:
    """What the routes of a batch need: their functions with nothing but these events, and every API."""
    functions: dict[str, Any] = {}
    for route in batch:
        entry = given["Resources"][route.function]
        if route.function not in functions:
            properties = {key: each for key, each in entry["Properties"].items() if key in _OF_ROUTES}
            role = "arn:aws:iam::123456789012:role/role"
            functions[route.function] = {**entry, "Properties": {**properties, "Role": role, "Events": {}}}
        event = entry["Properties"]["Events"][route.event]
        functions[route.function]["Properties"]["Events"][route.event] = event
    named = {route.api for route in batch}
    apis = {name: each for name, each in given["Resources"].items() if name in named or _is_api(each)}
    return copy.deepcopy({**given, "Outputs": {}, "Resources": {**apis, **functions}})


def _is_api(entry: Tree) -> bool:
    return mapping_at(entry).get("Type") in _APIS


def _without_routes(given: dict[str, Any], routes: list[_Route]) -> dict[str, Any]:
    gone = {(route.function, route.event) for route in routes}
    resources = dict(given["Resources"])
    for name in {route.function for route in routes}:
        properties = resources[name]["Properties"]
        events = {key: each for key, each in properties["Events"].items() if (name, key) not in gone}
        resources[name] = {**resources[name], "Properties": {**properties, "Events": events}}
    return {**given, "Resources": resources}


class _Union:
    """Puts translated parts together."""

    def __init__(self, first: dict[str, Any]) -> None:
        self._made = first
        self._resources: dict[str, Any] = first["Resources"]
        self._conditions: dict[str, Any] = dict(first.get("Conditions", {}))
        self._of_implicit: dict[str, list[Tree]] = {}

    def add(self, output: Mapping[str, Any], routes: Iterable[_Route]) -> bool:
        """Add the part with these routes; False where it contradicts the others."""
        conditions = dict(output.get("Conditions", {}))
        for api in _IMPLICIT & output["Resources"].keys():
            name = output["Resources"][api].get("Condition")
            own = conditions.pop(f"{api}Condition", {"Condition": name} if name else None)
            self._of_implicit.setdefault(api, []).append(own)
        if any(self._conditions.setdefault(name, each) != each for name, each in conditions.items()):
            return False
        for route in routes:
            self._take_path(route, output["Resources"])
        for name, entry in output["Resources"].items():
            if name not in self._resources:
                self._add_resource(name, entry)
            elif entry["Type"] in _UNITED:
                _unite(self._resources[name], entry)
        return True

    def _take_path(self, route: _Route, resources: Mapping[str, Any]) -> None:
        """Take the methods of a path from the part that has its events."""
        found = mapping_at(resources, route.api, "Properties", "Body", "paths")
        known: Any = mapping_at(self._resources, route.api, "Properties", "Body", "paths")
        path = json.loads(route.path)
        for name in (path, f"/{path}") if isinstance(path, str) else ():
            if name in found and name in known:
                known[name] = found[name]

    def _add_resource(self, name: str, entry: Mapping[str, Any]) -> None:
        """Add a resource; every part deploys the APIs, and one deployment is enough."""
        api = mapping_at(entry, "Properties").get("RestApiId")
        is_deployed = entry["Type"] == _DEPLOYMENT and any(
            each["Type"] == _DEPLOYMENT and mapping_at(each, "Properties").get("RestApiId") == api
            for each in self._resources.values()
        )
        if not is_deployed and entry["Type"].startswith(_ADDED):
            self._resources[name] = dict(entry)

    def finished(self) -> dict[str, Any]:
        """All parts together. An implicit API exists where one of its routes does."""
        for api, conditions in self._of_implicit.items():
            own = {name: each for name, each in self._resources.items() if name.startswith(api)}
            different = [each for n, each in enumerate(conditions) if each not in conditions[:n]]
            name = f"{api}Condition"
            if None not in different and len(different) > 1:
                self._conditions[name] = {"Fn::Or": different}
            for entry in own.values():
                entry.pop("Condition", None)
                if None not in different:
                    alone = different[0].get("Condition") if len(different) == 1 else None
                    entry["Condition"] = alone or name
                    self._conditions.setdefault(entry["Condition"], different[0])
        return {**self._made, **({"Conditions": self._conditions} if self._conditions else {})}


def _unite(known: Any, other: Mapping[str, Any]) -> None:
    """Add to a mapping what another one has more of; where both have a value, the first one stays."""
    for key, value in other.items():
        if key not in known:
            known[key] = value
        elif key == "paths":  # each path is taken from the part that has its events
            known[key] = {**value, **known[key]}
        elif isinstance(known[key], dict) and isinstance(value, dict):
            _unite(known[key], value)
        elif isinstance(known[key], list) and isinstance(value, list):
            known[key].extend(each for each in value if each not in known[key])
