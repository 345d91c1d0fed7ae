"""Which resource of CloudFormation each resource of Terraform's AWS provider is."""

import json
from collections.abc import Callable
from typing import Any

from berth.tools.migrate.terraform import apis
from berth.tools.migrate.terraform.functions import function_properties, role_properties
from berth.tools.migrate.terraform.links import Links, pascal_tree
from berth.tools.migrate.terraform.state import TerraformResource

Converter = Callable[[Links, TerraformResource], dict[str, Any]]
_ELB = "AWS::ElasticLoadBalancingV2"


def _of_function(*arguments: str) -> Converter:
    """A converter of what configures one function."""

    def convert(links: Links, resource: TerraformResource) -> dict[str, Any]:
        made = pascal_tree({each: resource[each] for each in arguments})
        zeros = {each: 0 for each in arguments if resource[each] == 0 and resource[each] is not False}
        return {**made, **pascal_tree(zeros), "FunctionName": links.function(resource, "function_name")}

    return convert


def _invoke_config(links: Links, resource: TerraformResource) -> dict[str, Any]:
    own = _of_function("maximum_event_age_in_seconds", "maximum_retry_attempts")(links, resource)
    destinations = pascal_tree(resource.block("destination_config"))
    first = {key: each[0] if isinstance(each, list) else each for key, each in destinations.items()}
    return {**own, **({"DestinationConfig": first} if first else {})}


def _provisioned(links: Links, resource: TerraformResource) -> dict[str, Any]:
    number = resource["provisioned_concurrent_executions"]
    config = {"ProvisionedConcurrentExecutions": number}
    return {
        "FunctionName": links.function(resource, "function_name"),
        "ProvisionedConcurrencyConfig": config,
    }


def _event_source(links: Links, resource: TerraformResource) -> dict[str, Any]:
    blocks = ("destination_config", "scaling_config", "self_managed_event_source", "filter_criteria")
    left_out = ("function_name", "id", "arn", "uuid", "state", "last_modified", "function_arn", *blocks)
    rest = {key: each for key, each in resource.values.items() if key not in left_out}
    made = pascal_tree({**rest, **{key: resource.block(key) for key in blocks}})
    made.pop("LastProcessingResult", None)
    made.pop("StateTransitionReason", None)
    if "FilterCriteria" in made:
        made["FilterCriteria"] = {"Filters": made["FilterCriteria"].get("Filter", [])}
    return {**made, "FunctionName": links.function(resource, "function_name")}


def _rule(links: Links, resource: TerraformResource) -> dict[str, Any]:
    """A rule with its targets, which Terraform has as resources of their own."""
    targets = [
        {"Arn": links.function(each, "arn"), **pascal_tree({"input": each["input"]})}
        for each in links.of_type("aws_cloudwatch_event_target")
        if each["rule"] in (resource["name"], resource["id"])
    ]
    is_enabled = resource["state"] != "DISABLED" and resource["is_enabled"] is not False
    pattern = resource["event_pattern"]
    made = {
        "ScheduleExpression": resource["schedule_expression"],
        "EventPattern": json.loads(pattern) if isinstance(pattern, str) and pattern else None,
        "EventBusName": resource["event_bus_name"],
        "State": "ENABLED" if is_enabled else "DISABLED",
    }
    return {**{key: each for key, each in made.items() if each}, "Targets": targets}


def _schedule(links: Links, resource: TerraformResource) -> dict[str, Any]:
    target = resource.block("target")
    arn = links.named(target.get("arn"), "aws_lambda_function", "aws_lambda_alias")
    keys = ("schedule_expression", "schedule_expression_timezone", "state", "start_date", "end_date")
    own = {key: resource[key] for key in (*keys, "group_name")}
    window = resource.block("flexible_time_window")
    made = pascal_tree({**own, "flexible_time_window": window})
    return {**made, "Target": {"Arn": arn, **pascal_tree({"input": target.get("input")})}}


def _subscription(links: Links, resource: TerraformResource) -> dict[str, Any]:
    policy = resource["filter_policy"]
    made = {
        "TopicArn": resource["topic_arn"],
        "Protocol": resource["protocol"],
        "Endpoint": links.function(resource, "endpoint"),
        "FilterPolicy": json.loads(policy) if isinstance(policy, str) and policy else None,
    }
    return {key: each for key, each in made.items() if each}


def _notification(links: Links, resource: TerraformResource) -> dict[str, Any]:
    entries = [
        {
            "Events": each.get("events"),
            "LambdaFunctionArn": links.named(each.get("lambda_function_arn"), "aws_lambda_function"),
        }
        for each in resource["lambda_function"] or []
    ]
    return {
        "BucketName": resource["bucket"],
        "NotificationConfiguration": {"LambdaFunctionConfigurations": entries},
    }


