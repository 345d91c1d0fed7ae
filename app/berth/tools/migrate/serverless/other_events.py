"""Serverless' events besides HTTP, in the form of the manifest key `events`.

https://www.serverless.com/framework/docs/providers/aws/guide/events
"""

from collections.abc import Iterator, Mapping
from typing import Any

from berth.tools.migrate.model.application import Trigger
from berth.tools.migrate.model.findings import Path as KeyPath
from berth.tools.migrate.model.values import Tree, as_text, is_scalar
from berth.tools.migrate.serverless.builder import Builder

# The type of an event, and the key of its one text in the short form.
_TYPES = {
    "sqs": ("SQS", "queue"),
    "sns": ("SNS", "topic"),
    "s3": ("S3", "bucket"),
    "schedule": ("Schedule", "schedule"),
    "cloudwatchLog": ("CloudWatchLogs", "logGroupName"),
    "cloudwatchEvent": ("EventBridgeRule", "pattern"),
    "eventBridge": ("EventBridgeRule", "pattern"),
    "msk": ("MSK", "stream"),
    "kafka": ("SelfManagedKafka", "kafkaBootstrapServers"),
    "activemq": ("MQ", "broker"),
    "rabbitmq": ("MQ", "broker"),
    "documentDb": ("DocumentDB", "cluster"),
    "iot": ("IoTRule", "sql"),
    "iotFleetProvisioning": ("IoTRule", "templateResourceName"),
    "alexaSkill": ("AlexaSkill", "skillId"),
    "alexaSmartHome": ("AlexaSkill", "skillId"),
    "cognitoUserPool": ("Cognito", "userPool"),
    "cloudFront": ("CloudFront", "eventType"),
    "websocket": ("WebSocket", "route"),
}
# Serverless' words for what SAM's properties are called.
_KEYS = {
    "sqs": {"arn": "queue", "batchWindow": "maximumBatchingWindowInSeconds"},
    "sns": {"arn": "topic", "topicName": "topic"},
    "s3": {"event": "events", "rules": "filter"},
    "schedule": {"rate": "schedule"},
    "cloudwatchLog": {"logGroup": "logGroupName", "filter": "filterPattern"},
    "cloudwatchEvent": {"event": "pattern"},
    "eventBridge": {"eventBus": "eventBusName"},
    "msk": {"arn": "stream", "topic": "topics", "batchWindow": "maximumBatchingWindowInSeconds"},
    "kafka": {"bootstrapServers": "kafkaBootstrapServers", "topic": "topics"},
    "activemq": {"arn": "broker", "queue": "queues", "batchWindow": "maximumBatchingWindowInSeconds"},
    "rabbitmq": {"arn": "broker", "queue": "queues", "batchWindow": "maximumBatchingWindowInSeconds"},
    "cognitoUserPool": {"pool": "userPool"},
    "stream": {
        "arn": "stream",
        "batchWindow": "maximumBatchingWindowInSeconds",
        "destinations": "destinationConfig",
    },
}


def read_trigger(builder: Builder, kind: str, number: int, node: Tree, path: KeyPath) -> Iterator[Trigger]:
    """The triggers of one entry of a function's `events`: one, or several schedules of one entry."""
    value = builder.resolved(node, path)
    event, own_key = _TYPES.get(kind, (kind, "value"))
    properties: Mapping[str, Tree] = value if isinstance(value, dict) else {own_key: value}
    if kind == "stream":
        event, properties = _stream(value)
    made = {_KEYS.get(kind, {}).get(key, key): each for key, each in properties.items()}
    if kind == "sqs" and "filterPatterns" in made:
        made["filterCriteria"] = _filters(made.pop("filterPatterns"))
    if kind == "s3":
        made = _notification(made)
    rates = made.get("schedule")
    for index, rate in enumerate(rates if kind == "schedule" and isinstance(rates, list) else [rates]):
        name = f"{kind}{number}" if index == 0 else f"{kind}{number}-{index}"
        yield Trigger(name, *_timed(event, made, rate), builder.place(path))


def _notification(made: Mapping[str, Tree]) -> dict[str, Tree]:
    """A bucket's notification in SAM's form: a list of events, and rules by name and value."""
    events, rules = made.get("events", "s3:ObjectCreated:*"), made.get("filter")
    pairs = [pair for rule in rules if isinstance(rule, dict) for pair in rule.items()] if rules else []
    named = [{"name": name, "value": value} for name, value in pairs]
    kept = {**made, "events": events if isinstance(events, list) else [events]}
    return {**kept, "filter": {"s3Key": {"rules": named}}} if named else kept


def _timed(event: str, made: Mapping[str, Tree], rate: Tree) -> tuple[str, dict[str, Tree]]:
    """A schedule in its own form: one of the EventBridge scheduler has other keys than a rule's."""
    if event != "Schedule":
        return event, dict(made)
    rest = {key: each for key, each in made.items() if key not in ("schedule", "method", "timezone")}
    if made.get("method") != "scheduler":
        return event, {"schedule": rate, **rest}
    zone = {"scheduleExpressionTimezone": made["timezone"]} if "timezone" in made else {}
    return "ScheduleV2", {"scheduleExpression": rate, **zone, **rest}


def _stream(value: Tree) -> tuple[str, Mapping[str, Tree]]:
    """A `stream`: its type says whether it is of Kinesis or DynamoDB, or its ARN does."""
    properties: dict[str, Any] = dict(value) if isinstance(value, dict) else {"arn": value}
    kind = str(properties.pop("type", "")).lower()
    arn = properties.get("arn")
    text = str(as_text(arn)) if is_scalar(arn) else str(arn)
    is_table = kind == "dynamodb" or (not kind and (":dynamodb:" in text or "StreamArn" in text))
    if "filterPatterns" in properties:
        properties["filterCriteria"] = _filters(properties.pop("filterPatterns"))
    return ("DynamoDB" if is_table else "Kinesis"), properties


def _filters(patterns: Tree) -> dict[str, Tree]:
    entries = patterns if isinstance(patterns, list) else [patterns]
    return {"filters": [{"pattern": each} for each in entries]}
