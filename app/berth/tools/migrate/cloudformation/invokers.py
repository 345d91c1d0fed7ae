"""The resource types of CloudFormation that invoke functions, and what each says about it."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from berth.tools.migrate.cloudformation.index import Index
from berth.tools.migrate.cloudformation.stack import Stack
from berth.tools.migrate.cloudformation.template import Resource
from berth.tools.migrate.model.application import Trigger
from berth.tools.migrate.model.values import Tree, as_text, is_scalar

# Below these keys stand patterns and inputs of the user, whose keys are not CloudFormation's.
_VERBATIM = ("pattern", "input", "filterPolicy", "eventPattern", "inputTransformer")
# By the service of an ARN: the type of the event, and its key for the ARN.
_SOURCES = {
    "sqs": ("SQS", "queue"),
    "kinesis": ("Kinesis", "stream"),
    "dynamodb": ("DynamoDB", "stream"),
    "kafka": ("MSK", "stream"),
    "mq": ("MQ", "broker"),
    "rds": ("DocumentDB", "cluster"),
}
_SOURCE_RESOURCES = {
    "AWS::SQS::Queue": "sqs",
    "AWS::Kinesis::Stream": "kinesis",
    "AWS::Kinesis::StreamConsumer": "kinesis",
    "AWS::DynamoDB::Table": "dynamodb",
    "AWS::DynamoDB::GlobalTable": "dynamodb",
    "AWS::MSK::Cluster": "kafka",
    "AWS::MSK::ServerlessCluster": "kafka",
    "AWS::AmazonMQ::Broker": "mq",
    "AWS::DocDB::DBCluster": "rds",
}


# What a resource says: values that name functions, each with the trigger.
Found = Iterator[tuple[Tree, Trigger]]


def lowered(tree: Tree) -> Any:
    """The keys with small first letters, but not inside patterns and inputs."""
    if isinstance(tree, list):
        return [lowered(each) for each in tree]
    if not isinstance(tree, dict):
        return tree
    keys = {key: f"{key[:1].lower()}{key[1:]}" for key in map(str, tree)}
    return {small: tree[key] if small in _VERBATIM else lowered(tree[key]) for key, small in keys.items()}


def _values(stack: Stack, resource: Resource) -> dict[str, Tree]:
    value = stack.value(dict(resource.properties), stack.place(resource, "Properties"))
    return value if isinstance(value, dict) else {}


def _entries(value: Tree) -> list[dict[str, Tree]]:
    """The mappings of a list; a single mapping counts as a list of one."""
    entries = value if isinstance(value, list) else [value]
    return [each for each in entries if isinstance(each, dict)]


def _mapping(stack: Stack, resource: Resource, index: Index) -> Found:
    """AWS::Lambda::EventSourceMapping."""
    values = _values(stack, resource)
    function, arn = values.pop("FunctionName", None), values.pop("EventSourceArn", None)
    own = values.pop("SelfManagedEventSource", None)
    made = lowered(values)
    if own is not None:
        endpoints = own.get("Endpoints", {}) if isinstance(own, dict) else {}
        kind, made = "SelfManagedKafka", {**lowered(endpoints), **made}
    else:
        kind, key = _source_of(arn, index)
        made = {key: arn, **made}
    yield function, Trigger(resource.name, kind, made, stack.place(resource))


def _source_of(arn: Tree, index: Index) -> tuple[str, str]:
    """The type of event of a source, and the key of its ARN; an unknown source keeps CloudFormation's key."""
    found = index.referred(arn)
    service = _SOURCE_RESOURCES.get(found[1].type, "") if found else ""
    if not service and is_scalar(arn):
        service = (f"{as_text(arn)}".replace("::", "__").split(":") + [""] * 3)[2]
    return _SOURCES.get(service, ("EventSourceMapping", "eventSourceArn"))


def _rule(stack: Stack, resource: Resource, index: Index) -> Found:
    """AWS::Events::Rule: a schedule, or a pattern on a bus; one trigger for each target."""
    values = _values(stack, resource)
    targets = _entries(values.pop("Targets", []))
    own = {key: each for key, each in values.items() if key not in ("Name", "Description", "RoleArn")}
    is_enabled = str(own.pop("State", "ENABLED")).startswith("ENABLED")
    for number, target in enumerate(targets):
        rest = {key: each for key, each in target.items() if key not in ("Arn", "Id", "RoleArn")}
        made = lowered({**own, **rest})
        kind = "EventBridgeRule"
        if "scheduleExpression" in made:
            kind, made = "Schedule", {"schedule": made.pop("scheduleExpression"), **made}
        else:
            made = {"pattern": made.pop("eventPattern", None), **made}
        name = resource.name if len(targets) == 1 else f"{resource.name}-{number}"
        if not is_enabled:
            made["enabled"] = False
        yield target.get("Arn"), Trigger(name, kind, made, stack.place(resource))


