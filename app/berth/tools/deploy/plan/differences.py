"""What will not be as on Lambda for the functions of a stage, each with the functions that it is about."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from berth.errors import Problem, Report
from berth.manifest.checks.functions import manifest_place
from berth.model.function import Function
from berth.tools.deploy.deployment import API_NAMES
from berth.tools.deploy.template.stack import Stack, queued_functions, requested

_LAMBDA_TMP_MB = 512
_TASK_STORAGE_GIB = 20
# After SIGTERM a task has two minutes, of which gunicorn takes 110 s.
_LONGEST_END = 110
_LAMBDA_SECONDS = 900


@dataclass(frozen=True)
class Difference:
    """One difference: what it is about, and what is so for which functions (empty: for all)."""

    topic: str
    text: str
    functions: tuple[str, ...] = ()


def differences(stack: Stack) -> list[Difference]:
    """The differences that concern a stage, those that concern all of its functions first."""
    return [found for check in _CHECKS for found in check(stack)]


def concurrency_warnings(stack: Stack) -> list[Problem]:
    """A warning for each limit of a function that several tasks multiply."""
    report, most = Report(), stack.knobs.tasks[1]
    for each in stack.deployment.functions:
        if each.reserved_concurrency and most > 1:
            total = each.reserved_concurrency * most * (2 if _runs_twice(stack, each) else 1)
            text = (
                f"counts in each task: {most} tasks run up to {total} at one time, where"
                f" Lambda runs {each.reserved_concurrency}. If no more may run, give it a stage of one task"
            )
            manifest_place(each.directory, report).add("reservedConcurrency", text)
    return report.problems


def _runs_twice(stack: Stack, function: Function) -> bool:
    """Whether a function runs in the web servers and in the workers."""
    return function in queued_functions(stack.deployment) and function in requested(stack.deployment)


def _rights(stack: Stack) -> Iterator[Difference]:
    if len(stack.deployment.functions) > 1:
        text = (
            "a task has one role, and every function may do what any of them may. On Lambda each has its own."
            " Functions that must not share a role belong into stages of their own"
        )
        yield Difference("rights", text)


def _memory(stack: Stack) -> Iterator[Difference]:
    size = stack.web
    text = (
        f"{size.concurrency} invocations at one time share {size.memory} MB and {size.cpu / 1024:g} vCPU of a"
        " task. memorySize still limits each environment, but buys no CPU"
    )
    yield Difference("memory and CPU", text)


def _storage(stack: Stack) -> Iterator[Difference]:
    text = (
        f"it is part of the task's {_TASK_STORAGE_GIB} GiB, shared by up to {stack.web.environments}"
        f" environments, each in a folder of its own. Lambda gives each {_LAMBDA_TMP_MB} MB or what was set"
    )
    yield Difference("/tmp", text)  # noqa: S108 - the topic


def _logs(stack: Stack) -> Iterator[Difference]:
    text = (
        f"all functions write into one log group, kept for {stack.knobs.retention_days} days. Each line has"
        " the function's name, by which CloudWatch Logs Insights filters"
    )
    yield Difference("logs", text)


def _network(_: Stack) -> Iterator[Difference]:
    text = (
        "functions call out from the subnets of the tasks. A function that was in no VPC needs a NAT gateway,"
        " or endpoints of the services that it calls"
    )
    yield Difference("network", text)


def _provisioned(stack: Stack) -> Iterator[Difference]:
    named = [each.name for each in stack.deployment.functions if each.provisioned_concurrency]
    if named:
        text = "provisionedConcurrency counts in each task, so more tasks keep more environments warm"
        yield Difference("provisioned concurrency", text, tuple(named))


def _long_requests(stack: Stack) -> Iterator[Difference]:
    asked = requested(stack.deployment)
    if named := [each.name for each in asked if each.timeout > stack.drain_seconds]:
        text = (
            f"a task that is replaced finishes requests for {stack.drain_seconds} s, then"
            f" {_LONGEST_END} s more; one that takes longer is ended with 502"
        )
        yield Difference("deployments", text, tuple(named))


def _long_events(stack: Stack) -> Iterator[Difference]:
    queued = queued_functions(stack.deployment)
    if named := [each.name for each in queued if each.timeout > _LONGEST_END]:
        text = (
            "a task that runs an event for longer than a minute is protected: a deployment waits for its end."
            " A task that is lost nevertheless runs its events again, as a retry"
        )
        yield Difference("deployments", text, tuple(named))
    if named := [each.name for each in queued if each.timeout > _LAMBDA_SECONDS]:
        text = (
            f"runs for longer than the {_LAMBDA_SECONDS} s that Lambda allows, so there is no way back to it"
        )
        yield Difference("long events", text, tuple(named))


def _authorizers(stack: Stack) -> Iterator[Difference]:
    if not stack.deployment.runs_authorizers:
        return
    own = {each.name for each in stack.deployment.functions}
    asked = {each.authorizer.function for each in stack.deployment.routes if each.authorizer}
    if named := sorted(own & {each for each in asked if each}):
        text = "API Gateway asks the Lambda function, or its bridge: its ARN is a parameter of the template"
        yield Difference("authorizers", text, tuple(named))


def _roots(stack: Stack) -> Iterator[Difference]:
    paths = {route.key.path for route in stack.deployment.routes}
    for path in sorted(paths):
        above, _, last = path.rpartition("/")
        if last.endswith("+}") and (above or "/") not in paths:
            named = [each.function.name for each in stack.deployment.routes if each.key.path == path]
            text = f"{path} does not take requests for {above or '/'}, as on API Gateway now: none is added"
            yield Difference("routes", text, tuple(dict.fromkeys(named)))


def _other_apis(stack: Stack) -> Iterator[Difference]:
    others: dict[tuple[str, str], dict[str, None]] = {}  # an HTTP API has a kind for each payload format
    for route in stack.deployment.catalog.routes:
        kind = route.function.api
        if kind.name in API_NAMES and kind.name != stack.deployment.api:
            others.setdefault((kind.name, kind.title), {})[route.function.name] = None
    for (name, title), named in others.items():
        text = f"nothing of this stack leads to those of {title}: --api {name} makes another one"
        yield Difference("routes", text, tuple(named))


_CHECKS: tuple[Callable[[Stack], Iterator[Difference]], ...] = (
    _rights,
    _memory,
    _storage,
    _logs,
    _network,
    _provisioned,
    _long_requests,
    _long_events,
    _authorizers,
    _roots,
    _other_apis,
)
