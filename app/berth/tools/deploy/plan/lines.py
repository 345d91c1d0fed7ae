"""A plan as text for people."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from textwrap import wrap

from berth.errors import printable
from berth.tools.deploy.plan.differences import Difference
from berth.tools.deploy.plan.plan import Plan, runs_by
from berth.tools.deploy.sizing import Size
from berth.tools.deploy.template.stack import Stack

_WIDTH = 110


def plan_lines(plan: Plan) -> Iterator[str]:
    """The lines of a plan."""
    deployment = plan.stack.deployment
    yield f"Stage {deployment.file_name}: {', '.join(_way(plan.stack))}"
    yield ""
    yield "Tasks"
    for name, (size, tasks) in plan.services.items():
        yield from _wrapped(f"{name}: {_size(size, tasks)}")
    yield ""
    yield from _functions(plan)
    yield "Resources"
    for service, kinds in _by_service(plan.resources).items():
        yield from _wrapped(f"{service}: {', '.join(kinds)}")
    yield ""
    yield from _section(
        "What the template asks for", (f"{name}: {text}" for name, text in plan.parameters.items())
    )
    yield from _section("What differs from Lambda", map(_difference, plan.differences))
    yield from _section("Import: taken up", plan.leftovers.taken_up)
    yield from _section("Import: left to you", plan.leftovers.elsewhere)
    yield from _section("Warnings", plan.warnings)
    counts = (
        (len(deployment.functions), "function"),
        (sum(plan.resources.values()), "resource"),
        (len(plan.warnings), "warning"),
    )
    yield ", ".join(f"{count} {what}{'' if count == 1 else 's'}" for count, what in counts)


def _way(stack: Stack) -> Iterator[str]:
    """What a request passes."""
    if stack.has_api:
        yield "REST API" if stack.is_rest else "HTTP API"
        yield "VPC link V1" if stack.has_legacy_link else "VPC link V2"
    yield "Network Load Balancer" if stack.is_network else "Application Load Balancer"
    yield "Fargate"


def _functions(plan: Plan) -> Iterator[str]:
    rows = [("Functions", "timeout", "memory", "reached by")]
    for each in plan.stack.deployment.functions:
        rows.append(
            (f"  {each.name}", f"{each.timeout} s", f"{each.memory_size} MB", runs_by(plan.stack, each))
        )
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
    yield ""


def _size(size: Size, tasks: tuple[int, int]) -> str:
    return (
        f"{tasks[0]} to {tasks[1]} tasks of {size.cpu / 1024:g} vCPU and {size.memory / 1024:g} GB; each runs"
        f" {size.concurrency} invocations at one time in up to {size.environments} environments"
    )


def _by_service(resources: Mapping[str, int]) -> Mapping[str, list[str]]:
    """Counts such as `2 SecurityGroup` by the service's name."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for kind, count in resources.items():
        _, service, name = kind.split("::")
        found[service].append(f"{count} {name}")
    return found


def _difference(difference: Difference) -> str:
    named = f" ({', '.join(difference.functions)})" if difference.functions else ""
    return f"{difference.topic}: {difference.text}{named}"


def _section(title: str, texts: Iterator[str] | Sequence[str]) -> Iterator[str]:
    lines = [line for text in texts for line in _wrapped(text)]
    if lines:
        yield from (title, *lines, "")


def _wrapped(text: str) -> list[str]:
    return wrap(
        printable(text), _WIDTH, initial_indent="  ", subsequent_indent="    ", break_on_hyphens=False
    )
