"""Alarms on what the server logs, on the queue, the balancer and the API, and the metrics they need."""

from collections.abc import Mapping
from typing import Any

from berth.tools.deploy.template import intrinsics as cfn
from berth.tools.deploy.template.stack import Stack, queued_functions

NAMESPACE = "Berth/${AWS::StackName}"
# Metrics that are made of the lines of the tasks' log, with the filters that find the lines.
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
FILTERS = {
    "Invocations": '{ $.type = "platform.report" }',
    "Errors": '{ $.type = "platform.report" && $.record.status != "success" }',
    "Requests": '{ $.type = "access" }',
    "FailedRequests": '{ $.type = "access" && $.status >= 500 }',
    "Throttles": '{ $.level = "WARNING" && $.logger = "berth*" && $.message = "*was throttled by*" }',
    "ServerErrors": '{ ($.level = "ERROR" || $.level = "CRITICAL") && ($.functionName NOT EXISTS) }',
    "UntrustedRequests": '{ $.level = "WARNING" && $.message = "*no valid gateway token*" }',
    "LostLogs": '{ $.level = "WARNING" && $.message = "*bytes of function logs were lost*" }',
}
_MINUTES = 5
_PERCENT = 5  # of invocations or requests


def resources(stack: Stack) -> cfn.Resources:
    """The metrics and the alarms; an alarm tells the topic, where the stack has one."""
    made = {f"{name}Metric": _filter(name) for name in _filters(stack)}
    made["ErrorsAlarm"] = _rate("More functions fail than usual", "Errors", "Invocations")
    made["FailedRequestsAlarm"] = _rate(
        "More requests are answered 5xx than usual", "FailedRequests", "Requests"
    )
    made["ThrottlesAlarm"] = _count("Invocations are throttled: raise concurrency or tasks", "Throttles", 10)
    made["ServerErrorsAlarm"] = _count("The server itself logs errors", "ServerErrors", 1)
    made["LostLogsAlarm"] = _count("Lines of the log are lost", "LostLogs", 1)
    if "UntrustedRequests" in _filters(stack):
        told = "Requests come without the gateway's token"
        made["UntrustedRequestsAlarm"] = _count(told, "UntrustedRequests", 10)
    return made | _queue(stack) | _service(stack) | _api(stack)


def _filters(stack: Stack) -> list[str]:
    has_token = stack.deployment.manifest.gateway is not None
    return [name for name in FILTERS if has_token or name != "UntrustedRequests"]


def _filter(name: str) -> cfn.Resource:
    return cfn.resource(
        "Logs::MetricFilter",
        {
            "LogGroupName": cfn.ref("LogGroup"),
            "FilterPattern": FILTERS[name],
            "MetricTransformations": [
                {
                    "MetricNamespace": cfn.sub(NAMESPACE),
                    "MetricName": name,
                    "MetricValue": "1",
                    "DefaultValue": 0,
                    "Unit": "Count",
                }
            ],
        },
    )


def _alarm(description: str, properties: Mapping[str, Any], **attributes: Any) -> cfn.Resource:
    topic = [cfn.when(cfn.HAS_TOPIC, cfn.ref("AlarmTopicArn"))]
    return cfn.resource(
        "CloudWatch::Alarm",
        {
            "AlarmDescription": description,
            "ComparisonOperator": "GreaterThanOrEqualToThreshold",
            "TreatMissingData": "notBreaching",
            **properties,
            "AlarmActions": topic,
            "OKActions": topic,
        },
        **attributes,
    )


