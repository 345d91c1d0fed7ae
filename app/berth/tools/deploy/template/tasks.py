"""What runs: the cluster, the log and the task definitions of web servers and workers."""

from typing import Any

from berth.tools.deploy.sizing import Size
from berth.tools.deploy.template import intrinsics as cfn
from berth.tools.deploy.template.balancer import target_groups
from berth.tools.deploy.template.stack import PORT, Stack
from berth.tools.deploy.template.values import reference_value

CONTAINER = "functions"
# The user of the image.
_USER = "10001:10001"
# Fargate gives a task two minutes at most between SIGTERM and SIGKILL.
_STOP_SECONDS = 120
_CHECK = (
    "import http.client as h, os, sys;"
    " c = h.HTTPConnection('127.0.0.1', int(os.environ.get('PORT') or 8000), timeout=4);"
    " c.request('GET', '/_berth/health/{}'); sys.exit(c.getresponse().status != 200)"
)
_QUEUE = "sqs://sqs.${AWS::Region}.${AWS::URLSuffix}/${AWS::AccountId}/${EventQueue.QueueName}"
_DEAD = "deadLetterQueue=${DeadLetterQueue.QueueName}"


def resources(stack: Stack) -> cfn.Resources:
    """The cluster, the log, and a task definition for each service."""
    made = {
        # Container Insights counts the tasks that run, by which workers are scaled.
        "Cluster": cfn.resource(
            "ECS::Cluster", {"ClusterSettings": [{"Name": "containerInsights", "Value": "enabled"}]}
        ),
        "LogGroup": log_group("/ecs/${AWS::StackName}", stack),
        "WebTask": _task(stack, "web", stack.web),
    }
    if stack.worker:
        made["WorkerTask"] = _task(stack, "worker", stack.worker)
    return made


def log_group(name: str, stack: Stack) -> cfn.Resource:
    """A log group with a limited life and the stack's own key."""
    return cfn.removed(
        "Logs::LogGroup",
        {
            "LogGroupName": cfn.sub(name),
            "RetentionInDays": stack.knobs.retention_days,
            "KmsKeyId": cfn.attribute("EncryptionKey", "Arn"),
        },
    )


def _task(stack: Stack, role: str, size: Size) -> cfn.Resource:
    made = (
        f"{size.concurrency} invocations at one time in up to {size.environments} environments need"
        f" {size.needs_cpu} CPU units and {size.needs_memory} MB"
    )
    platform = {"CpuArchitecture": stack.knobs.architecture, "OperatingSystemFamily": "LINUX"}
    return cfn.resource(
        "ECS::TaskDefinition",
        {
            "Family": cfn.sub(f"${{AWS::StackName}}-{role}"),
            "RequiresCompatibilities": ["FARGATE"],
            "NetworkMode": "awsvpc",
            "Cpu": str(size.cpu),
            "Memory": str(size.memory),
            "RuntimePlatform": platform,
            "ExecutionRoleArn": cfn.attribute("ExecutionRole", "Arn"),
            "TaskRoleArn": cfn.attribute("TaskRole", "Arn"),
            "Volumes": [{"Name": "tmp"}],
            "ContainerDefinitions": [_container(stack, role, size)],
        },
        Condition=cfn.HAS_IMAGE,
        Metadata={"Size": made},
    )


def _container(stack: Stack, role: str, size: Size) -> cfn.Resource:
    is_worker = role == "worker"
    ports = [PORT] if is_worker else list(target_groups(stack).values())
    container = {
        "Name": CONTAINER,
        "Image": cfn.sub("${Repository.RepositoryUri}:${ImageTag}"),
        "EntryPoint": ["berth", "worker"] if is_worker else None,
        "Essential": True,
        "User": _USER,
        "ReadonlyRootFilesystem": True,
        "MountPoints": [{"SourceVolume": "tmp", "ContainerPath": "/tmp", "ReadOnly": False}],  # noqa: S108
        "LinuxParameters": {"InitProcessEnabled": True, "Capabilities": {"Drop": ["ALL"]}},
        "StopTimeout": _STOP_SECONDS,
        "PortMappings": [{"ContainerPort": port, "Protocol": "tcp"} for port in ports],
        "Environment": cfn.pairs(_environment(stack, size, is_worker=is_worker), "Name"),
        "Secrets": [{"Name": each.variable, "ValueFrom": cfn.ref(each.name)} for each in stack.secrets]
        or None,
        "HealthCheck": _health_check(stack, is_worker=is_worker),
        "LogConfiguration": {"LogDriver": "awslogs", "Options": _log_options(role)},
    }
    return {name: value for name, value in container.items() if value is not None}


def _environment(stack: Stack, size: Size, *, is_worker: bool) -> dict[str, Any]:
    """The settings of the server, and what the stage's `deployed` asks of the template."""
    settings: dict[str, Any] = {
        "BERTH_STAGE": stack.deployment.file_name,
        "PORT": str(PORT),
        "BERTH_CHECK": "strict",
        "BERTH_CONCURRENCY": str(size.concurrency),
        "BERTH_MAX_ENVIRONMENTS": str(size.environments),
        "BERTH_LOG_FORMAT": "json",
    }
    if not is_worker:
        settings["BERTH_ACCESS_LOG"] = "json"
    if stack.worker:
        settings["BERTH_QUEUE_URL"] = cfn.sub(f"{_QUEUE}?{_DEAD}")
        settings["BERTH_STATE"] = cfn.sub("dynamodb:${InvocationTable}")
    if stack.worker and not is_worker:
        settings["BERTH_WORKER"] = "off"
    if stack.keep_alive and not is_worker:
        settings["GUNICORN_CMD_ARGS"] = f"--keep-alive {stack.keep_alive}"
    return settings | {name: reference_value(each) for name, each in stack.references.items()}


def _health_check(stack: Stack, *, is_worker: bool) -> cfn.Resource:
    """ECS replaces a web server that does not answer, and a worker that is not ready: no balancer asks it."""
    check = _CHECK.format("ready" if is_worker else "live")
    return {
        "Command": ["CMD", "python", "-I", "-c", check],
        "Interval": 15,
        "Timeout": 5,
        "Retries": 3,
        "StartPeriod": min(stack.grace_seconds, 300) if is_worker else 30,
    }


def _log_options(role: str) -> cfn.Resource:
    """Lines that CloudWatch does not take in time are lost rather than that a function has to wait."""
    return {
        "awslogs-group": cfn.ref("LogGroup"),
        "awslogs-region": cfn.ref("AWS::Region"),
        "awslogs-stream-prefix": role,
        "mode": "non-blocking",
        "max-buffer-size": "25m",
    }
