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
    "sqs": ("SQS", "arn"),
    "sns": ("SNS", "topicName"),
    "s3": ("S3", "bucket"),
    "schedule": ("Schedule", "rate"),
    "stream": ("Kinesis", "arn"),
    "cloudwatchLog": ("CloudWatchLogs", "logGroup"),
    "cloudwatchEvent": ("EventBridgeRule", "event"),
    "eventBridge": ("EventBridgeRule", "pattern"),
    "msk": ("MSK", "arn"),
    "kafka": ("SelfManagedKafka", "bootstrapServers"),
    "activemq": ("MQ", "arn"),
    "rabbitmq": ("MQ", "arn"),
    "documentDb": ("DocumentDB", "cluster"),
    "iot": ("IoTRule", "sql"),
    "iotFleetProvisioning": ("IoTRule", "templateResourceName"),
    "alexaSkill": ("AlexaSkill", "appId"),
    "alexaSmartHome": ("AlexaSkill", "appId"),
    "cognitoUserPool": ("Cognito", "pool"),
    "cloudFront": ("CloudFront", "eventType"),
    "websocket": ("WebSocket", "route"),
}
_WINDOW = "maximumBatchingWindowInSeconds"
_ACCESS = "sourceAccessConfigurations"
# Serverless' words for what SAM's properties are called; None for what only deploys.
_KEYS: dict[str, dict[str, str | None]] = {
    "sqs": {"arn": "queue", "maximumBatchingWindow": _WINDOW, "batchWindow": _WINDOW},
    "sns": {"arn": "topic", "topicName": "topic", "displayName": None},
    "s3": {"event": "events", "rules": "filter", "existing": None, "forceDeploy": None},
    "schedule": {"rate": "schedule"},
    "cloudwatchLog": {"logGroup": "logGroupName", "filter": "filterPattern"},
    "cloudwatchEvent": {"event": "pattern"},
    "eventBridge": {"eventBus": "eventBusName"},
    "msk": {"arn": "stream", "topic": "topics", "batchWindow": _WINDOW, "maximumBatchingWindow": _WINDOW},
    "kafka": {
        **{"bootstrapServers": "kafkaBootstrapServers", "topic": "topics", "accessConfigurations": _ACCESS},
        **{"batchWindow": _WINDOW, "maximumBatchingWindow": _WINDOW},
    },
    "activemq": {
        "arn": "broker",
        "queue": "queues",
        "batchWindow": _WINDOW,
        "maximumBatchingWindow": _WINDOW,
    },
    "rabbitmq": {
        "arn": "broker",
        "queue": "queues",
        "batchWindow": _WINDOW,
        "maximumBatchingWindow": _WINDOW,
    },
    "cognitoUserPool": {"pool": "userPool", "existing": None, "forceDeploy": None},
    "stream": {"arn": "stream", "batchWindow": _WINDOW, "type": None},
    "iot": {"sqlVersion": "awsIotSqlVersion"},
    "alexaSkill": {"appId": "skillId"},
    "alexaSmartHome": {"appId": "skillId"},
}
# What Serverless takes where an event does not say it, and AWS or SAM would take something else.
_DEFAULTS: dict[str, dict[str, Tree]] = {
    "stream": {"batchSize": 10, "startingPosition": "TRIM_HORIZON"},
    "msk": {"startingPosition": "TRIM_HORIZON"},
    "kafka": {"startingPosition": "TRIM_HORIZON"},
    "s3": {"events": ["s3:ObjectCreated:*"]},
    "cloudwatchLog": {"filterPattern": ""},
}
# Kinds of credentials by the keys that Serverless has for them.
_ACCESSES = {
    "vpcSubnet": "VPC_SUBNET",
    "vpcSecurityGroup": "VPC_SECURITY_GROUP",
    "saslPlainAuth": "BASIC_AUTH",
    "saslScram256Auth": "SASL_SCRAM_256_AUTH",
    "saslScram512Auth": "SASL_SCRAM_512_AUTH",
    "clientCertificateTlsAuth": "CLIENT_CERTIFICATE_TLS_AUTH",
    "serverRootCaCertificate": "SERVER_ROOT_CA_CERTIFICATE",
    "basicAuthArn": "BASIC_AUTH",
    "virtualHost": "VIRTUAL_HOST",
}
_LISTS = ("topics", "queues", "events")


