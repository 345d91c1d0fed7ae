"""Reading what invokes functions besides HTTP, in the form of the manifest key `events`.

The form is SAM's: the properties of its events, with small first letters.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from berth.tools.migrate.cloudformation.index import Index
from berth.tools.migrate.cloudformation.invokers import INVOKERS, lowered
from berth.tools.migrate.cloudformation.stack import Stack
from berth.tools.migrate.model.application import Place, Trigger
from berth.tools.migrate.model.findings import Class
from berth.tools.migrate.model.values import Text, Tree, as_text, is_scalar

_OF_APIS = ("Api", "HttpApi")
_SERVERLESS = "AWS::Serverless::Function"
_NOT_SERVED = "Berth does not serve it yet; the JSON report has it under `events`"
_BRIDGED = "only Lambda is called by it: keep a small function there that calls Berth's Invoke API"
_ADVICE = {
    **dict.fromkeys(("AlexaSkill", "Cognito", "IoTRule"), _BRIDGED),
    "WebSocket": "Berth serves no WebSockets: leave this API and its functions on API Gateway",
    "CloudFront": "CloudFront runs functions of Lambda alone: leave this one there",
}

Events = dict[str, dict[str, Mapping[str, Tree]]]


@dataclass(frozen=True)
class TriggerReader:
    """Reads the triggers of every function of the import."""

    index: Index
    functions: frozenset[str]

    def read(self) -> Events:
        """The triggers by the function's id and their own name."""
        events: Events = {}
        for stack in self.index.root.whole():
            found = [*self._of_sam(stack), *self._of_template(stack), *self._of_resources(stack)]
            for function, trigger in found:
                named = events.setdefault(function, {})
                name = trigger.name if trigger.name not in named else f"{trigger.name}-{len(named)}"
                named[name] = {"type": trigger.type, **trigger.properties}
                self._note(stack, function, trigger)
        return events

    def _note(self, stack: Stack, function: str, trigger: Trigger) -> None:
        shown = stack.shown(self.index.resources[function][1])
        what = f"{shown}.Events.{trigger.name} {trigger.type}{_summary(trigger)}"
        advice = _ADVICE.get(trigger.type, _NOT_SERVED)
        facts = f" ({trigger.facts})" if trigger.facts else ""
        stack.note(Class.NOT_CARRIED, trigger.place, f"{what}: {advice}{facts}", function=function)

    def _of_sam(self, stack: Stack) -> Iterator[tuple[str, Trigger]]:
        """The events that authors wrote into their AWS::Serverless::Functions."""
        resources = stack.template.document.tree.get("Resources")
        for name, entry in (resources if isinstance(resources, dict) else {}).items():
            function = f"{stack.prefix}{name}"
            if function in self.functions and isinstance(entry, dict) and entry.get("Type") == _SERVERLESS:
                properties = entry.get("Properties")
                events = properties.get("Events") if isinstance(properties, dict) else None
                place = Place(stack.template.document.file, ("Resources", name, "Properties", "Events"))
                for event, node in (events if isinstance(events, dict) else {}).items():
                    yield from self._of_event(stack, function, str(event), node, place.at(str(event)))

    def _of_event(
        self, stack: Stack, function: str, name: str, node: Any, place: Place
    ) -> Iterator[tuple[str, Trigger]]:
        kind = node.get("Type") if isinstance(node, dict) else None
        if isinstance(kind, str) and kind not in _OF_APIS:
            value = stack.value(node.get("Properties") or {}, place.at("Properties"))
            properties = lowered(value if isinstance(value, dict) else {})
            if kind == "SNS" and isinstance(properties.get("sqsSubscription"), dict):
                # The function gets what SQS sends then, not what SNS sends.
                subscription = properties["sqsSubscription"]
                queue = {"queue": subscription.get("queueArn"), "batchSize": subscription.get("batchSize")}
                properties = {key: each for key, each in queue.items() if each is not None}
                kind = "SQS"
            yield function, Trigger(name, kind, properties, place, facts=self._facts(properties))

    def _of_template(self, stack: Stack) -> Iterator[tuple[str, Trigger]]:
        """The triggers that the maker of the template has read already."""
        for name, triggers in stack.template.triggers.items():
            if f"{stack.prefix}{name}" in self.functions:
                for each in triggers:
                    properties = stack.value(dict(each.properties), each.place) or {}
                    facts = each.facts or self._facts(properties)
                    yield f"{stack.prefix}{name}", replace(each, properties=properties, facts=facts)

    def _of_resources(self, stack: Stack) -> Iterator[tuple[str, Trigger]]:
        for resource in stack.resources(*INVOKERS):
            if "Events" in stack.place(resource).path:
                continue  # SAM made it of an event, which is read as its author wrote it
            for target, trigger in INVOKERS[resource.type](stack, resource, self.index):
                function = self.index.function(target)
                if function in self.functions:
                    yield function, replace(trigger, facts=self._facts(trigger.properties))

    def _facts(self, properties: Mapping[str, Tree]) -> str:
        """What a poller has to know of the queue or stream."""
        found = self.index.referred(properties.get("queue", properties.get("stream")))
        if found is None:
            return ""
        stack, resource = found
        facts = {
            key: resource[key] for key in ("VisibilityTimeout", "RedrivePolicy", "FifoQueue") if resource[key]
        }
        return ", ".join(f"{resource.name}'s {key} {_shown(stack, each)}" for key, each in facts.items())


def _shown(stack: Stack, node: Tree) -> str:
    value = stack.evaluator.evaluate(node)
    if isinstance(value, dict):
        return ", ".join(f"{key} {as_text(each)}" for key, each in value.items() if is_scalar(each))
    return str(as_text(value)) if is_scalar(value) else ""


def _summary(trigger: Trigger) -> str:
    """The value that tells one trigger from another: a schedule, a queue, a topic."""
    keys = ("schedule", "scheduleExpression", "queue", "stream", "topic", "bucket", "logGroupName")
    found = (trigger.properties.get(key) for key in keys)
    first = next((each for each in found if isinstance(each, str | Text)), None)
    return f" {first}" if first is not None else ""
