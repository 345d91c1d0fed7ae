"""Which resource of CloudFormation each resource of Terraform's AWS provider is."""

from berth.tools.migrate.model.findings import Class
from berth.tools.migrate.terraform import apis, functions, invokers, load_balancers

_ELB = "AWS::ElasticLoadBalancingV2::"
CONVERTERS: dict[str, tuple[str, apis.Converter]] = {
    **apis.CONVERTERS,
    functions.FUNCTION: ("AWS::Lambda::Function", functions.function),
    functions.LAYER: ("AWS::Lambda::LayerVersion", functions.layer),
    "aws_lambda_alias": ("AWS::Lambda::Alias", functions.alias),
    "aws_lambda_function_event_invoke_config": ("AWS::Lambda::EventInvokeConfig", functions.invoke_config),
    "aws_lambda_function_url": ("AWS::Lambda::Url", functions.url),
    "aws_lambda_permission": ("AWS::Lambda::Permission", functions.permission),
    "aws_iam_role": ("AWS::IAM::Role", functions.role),
    "aws_iam_role_policy": ("AWS::IAM::RolePolicy", functions.role_policy),
    "aws_iam_policy": ("AWS::IAM::ManagedPolicy", functions.policy),
    "aws_sqs_queue": ("AWS::SQS::Queue", functions.queue),
    "aws_lambda_event_source_mapping": ("AWS::Lambda::EventSourceMapping", invokers.event_source),
    "aws_cloudwatch_event_rule": ("AWS::Events::Rule", invokers.rule),
    "aws_scheduler_schedule": ("AWS::Scheduler::Schedule", invokers.schedule),
    "aws_sns_topic_subscription": ("AWS::SNS::Subscription", invokers.subscription),
    "aws_s3_bucket_notification": ("Custom::S3BucketNotifications", invokers.notification),
    "aws_cloudwatch_log_subscription_filter": ("AWS::Logs::SubscriptionFilter", invokers.log_subscription),
    "aws_cognito_user_pool": ("AWS::Cognito::UserPool", invokers.user_pool),
    "aws_iot_topic_rule": ("AWS::IoT::TopicRule", invokers.topic_rule),
    **{f"aws_{lb}": (f"{_ELB}LoadBalancer", apis.whole) for lb in ("lb", "alb")},
    **dict.fromkeys(load_balancers.TARGET_GROUPS, (f"{_ELB}TargetGroup", load_balancers.target_group)),
    **{f"aws_{lb}_listener": (f"{_ELB}Listener", load_balancers.listener) for lb in ("lb", "alb")},
    **{
        f"aws_{lb}_listener_rule": (f"{_ELB}ListenerRule", load_balancers.listener_rule)
        for lb in ("lb", "alb")
    },
}
# Data that stands for a resource that somebody else makes.
OF_DATA = (apis.REST, apis.HTTP)
_READ_WITH = "is read with the resource that it belongs to"
_POLICY = "these statements are for the task role of ECS (`iam` of the JSON report)"
# Resources that are part of another one in CloudFormation, or only say where code is.
PARTS = {
    "aws_api_gateway_integration": (Class.LEFT_OUT, _READ_WITH),
    "aws_api_gateway_integration_response": (Class.LEFT_OUT, _READ_WITH),
    "aws_api_gateway_method_response": (Class.LEFT_OUT, "documents the API: functions answer as they like"),
    "aws_api_gateway_rest_api_policy": (Class.LEFT_OUT, _READ_WITH),
    "aws_cloudwatch_event_target": (Class.LEFT_OUT, _READ_WITH),
    "aws_lambda_provisioned_concurrency_config": (Class.LEFT_OUT, _READ_WITH),
    **dict.fromkeys(load_balancers.ATTACHMENTS, (Class.LEFT_OUT, _READ_WITH)),
    "aws_iam_role_policy_attachment": (Class.ELSEWHERE, _POLICY),
    "archive_file": (Class.LEFT_OUT, "makes an archive of code"),
    "null_resource": (Class.LEFT_OUT, "does something when Terraform runs"),
    "terraform_data": (Class.LEFT_OUT, "does something when Terraform runs"),
    "local_file": (Class.LEFT_OUT, "is a file that Terraform writes"),
}
