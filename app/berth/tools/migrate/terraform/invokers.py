"""Terraform's triggers of functions as resources of CloudFormation."""

from typing import Any

from berth.tools.migrate.terraform.converting import Conversion, pascal
from berth.tools.migrate.terraform.functions import parsed
from berth.tools.migrate.terraform.links import Links
from berth.tools.migrate.terraform.state import TerraformResource

_STREAMS = (":kinesis:", ":dynamodb:")
_DEFAULT_BUS = "default"


def event_source(made: Conversion) -> None:
    """AWS::Lambda::EventSourceMapping."""
    own = made.resource
    made.function("FunctionName", "function_name")
    made.plain("event_source_arn")
    if made["enabled"] is False:
        made.put("Enabled", False, "enabled")
    filters = [{"Pattern": each.get("pattern")} for each in own.block("filter_criteria").get("filter") or []]
    made.put("FilterCriteria", {"Filters": filters} if filters else None, "filter_criteria")
    failures = own.block("destination_config").get("on_failure") or [{}]
    arn = failures[0].get("destination_arn")
    made.put("DestinationConfig", {"OnFailure": {"Destination": arn}} if arn else None, "destination_config")
    accesses = [
        {"Type": each.get("type"), "URI": each.get("uri")}
        for each in own.blocks("source_access_configuration")
    ]
    made.put("SourceAccessConfigurations", accesses, "source_access_configuration")
    endpoints = own.block("self_managed_event_source").get("endpoints")
    servers = endpoints.get("KAFKA_BOOTSTRAP_SERVERS") if isinstance(endpoints, dict) else None
    if isinstance(servers, str):
        found = {"KafkaBootstrapServers": servers.split(",")}
        made.put("SelfManagedEventSource", {"Endpoints": found}, "self_managed_event_source")
    if not any(each in str(own["event_source_arn"]) for each in _STREAMS):
        # Only streams have retries; elsewhere the provider writes 0 where there is none.
        made.ignore(*("maximum_retry_attempts", "maximum_record_age_in_seconds"))
    for key in ("maximum_record_age_in_seconds", "tumbling_window_in_seconds", "parallelization_factor"):
        if own[key] == 0:
            made.ignore(key)
    if own["maximum_batching_window_in_seconds"] == 0:
        made.ignore("maximum_batching_window_in_seconds")
    made.others({}, "state", "enabled")


def rule(made: Conversion) -> None:
    """AWS::Events::Rule with its targets, which Terraform has as resources of their own."""
    own = made.resource
    targets = made.links.with_key("aws_cloudwatch_event_target", _rule_of, str({"Ref": own.address}))
    made.plain("schedule_expression")
    made.put("EventPattern", parsed(made["event_pattern"]), "event_pattern")
    bus = made["event_bus_name"]
    made.put("EventBusName", None if bus == _DEFAULT_BUS else bus, "event_bus_name")
    if own["state"] == "DISABLED" or (own["state"] in (None, "") and own["is_enabled"] is False):
        made.put("State", "DISABLED", "state")
    made.put("Targets", [_target(made.links, each) for each in targets])


def _rule_of(links: Links, target: TerraformResource) -> str:
    return str(links.reference(target, "rule", "aws_cloudwatch_event_rule"))


def _target(links: Links, resource: TerraformResource) -> dict[str, Any]:
    """A rule's target, with what it says of the event that the function gets."""
    made = Conversion(links, resource)
    made.function("Arn", "arn")
    made.plain("input", "input_path")
    for each in ("input_transformer", "retry_policy", "dead_letter_config"):
        made.block(each)
    transformer = made.properties.get("InputTransformer")
    if isinstance(transformer, dict) and "InputPaths" in transformer:
        transformer["InputPathsMap"] = transformer.pop("InputPaths")
    return made.properties


def schedule(made: Conversion) -> None:
    """AWS::Scheduler::Schedule."""
    named = ("schedule_expression", "schedule_expression_timezone", "start_date", "end_date")
    made.plain(*named)
    made.put("GroupName", None if made["group_name"] == _DEFAULT_BUS else made["group_name"], "group_name")
    made.put("State", "DISABLED" if made["state"] == "DISABLED" else None, "state")
    made.block("flexible_time_window")
    made.block("target")
    arn = made.links.nested(made.resource.block("target").get("arn"), made.resource, "target", "arn")
    made.properties["Target"] = {**made.properties.get("Target", {}), "Arn": arn}


def subscription(made: Conversion) -> None:
    """AWS::SNS::Subscription."""
    made.plain("topic_arn", "protocol", "filter_policy_scope")
    made.function("Endpoint", "endpoint")
    made.put("FilterPolicy", parsed(made["filter_policy"]), "filter_policy")
    made.put("RedrivePolicy", parsed(made["redrive_policy"]), "redrive_policy")


def notification(made: Conversion) -> None:
    """The notifications of a bucket, in the form in which the CDK has them."""
    entries = []
    for number, each in enumerate(made.resource.blocks("lambda_function")):
        rules = [
            {"Name": name, "Value": each[f"filter_{name}"]}
            for name in ("prefix", "suffix")
            if each.get(f"filter_{name}")
        ]
        keys = ("lambda_function", number, "lambda_function_arn")
        function = made.links.nested(each.get(keys[-1]), made.resource, *keys)
        entry = {"Events": each.get("events"), "LambdaFunctionArn": function}
        entries.append({**entry, **({"Filter": {"S3Key": {"Rules": rules}}} if rules else {})})
    made.put("BucketName", made["bucket"], "bucket")
    made.put("NotificationConfiguration", {"LambdaFunctionConfigurations": entries}, "lambda_function")


def log_subscription(made: Conversion) -> None:
    """AWS::Logs::SubscriptionFilter."""
    made.plain("log_group_name")
    made.properties["FilterPattern"] = made["filter_pattern"] or ""
    made.function("DestinationArn", "destination_arn")


def user_pool(made: Conversion) -> None:
    """AWS::Cognito::UserPool with the functions that it calls."""
    config = made.resource.block("lambda_config")
    named = {pascal(key): each for key, each in config.items() if isinstance(each, str) and each}
    found = {key: made.links.function_named(each) for key, each in named.items() if key != "KmsKeyId"}
    made.put("LambdaConfig", found, "lambda_config")


def topic_rule(made: Conversion) -> None:
    """AWS::IoT::TopicRule."""
    actions = [
        {"Lambda": {"FunctionArn": made.links.function_named(each.get("function_arn"))}}
        for each in made.resource.blocks("lambda")
    ]
    payload = {"Sql": made["sql"], "AwsIotSqlVersion": made["sql_version"], "Actions": actions}
    made.put("TopicRulePayload", payload, "lambda")