def _schedule(stack: Stack, resource: Resource, index: Index) -> Found:
    """AWS::Scheduler::Schedule."""
    values = _values(stack, resource)
    target = values.pop("Target", None)
    target = target if isinstance(target, dict) else {}
    rest = {key: each for key, each in target.items() if key not in ("Arn", "RoleArn")}
    yield (
        target.get("Arn"),
        Trigger(resource.name, "ScheduleV2", lowered({**values, **rest}), stack.place(resource)),
    )


def _subscription(stack: Stack, resource: Resource, index: Index) -> Found:
    """AWS::SNS::Subscription with the protocol lambda."""
    values = _values(stack, resource)
    function, topic, protocol = (values.pop(key, None) for key in ("Endpoint", "TopicArn", "Protocol"))
    if protocol == "lambda":
        made = {"topic": topic, **lowered(values)}
        yield function, Trigger(resource.name, "SNS", made, stack.place(resource))


def _topic(stack: Stack, resource: Resource, index: Index) -> Found:
    """AWS::SNS::Topic with subscriptions of its own."""
    for number, entry in enumerate(_entries(_values(stack, resource).get("Subscription", []))):
        if entry.get("Protocol") == "lambda":
            topic = stack.evaluator.evaluate({"Ref": resource.name})
            place = stack.place(resource, "Properties", "Subscription", number)
            name = f"{resource.name}-{number}"
            yield entry.get("Endpoint"), Trigger(name, "SNS", {"topic": topic}, place)


def _bucket(stack: Stack, resource: Resource, index: Index) -> Found:
    """AWS::S3::Bucket with notifications to functions."""
    notification = _values(stack, resource).get("NotificationConfiguration")
    notification = notification if isinstance(notification, dict) else {}
    for number, entry in enumerate(_entries(notification.get("LambdaConfigurations", []))):
        bucket = stack.evaluator.evaluate({"Ref": resource.name})
        made = {"bucket": bucket, "events": [entry.get("Event")], **_filter(entry)}
        place = stack.place(
            resource, "Properties", "NotificationConfiguration", "LambdaConfigurations", number
        )
        yield entry.get("Function"), Trigger(f"{resource.name}-{number}", "S3", made, place)


def _custom_notifications(stack: Stack, resource: Resource, index: Index) -> Found:
    """Custom::S3BucketNotifications: what the CDK makes of a bucket's notifications."""
    values = _values(stack, resource)
    notification = values.get("NotificationConfiguration")
    notification = notification if isinstance(notification, dict) else {}
    for number, entry in enumerate(_entries(notification.get("LambdaFunctionConfigurations", []))):
        made = {"bucket": values.get("BucketName"), "events": entry.get("Events"), **_filter(entry)}
        place = stack.place(resource)
        yield entry.get("LambdaFunctionArn"), Trigger(f"{resource.name}-{number}", "S3", made, place)


def _filter(entry: Mapping[str, Tree]) -> dict[str, Tree]:
    return {"filter": lowered(entry["Filter"])} if "Filter" in entry else {}


def _subscription_filter(stack: Stack, resource: Resource, index: Index) -> Found:
    """AWS::Logs::SubscriptionFilter."""
    values = _values(stack, resource)
    function = values.pop("DestinationArn", None)
    yield function, Trigger(resource.name, "CloudWatchLogs", lowered(values), stack.place(resource))


def _user_pool(stack: Stack, resource: Resource, index: Index) -> Found:
    """AWS::Cognito::UserPool with functions that it calls."""
    config = _values(stack, resource).get("LambdaConfig")
    for trigger, node in (config if isinstance(config, dict) else {}).items():
        function = node.get("LambdaArn") if isinstance(node, dict) else node
        made = {"userPool": stack.evaluator.evaluate({"Ref": resource.name}), "trigger": trigger}
        place = stack.place(resource, "Properties", "LambdaConfig", trigger)
        yield function, Trigger(f"{resource.name}-{trigger}", "Cognito", made, place)


def _topic_rule(stack: Stack, resource: Resource, index: Index) -> Found:
    """AWS::IoT::TopicRule with functions among its actions."""
    payload = _values(stack, resource).get("TopicRulePayload")
    payload = payload if isinstance(payload, dict) else {}
    for number, action in enumerate(_entries(payload.get("Actions", []))):
        target = action.get("Lambda")
        if isinstance(target, dict):
            keys = ("Sql", "AwsIotSqlVersion")
            made = lowered({key: payload[key] for key in keys if key in payload})
            place = stack.place(resource, "Properties", "TopicRulePayload", "Actions", number)
            yield target.get("FunctionArn"), Trigger(f"{resource.name}-{number}", "IoTRule", made, place)


INVOKERS: dict[str, Callable[[Stack, Resource, Index], Found]] = {
    "AWS::Lambda::EventSourceMapping": _mapping,
    "AWS::Events::Rule": _rule,
    "AWS::Scheduler::Schedule": _schedule,
    "AWS::SNS::Subscription": _subscription,
    "AWS::SNS::Topic": _topic,
    "AWS::S3::Bucket": _bucket,
    "Custom::S3BucketNotifications": _custom_notifications,
    "AWS::Logs::SubscriptionFilter": _subscription_filter,
    "AWS::Cognito::UserPool": _user_pool,
    "AWS::IoT::TopicRule": _topic_rule,
}