def _log_subscription(links: Links, resource: TerraformResource) -> dict[str, Any]:
    made = pascal_tree({"log_group_name": resource["log_group_name"]})
    pattern = {"FilterPattern": resource["filter_pattern"] or ""}
    return {**made, **pattern, "DestinationArn": links.function(resource, "destination_arn")}


def _layer(links: Links, resource: TerraformResource) -> dict[str, Any]:
    keys = ("compatible_runtimes", "compatible_architectures", "layer_name", "description", "license_info")
    return dict(pascal_tree({key: resource[key] for key in keys}))


def _alias(links: Links, resource: TerraformResource) -> dict[str, Any]:
    routing = pascal_tree(resource.block("routing_config"))
    own = {"FunctionName": links.function(resource, "function_name"), "Name": resource["name"]}
    return {**own, **({"RoutingConfig": routing} if routing else {})}


CONVERTERS: dict[str, tuple[str, Converter]] = {
    "aws_lambda_function": ("AWS::Lambda::Function", function_properties),
    "aws_lambda_layer_version": ("AWS::Lambda::LayerVersion", _layer),
    "aws_lambda_alias": ("AWS::Lambda::Alias", _alias),
    "aws_lambda_provisioned_concurrency_config": ("AWS::Lambda::Alias", _provisioned),
    "aws_lambda_function_event_invoke_config": ("AWS::Lambda::EventInvokeConfig", _invoke_config),
    "aws_lambda_function_url": ("AWS::Lambda::Url", apis.function_url),
    "aws_lambda_event_source_mapping": ("AWS::Lambda::EventSourceMapping", _event_source),
    "aws_iam_role": ("AWS::IAM::Role", role_properties),
    "aws_cloudwatch_event_rule": ("AWS::Events::Rule", _rule),
    "aws_scheduler_schedule": ("AWS::Scheduler::Schedule", _schedule),
    "aws_sns_topic_subscription": ("AWS::SNS::Subscription", _subscription),
    "aws_s3_bucket_notification": ("Custom::S3BucketNotifications", _notification),
    "aws_cloudwatch_log_subscription_filter": ("AWS::Logs::SubscriptionFilter", _log_subscription),
    "aws_api_gateway_rest_api": ("AWS::ApiGateway::RestApi", apis.rest_api),
    "aws_api_gateway_resource": ("AWS::ApiGateway::Resource", apis.rest_resource),
    "aws_api_gateway_method": ("AWS::ApiGateway::Method", apis.rest_method),
    "aws_api_gateway_authorizer": ("AWS::ApiGateway::Authorizer", apis.rest_authorizer),
    "aws_api_gateway_request_validator": (
        "AWS::ApiGateway::RequestValidator",
        apis.of_rest_api("name", "validate_request_body", "validate_request_parameters"),
    ),
    "aws_api_gateway_model": ("AWS::ApiGateway::Model", apis.model),
    "aws_api_gateway_deployment": ("AWS::ApiGateway::Deployment", apis.deployment),
    "aws_api_gateway_stage": ("AWS::ApiGateway::Stage", apis.of_rest_api("stage_name", "variables")),
    "aws_apigatewayv2_api": ("AWS::ApiGatewayV2::Api", apis.http_api),
    "aws_apigatewayv2_route": ("AWS::ApiGatewayV2::Route", apis.http_route),
    "aws_apigatewayv2_integration": ("AWS::ApiGatewayV2::Integration", apis.http_integration),
    "aws_apigatewayv2_authorizer": ("AWS::ApiGatewayV2::Authorizer", apis.http_authorizer),
    "aws_apigatewayv2_stage": ("AWS::ApiGatewayV2::Stage", apis.http_stage),
    **{f"aws_{lb}_target_group": (f"{_ELB}::TargetGroup", apis.target_group) for lb in ("lb", "alb")},
    **{f"aws_{lb}_listener": (f"{_ELB}::Listener", apis.listener) for lb in ("lb", "alb")},
    **{f"aws_{lb}_listener_rule": (f"{_ELB}::ListenerRule", apis.listener_rule) for lb in ("lb", "alb")},
}
# Resources that are part of another one in CloudFormation, which their converter has read with it.
PARTS = (
    "aws_api_gateway_integration",
    "aws_api_gateway_integration_response",
    "aws_api_gateway_method_response",
    "aws_cloudwatch_event_target",
    "aws_iam_role_policy",
    "aws_iam_role_policy_attachment",
    "aws_iam_policy",
    "aws_lb_target_group_attachment",
    "aws_alb_target_group_attachment",
    "aws_s3_object",
    "archive_file",
    "null_resource",
)