def _single(namespace: Any, metric: str, dimensions: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """An alarm's properties for one metric."""
    return {
        "Namespace": namespace,
        "MetricName": metric,
        "Dimensions": cfn.pairs(dimensions, "Name") or None,
        "Period": 60 * _MINUTES,
        "EvaluationPeriods": 1,
        **more,
    }


def _count(description: str, metric: str, least: int) -> cfn.Resource:
    """An alarm when something was logged so many times in five minutes."""
    return _alarm(description, _single(cfn.sub(NAMESPACE), metric, {}, Statistic="Sum", Threshold=least))


def _rate(description: str, part: str, whole: str) -> cfn.Resource:
    """An alarm when one count is too many percent of another one, in ten minutes."""
    ratio = f"IF({whole.lower()} > 0, 100 * {part.lower()} / {whole.lower()}, 0)"
    counted = [
        {
            "Id": name.lower(),
            "ReturnData": False,
            "MetricStat": {
                "Metric": {"Namespace": cfn.sub(NAMESPACE), "MetricName": name},
                "Period": 60 * _MINUTES,
                "Stat": "Sum",
            },
        }
        for name in (part, whole)
    ]
    metrics = [*counted, {"Id": "percent", "Expression": ratio, "ReturnData": True}]
    return _alarm(description, {"Metrics": metrics, "EvaluationPeriods": 2, "Threshold": _PERCENT})


def _queue(stack: Stack) -> cfn.Resources:
    """Alarms on events that failed for good and on those that wait for too long."""
    if stack.worker is None:
        return {}
    longest = max(function.timeout for function in queued_functions(stack.deployment)) + 900
    dead, waiting = (
        {"QueueName": cfn.attribute(name, "QueueName")} for name in ("DeadLetterQueue", "EventQueue")
    )
    return {
        "DeadEventsAlarm": _alarm(
            "Events have failed for good: they wait in the dead-letter queue",
            _single("AWS/SQS", "ApproximateNumberOfMessagesVisible", dead, Statistic="Maximum", Threshold=1),
        ),
        "OldEventsAlarm": _alarm(
            "The oldest event is 15 minutes older than the longest run: more workers are needed",
            _single(
                "AWS/SQS", "ApproximateAgeOfOldestMessage", waiting, Statistic="Maximum", Threshold=longest
            ),
        ),
    }


def _service(stack: Stack) -> cfn.Resources:
    """Alarms on the services: no task is healthy, or all that may run are at their limits."""
    groups = {
        "LoadBalancer": cfn.attribute("LoadBalancer", "LoadBalancerFullName"),
        "TargetGroup": cfn.attribute("TargetGroup", "TargetGroupFullName"),
    }
    least = {"Statistic": "Maximum", "Threshold": 1, "Period": 60, "EvaluationPeriods": 3}
    below = {"ComparisonOperator": "LessThanThreshold", "TreatMissingData": "breaching"}
    kind = "AWS/NetworkELB" if stack.is_network else "AWS/ApplicationELB"
    made = {
        "NoHealthyTaskAlarm": _alarm(
            "No task is healthy",
            _single(kind, "HealthyHostCount", groups, **least) | below,
            Condition=cfn.HAS_IMAGE,
        )
    }
    for service in ("Web", *(["Worker"] if stack.worker else [])):
        names = {"ClusterName": cfn.ref("Cluster"), "ServiceName": cfn.attribute(f"{service}Service", "Name")}
        for metric in ("CPU", "Memory"):
            usage = _single("AWS/ECS", f"{metric}Utilization", names, Statistic="Average", Threshold=85)
            made[f"{service}{metric}Alarm"] = _alarm(
                f"{metric} of the {service.lower()} tasks is used up",
                usage | {"EvaluationPeriods": 3},
                Condition=cfn.HAS_IMAGE,
            )
    return made


def _api(stack: Stack) -> cfn.Resources:
    """An alarm on what API Gateway answers itself: timeouts, and a balancer that it does not reach."""
    if not stack.has_api:
        return {}
    if stack.is_rest:
        metric, names = "5XXError", {"ApiName": cfn.ref("AWS::StackName"), "Stage": cfn.ref("ApiStage")}
    else:
        metric, names = "5xx", {"ApiId": cfn.ref("HttpApi"), "Stage": cfn.ref("ApiStage")}
    usual = {"Statistic": "Average", "Threshold": _PERCENT / 100, "EvaluationPeriods": 2}
    return {
        "GatewayErrorsAlarm": _alarm(
            "More requests end in errors at API Gateway than usual: timeouts are among them",
            _single("AWS/ApiGateway", metric, names, **usual),
        )
    }
