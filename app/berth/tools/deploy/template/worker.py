"""Asynchronous invocations: the queue of their events, the table of their pages, and the workers."""

from typing import Any

from berth.tools.deploy.template import intrinsics as cfn
from berth.tools.deploy.template.service import policy, scaling, service
from berth.tools.deploy.template.stack import Stack

_FORTNIGHT = 1_209_600  # the longest that SQS keeps a message, in seconds
_MOST_BYTES = 1_048_576  # of a message


def resources(stack: Stack) -> cfn.Resources:
    """The queue with its dead letters, the table and the workers' service; nothing where nobody can queue."""
    if stack.worker is None:
        return {}
    tasks = (1, stack.knobs.tasks[1])
    per_task = {"CustomizedMetricSpecification": {"Metrics": _backlog_per_task()}}
    return {
        # Berth counts the attempts itself and fills the dead-letter queue, so there is no redrive policy.
        "EventQueue": _queue(),
        "DeadLetterQueue": _queue(),
        "InvocationTable": _table(),
        "WorkerService": service(stack, "WorkerTask"),
        "WorkerScaling": scaling("WorkerService", tasks),
        "WorkerScalingByBacklog": policy(
            "WorkerScaling", "backlog-per-task", stack.worker.concurrency, **per_task
        ),
    }


def _queue() -> cfn.Resource:
    return cfn.removed(
        "SQS::Queue",
        {
            "MessageRetentionPeriod": _FORTNIGHT,
            "MaximumMessageSize": _MOST_BYTES,
            "SqsManagedSseEnabled": True,
        },
    )


def _table() -> cfn.Resource:
    return cfn.removed(
        "DynamoDB::Table",
        {
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
            "TimeToLiveSpecification": {"AttributeName": "expires", "Enabled": True},
            "SSESpecification": {"SSEEnabled": True},
        },
    )


def _backlog_per_task() -> list[dict[str, Any]]:
    """Events that wait or run, for each task: those that wait for a retry count as running, says SQS."""
    queue = {"QueueName": cfn.attribute("EventQueue", "QueueName")}
    tasks = {"ClusterName": cfn.ref("Cluster"), "ServiceName": cfn.attribute("WorkerService", "Name")}
    return [
        _metric("waiting", "AWS/SQS", "ApproximateNumberOfMessagesVisible", queue),
        _metric("running", "AWS/SQS", "ApproximateNumberOfMessagesNotVisible", queue),
        _metric("tasks", "ECS/ContainerInsights", "RunningTaskCount", tasks),
        {"Id": "backlog", "Expression": "(waiting + running) / tasks", "ReturnData": True},
    ]


def _metric(name: str, namespace: str, metric: str, dimensions: dict[str, Any]) -> dict[str, Any]:
    stat = {
        "Stat": "Average",
        "Metric": {
            "Namespace": namespace,
            "MetricName": metric,
            "Dimensions": cfn.pairs(dimensions, "Name"),
        },
    }
    return {"Id": name, "MetricStat": stat, "ReturnData": False}
