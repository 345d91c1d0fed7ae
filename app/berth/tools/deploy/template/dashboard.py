"""The dashboard: what runs, what fails, what waits, and what the log says of each function and route."""

import json
from collections.abc import Iterator
from typing import Any

from berth.tools.deploy.template import intrinsics as cfn
from berth.tools.deploy.template.alarms import NAMESPACE
from berth.tools.deploy.template.stack import Stack

_WIDTH, _HEIGHT, _COLUMNS = 8, 6, 3
_REPORTS = 'filter type = "platform.report" | stats count() as invocations,'
_BY_FUNCTION = (
    f'{_REPORTS} sum(record.status != "success") as errors, pct(record.metrics.durationMs, 50) as p50,'
    " pct(record.metrics.durationMs, 99) as p99, max(record.metrics.maxMemoryUsedMB) as memory,"
    " count(record.metrics.initDurationMs) as coldStarts by functionName"
)
_BY_ROUTE = (
    'filter type = "access" | stats count() as requests, sum(status >= 500) as failed,'
    " pct(durationMs, 50) as p50, pct(durationMs, 99) as p99 by routeKey | sort requests desc"
)
_LAST_ERRORS = (
    'filter level = "ERROR" or record.status != "success" | fields @timestamp, functionName, record.status,'
    " record.errorType, errorType, message | sort @timestamp desc | limit 50"
)

Widget = dict[str, Any]


def resources(stack: Stack) -> cfn.Resources:
    """One dashboard for the stack."""
    widgets = [_placed(index, each) for index, each in enumerate(_widgets(stack))]
    body = json.dumps({"widgets": widgets}, separators=(",", ":"))
    properties = {"DashboardName": cfn.ref("AWS::StackName"), "DashboardBody": cfn.sub(body)}
    return {"Dashboard": cfn.resource("CloudWatch::Dashboard", properties, Condition=cfn.HAS_IMAGE)}


def _widgets(stack: Stack) -> Iterator[Widget]:
    yield _graph("Invocations and errors", [_own("Invocations"), _own("Errors"), _own("Throttles")])
    yield _graph("Requests and those that failed", [_own("Requests"), _own("FailedRequests")])
    yield from _api(stack)
    yield from _services(stack)
    if stack.worker:
        queue = ["QueueName", "${EventQueue.QueueName}"]
        dead = ["QueueName", "${DeadLetterQueue.QueueName}"]
        waiting = [
            ["AWS/SQS", f"ApproximateNumberOfMessages{name}", *queue] for name in ("Visible", "NotVisible")
        ]
        failed = ["AWS/SQS", "ApproximateNumberOfMessagesVisible", *dead, {"label": "dead"}]
        yield _graph("Events: waiting, running, dead", [*waiting, failed], "Maximum")
        age = ["AWS/SQS", "ApproximateAgeOfOldestMessage", *queue]
        yield _graph("Age of the oldest event", [age], "Maximum")
    yield _log("Functions", _BY_FUNCTION)
    yield _log("Routes", _BY_ROUTE)
    yield _log("Last errors", _LAST_ERRORS)


def _api(stack: Stack) -> Iterator[Widget]:
    if stack.has_api:
        rest, http = (
            ["ApiName", "${AWS::StackName}", "Stage", "${ApiStage}"],
            ["ApiId", "${HttpApi}", "Stage", "${ApiStage}"],
        )
        names = rest if stack.is_rest else http
        latencies = [
            ["AWS/ApiGateway", metric, *names, {"stat": "p99"}]
            for metric in ("Latency", "IntegrationLatency")
        ]
        yield _graph("Latency at API Gateway", latencies)
        errors = ("4XXError", "5XXError") if stack.is_rest else ("4xx", "5xx")
        yield _graph("Errors at API Gateway", [["AWS/ApiGateway", metric, *names] for metric in errors])


def _services(stack: Stack) -> Iterator[Widget]:
    services = ["WebService", *(["WorkerService"] if stack.worker else [])]
    names = {each: ["ClusterName", "${Cluster}", "ServiceName", f"${{{each}.Name}}"] for each in services}
    tasks = [["ECS/ContainerInsights", "RunningTaskCount", *each] for each in names.values()]
    yield _graph("Tasks that run", tasks, "Average")
    used = [["AWS/ECS", f"{what}Utilization", *each] for each in names.values() for what in ("CPU", "Memory")]
    yield _graph("CPU and memory, percent", used, "Average")


def _own(metric: str) -> list[str]:
    return [NAMESPACE, metric]


def _graph(title: str, metrics: list[Any], stat: str = "Sum") -> Widget:
    shown = {"title": title, "metrics": metrics, "stat": stat, "period": 300, "region": "${AWS::Region}"}
    return {"type": "metric", "properties": {**shown, "view": "timeSeries"}}


def _log(title: str, query: str) -> Widget:
    source = f"SOURCE '${{LogGroup}}' | {query}"
    return {
        "type": "log",
        "properties": {"title": title, "query": source, "region": "${AWS::Region}", "view": "table"},
    }


def _placed(index: int, widget: Widget) -> Widget:
    place = {
        "x": index % _COLUMNS * _WIDTH,
        "y": index // _COLUMNS * _HEIGHT,
        "width": _WIDTH,
        "height": _HEIGHT,
    }
    return {"type": widget["type"], **place, "properties": widget["properties"]}