def read_trigger(builder: Builder, kind: str, number: int, node: Tree, path: KeyPath) -> Iterator[Trigger]:
    """The triggers of one entry of a function's `events`: one, or several schedules of one entry."""
    value = builder.resolved(node, path)
    event, own_key = _TYPES.get(kind, (kind, "value"))
    written: Mapping[str, Tree] = value if isinstance(value, dict) and not _is_intrinsic(value) else {}
    if not written and value is not None:
        written = {own_key: value}
    if "arn" in written:
        written = {key: each for key, each in written.items() if key != "topicName"}
    if kind == "stream" and _is_of_table(written):
        event = "DynamoDB"
    made = _renamed(kind, written)
    rates = made.get("schedule")
    for index, rate in enumerate(rates if kind == "schedule" and isinstance(rates, list) else [rates]):
        name = f"{kind}{number}" if index == 0 else f"{kind}{number}-{index}"
        yield Trigger(name, *_timed(event, made, rate), builder.place(path))


def _renamed(kind: str, written: Mapping[str, Tree]) -> dict[str, Tree]:
    """The properties under SAM's names and in SAM's forms."""
    names = _KEYS.get(kind, {})
    pairs = ((names.get(key, key), each) for key, each in written.items())
    made = {
        **_DEFAULTS.get(kind, {}),
        **{key: each for key, each in pairs if key is not None and each is not None},
    }
    for key in _LISTS:
        if key in made and not isinstance(made[key], list):
            made[key] = [made[key]]
    if "functionResponseType" in made:
        made["functionResponseTypes"] = [made.pop("functionResponseType")]
    if "filterPatterns" in made:
        made["filterCriteria"] = _filters(made.pop("filterPatterns"))
    if accesses := [*_accesses(made.pop(_ACCESS, {})), *_accesses(made)]:
        made = {key: each for key, each in made.items() if key not in _ACCESSES}
        made[_ACCESS] = accesses
    if kind == "sqs" and "maximumConcurrency" in made:
        made["scalingConfig"] = {"maximumConcurrency": made.pop("maximumConcurrency")}
    if "destinations" in made:
        made["destinationConfig"] = _destinations(made.pop("destinations"))
    if kind == "s3" and "filter" in made:
        made["filter"] = {"s3Key": {"rules": _rules(made["filter"])}}
    if "deadLetterQueueArn" in made:
        made["deadLetterConfig"] = {"arn": made.pop("deadLetterQueueArn")}
    return made


def _accesses(node: Tree) -> Iterator[dict[str, Tree]]:
    """How a source is asked: credentials and networks, each by its kind."""
    for key, each in node.items() if isinstance(node, dict) else ():
        for uri in (each if isinstance(each, list) else [each]) if key in _ACCESSES else ():
            yield {"type": _ACCESSES[key], "uri": uri}


def _is_intrinsic(value: Mapping[str, Tree]) -> bool:
    return len(value) == 1 and next(iter(value)).startswith(("Fn::", "Ref"))


def _rules(rules: Tree) -> list[Tree]:
    """The rules of a bucket's notification by name and value."""
    entries = [each for each in rules if isinstance(each, dict)] if isinstance(rules, list) else []
    return [{"name": name, "value": value} for entry in entries for name, value in entry.items()]


def _destinations(node: Tree) -> Tree:
    """Where failed records go: an ARN, or a mapping with one."""
    written = node if isinstance(node, dict) else {}
    return {
        key: {"destination": each["arn"] if isinstance(each, dict) and "arn" in each else each}
        for key, each in written.items()
    }


def _timed(event: str, made: Mapping[str, Tree], rate: Tree) -> tuple[str, dict[str, Tree]]:
    """A schedule in its own form: one of the EventBridge scheduler has other keys than a rule's."""
    if event != "Schedule":
        is_timed = event == "EventBridgeRule" and rate is not None
        return ("Schedule" if is_timed else event), dict(made)
    rest = {key: each for key, each in made.items() if key not in ("schedule", "method", "timezone")}
    if made.get("method") != "scheduler":
        return event, {"schedule": rate, **rest}
    zone = {"scheduleExpressionTimezone": made["timezone"]} if "timezone" in made else {}
    state = {"state": "DISABLED"} if rest.pop("enabled", True) is False else {}
    return "ScheduleV2", {"scheduleExpression": rate, **zone, **state, **rest}


def _is_of_table(written: Mapping[str, Tree]) -> bool:
    """Whether a `stream` is one of DynamoDB: its type says so, or its ARN."""
    kind, arn = str(written.get("type", "")).lower(), written.get("arn")
    text: Any = as_text(arn).named if is_scalar(arn) else arn
    return kind == "dynamodb" or (not kind and any(each in str(text) for each in (":dynamodb:", "StreamArn")))


def _filters(patterns: Tree) -> dict[str, Tree]:
    entries = patterns if isinstance(patterns, list) else [patterns]
    return {"filters": [{"pattern": each} for each in entries]}
