"""Leading from a translated template back to the keys of its SAM template.

Values tell themselves where they come from (tracing.py). What the translator makes by itself, such as roles
and permissions, has names that SAM documents:
https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification-generated-resources.html
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from berth.tools.migrate.cloudformation.sam_api_origins import APIS, FUNCTION, ApiOrigins, SamKeys
from berth.tools.migrate.cloudformation.tracing import inferred_origins
from berth.tools.migrate.model.findings import Path
from berth.tools.migrate.model.values import Tree
from berth.tools.migrate.source.documents import mapping_at

# Properties of Lambda functions that have other names in SAM. Of several, the first that is there counts.
_FUNCTION_KEYS = {
    "Code": ("InlineCode", "ImageUri", "CodeUri"),
    "TracingConfig": ("Tracing",),
    "DeadLetterConfig": ("DeadLetterQueue",),
    "Role": ("Role", "Policies", "Role"),
}
# The endings of the names of resources that a function makes, and the property that makes them.
_FUNCTION_RESOURCES = {
    "Role": ("Policies", "Role"),
    "Version": ("AutoPublishAlias",),
    "Alias": ("AutoPublishAlias",),
    "Url": ("FunctionUrlConfig",),
    "URL": ("FunctionUrlConfig",),
    "EventInvokeConfig": ("EventInvokeConfig",),
    "DeploymentGroup": ("DeploymentPreference",),
}
# Resources of these endings are what they are named after; others, such as permissions, only serve it.
_WHOLE = ("EventInvokeConfig", "Url")
# Resources that several functions or APIs share: the beginnings of their names, and what makes them.
_SHARED: Mapping[tuple[str, ...], tuple[tuple[str, ...], tuple[str, ...]]] = {
    ("ServerlessDeploymentApplication", "CodeDeployServiceRole"): ((FUNCTION,), ("DeploymentPreference",)),
    ("ServerlessUsagePlan", "ServerlessApiKey"): (APIS, ("Auth", "UsagePlan")),
    ("ApiGatewayDomainName", "RecordSetGroup", "DomainNameAccessAssociation"): (APIS, ("Domain",)),
}
_HASH = re.compile("[0-9a-f]{10}$")
_EVENT_KEYS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "AWS::Events::Rule": {
        "ScheduleExpression": ("Schedule",),
        "EventPattern": ("Pattern", "EventPattern"),
        "State": ("Enabled", "State"),
        "Name": ("RuleName", "Name"),
    },
    "AWS::Lambda::EventSourceMapping": {
        "EventSourceArn": ("Queue", "Stream", "Broker", "Cluster"),
        "Topics": ("Topics",),
    },
    "AWS::SNS::Subscription": {"TopicArn": ("Topic",)},
    "AWS::Logs::SubscriptionFilter": {"LogGroupName": ("LogGroupName",)},
    "AWS::Scheduler::Schedule": {"State": ("State",)},
}


class SamOrigins:
    """The origins of one translated template: `output` is traced, `source` is what was to be translated."""

    def __init__(self, source: Mapping[str, Any], output: Mapping[str, Any]) -> None:
        self.keys = SamKeys(source)
        self._output = {key: output[key] for key in ("Resources", "Conditions", "Outputs") if key in output}
        self._known: dict[Path, Path] = {}
        self._used: set[Path] = set()

    def all(self) -> dict[Path, Path]:
        """The origin of each path of the translated template that stands somewhere else in the source."""
        rules = dict(self._rules())
        self._known = {**inferred_origins(self._output), **rules}
        found = dict(self._walk(self._output, (), ()))
        # What stands first in an `Fn::If` is the name of the condition, which no evaluated value has.
        chosen = (
            (path, each) for path, each in found.items() if "Fn::If" in path and path[-2:] != ("Fn::If", 0)
        )
        return {**{_folded(path): origin for path, origin in chosen}, **rules, **found}

    @property
    def translated(self) -> list[str]:
        """The names of all translated resources, and of those that were to be translated."""
        return [*self.keys.resources, *self._output["Resources"]]

    def unused_globals(self) -> Iterator[Path]:
        """The values of the Globals that no translated resource has; only after `all`."""
        return (path for path in self.keys.global_leaves if path not in self._used)

    def _walk(self, node: Any, path: Path, current: Path) -> Iterator[tuple[Path, Path]]:
        """Every path whose origin does not follow from the origin of the path around it."""
        for name, each in _pairs(node):
            key = name if isinstance(name, int) else str(name)
            below, follows = (*path, key), (*current, key)
            own = self._known.get(below) or self.keys.taken(follows)
            if own != follows:
                yield below, own
            yield from self._walk(each, below, own)
        self._used.add(current)

    def _rules(self) -> Iterator[tuple[Path, Path]]:
        """The origins that names tell."""
        resources = self._output["Resources"]
        yield from ApiOrigins(self.keys, resources).all()
        functions = sorted(self.keys.functions, key=len, reverse=True)
        for name, entry in resources.items():
            owner = next((each for each in functions if name.startswith(each)), None)
            if name in self.keys.functions:
                yield from self._function(name)
            elif owner is not None and name not in self.keys.resources:
                yield from self._made_by(owner, name, entry)
            else:
                yield from self._shared(name)
                yield from self._triggers_of(name, entry)

    def _shared(self, name: str) -> Iterator[tuple[Path, Path]]:
        """A resource that the translator makes once for several functions or APIs."""
        beginning = next((each for each in _SHARED if name.startswith(each)), None)
        if beginning is None or name in self.keys.resources:
            return
        made_of = self.keys.first_with(*_SHARED[beginning])
        if made_of is not None:
            yield ("Resources", name), (*made_of, f"({_HASH.sub('', name)})")

    def _function(self, name: str) -> Iterator[tuple[Path, Path]]:
        base = ("Resources", name, "Properties")
        yield base, base
        for key, sources in _FUNCTION_KEYS.items():
            yield (*base, key), self.keys.first(name, sources)

    def _made_by(self, owner: str, name: str, entry: Mapping[str, Any]) -> Iterator[tuple[Path, Path]]:
        """A resource that a function made: for one of its events, or for one of its properties."""
        base, rest = ("Resources", name), name.removeprefix(owner)
        events = self.keys.events(owner)
        event = next((each for each in sorted(events, key=len, reverse=True) if rest.startswith(each)), None)
        ending = next((each for each in _FUNCTION_RESOURCES if rest.startswith(each)), None)
        if event is not None:
            yield from self._made_by_event(owner, event, name, entry)
        elif ending is None:
            yield base, ("Resources", owner, "Properties", rest)
        else:
            made_of = self.keys.first(owner, _FUNCTION_RESOURCES[ending])
            is_whole = rest in _WHOLE
            yield base, made_of if is_whole or ending in ("Role", "Version", "Alias") else (*made_of, rest)
            yield (*base, "Properties"), made_of
            if ending == "Role":
                yield from self._policies(base, made_of, entry)

    def _made_by_event(
        self, owner: str, event: str, name: str, entry: Mapping[str, Any]
    ) -> Iterator[tuple[Path, Path]]:
        base, rest = ("Resources", name), name.removeprefix(owner)
        place = ("Resources", owner, "Properties", "Events", event)
        is_only_permission = self.keys.events(owner)[event].get("Type") == "AlexaSkill"
        if rest != event and not is_only_permission:
            yield base, (*place, "Type")
            yield (*base, "Properties"), (*place, rest.removeprefix(event))
            return
        yield base, place
        yield (*base, "Properties"), (*place, "Properties")
        given = mapping_at(self.keys.events(owner)[event], "Properties")
        for key, sources in _EVENT_KEYS.get(str(entry.get("Type")), {}).items():
            source = next((each for each in sources if each in given), None)
            if source is not None:
                yield (*base, "Properties", key), (*place, "Properties", source)

    def _policies(self, base: Path, made_of: Path, entry: Mapping[str, Any]) -> Iterator[tuple[Path, Path]]:
        """The policies of a role, by the number in their names or by the managed policy that they name."""
        properties = mapping_at(entry, "Properties")
        written = self.keys.value(made_of)
        for index, policy in enumerate(properties.get("Policies") or []):
            number = _number_of(policy)
            place = (*made_of, number) if isinstance(written, list) and number is not None else made_of
            yield (*base, "Properties", "Policies", index), place
        for index, arn in enumerate(properties.get("ManagedPolicyArns") or []):
            if isinstance(written, list) and isinstance(arn, str):
                named = [n for n, each in enumerate(written) if each == arn.rpartition("/")[2]]
                if named:
                    yield (*base, "Properties", "ManagedPolicyArns", index), (*made_of, named[0])

    def _triggers_of(self, name: str, entry: Mapping[str, Any]) -> Iterator[tuple[Path, Path]]:
        """What events have added to a bucket or a user pool of the author's."""
        for place, event in self.keys.events_at(name):
            triggers = {"S3": "NotificationConfiguration", "Cognito": "LambdaConfig"}
            key = triggers.get(str(event.get("Type")), "")
            found = mapping_at(entry, "Properties", key)
            for kind, made in found.items():
                base = ("Resources", name, "Properties", key, kind)
                if key == "LambdaConfig" and kind in str(event["Properties"].get("Trigger")):
                    yield base, (*place, "Properties", "Trigger")
                for index, each in enumerate(made) if isinstance(made, list) else ():
                    if str(place[1]) in str(each.get("Function")):
                        yield (*base, index), place


def _pairs(node: Tree) -> Iterable[tuple[Any, Tree]]:
    if isinstance(node, dict):
        return list(node.items())
    return enumerate(node) if isinstance(node, list) else ()


def _number_of(policy: Any) -> int | None:
    """The number that the translator puts behind a policy's name: its place in `Policies`."""
    if isinstance(policy, dict) and "Fn::If" in policy:
        return next((n for each in policy["Fn::If"][1:] if (n := _number_of(each)) is not None), None)
    name = str(policy.get("PolicyName", "")) if isinstance(policy, dict) else ""
    digits = name.rpartition("Policy")[2]
    return int(digits) if digits.isdigit() else None


def _folded(path: Path) -> Path:
    """A path after its conditions are evaluated: without `Fn::If` and the number of the chosen value."""
    made: list[str | int] = []
    keys = iter(path)
    for key in keys:
        if key == "Fn::If":
            next(keys, None)
        else:
            made.append(key)
    return tuple(made)
