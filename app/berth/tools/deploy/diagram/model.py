"""What a picture of a deployment shows: boxes in columns, and arrows from the clients to the functions."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from berth.model.authorizer import Authorizer
from berth.model.function import Function
from berth.model.route import Route
from berth.tools.deploy.sizing import Size
from berth.tools.deploy.template.stack import Stack, queued_functions, requested

CLIENTS, GATEWAY, LINK, BALANCER, TASKS, FUNCTIONS = range(6)  # the columns, from left to right
_MOST_BOXES = 8  # of functions; more of them share one box
_MOST_LINES = 30
_MOST_ROUTES = 3


@dataclass(frozen=True)
class Box:
    """One box: its place in the grid, what it is (for its colour), and its text."""

    id: str
    kind: str
    column: int
    row: int
    title: str
    lines: tuple[str, ...] = ()


@dataclass(frozen=True)
class Arrow:
    """One arrow between two boxes; a weak one is no part of a request's way."""

    source: str
    target: str
    label: str = ""
    is_weak: bool = False


@dataclass(frozen=True)
class Diagram:
    """All boxes and arrows, with the title of the picture."""

    title: str
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]


def build_diagram(stack: Stack) -> Diagram:
    """Build the picture of a stack."""
    boxes = [*_way_in(stack), *_tasks(stack), *_authorizers(stack), *_function_boxes(stack)]
    title = f"Stage {stack.deployment.file_name} on ECS"
    return Diagram(title, tuple(boxes), tuple(_arrows(stack, {each.id for each in boxes})))


def _way_in(stack: Stack) -> Iterator[Box]:
    """The boxes that requests pass before they reach a task."""
    if stack.has_api:
        yield Box("clients", "client", CLIENTS, 0, "Clients", ("HTTPS",))
        yield Box("api", "gateway", GATEWAY, 0, "API Gateway", _api_lines(stack))
        link = "VPC link V1" if stack.has_legacy_link else "VPC link V2"
        yield Box("link", "gateway", LINK, 0, link, ("into the VPC",))
    if stack.direct_ports:
        place = (LINK, 1) if stack.has_api else (CLIENTS, 0)
        yield Box("callers", "client", *place, "Callers", ("inside the VPC",))
    name = "Network Load Balancer" if stack.is_network else "Application Load Balancer"
    idle = f"closes after {stack.idle_seconds} s of silence"
    ports = f"ports 80 and {stack.invoke_listener[1]}" if stack.invoke_listener else "port 80"
    yield Box("balancer", "balancer", BALANCER, 0, name, (f"internal, {ports}", idle))


def _api_lines(stack: Stack) -> tuple[str, ...]:
    count = len(stack.deployment.routes)
    kind = "REST API" if stack.is_rest else "HTTP API"
    return kind, f"stage {stack.deployment.stage_name}", f"{count} route{'s' if count != 1 else ''}"


def _tasks(stack: Stack) -> Iterator[Box]:
    """The services, and what asynchronous invocations need."""
    yield Box("web", "task", TASKS, 0, "Web tasks", _size_lines(stack.web, stack.knobs.tasks))
    if stack.worker:
        yield Box("queue", "store", TASKS, 1, "Event queue", ("SQS",))
        workers = _size_lines(stack.worker, (1, stack.knobs.tasks[1]))
        yield Box("worker", "task", TASKS, 2, "Worker tasks", workers)
        yield Box("table", "store", BALANCER, 2, "Invocations", ("DynamoDB: their pages",))
        yield Box("dead", "store", BALANCER, 3, "Dead letters", ("SQS: failed for good",))


def _size_lines(size: Size, tasks: tuple[int, int]) -> tuple[str, ...]:
    return (
        f"{tasks[0]} to {tasks[1]} on Fargate",
        f"{size.cpu / 1024:g} vCPU, {size.memory / 1024:g} GB",
        f"{size.concurrency} at one time",
    )


def _authorizers(stack: Stack) -> Iterator[Box]:
    """One box for all authorizers, below whoever runs them."""
    used = {
        each.authorizer.name: each.authorizer for each in stack.deployment.catalog.routes if each.authorizer
    }
    if used:
        column = GATEWAY if stack.deployment.runs_authorizers and stack.has_api else BALANCER
        lines = tuple(_authorizer_line(each) for each in used.values())
        yield Box("authorizers", "gateway", column, 1, "Authorizers", lines)


def _authorizer_line(authorizer: Authorizer) -> str:
    asked = f": {authorizer.function}" if authorizer.function else ""
    return f"{authorizer.name} ({authorizer.type}{asked})"


def _function_boxes(stack: Stack) -> Iterator[Box]:
    """A box for each function, or one for all where there are many."""
    functions = stack.deployment.functions
    if len(functions) <= _MOST_BOXES:
        for number, each in enumerate(functions):
            yield Box(_id(number), "function", FUNCTIONS, number, each.name, _function_lines(stack, each))
        return
    named = [f"{each.name}: {_limits(each)}" for each in functions]
    more = [f"and {len(named) - _MOST_LINES} more"] if len(named) > _MOST_LINES else []
    lines = (*named[:_MOST_LINES], *more)
    yield Box(_id(0), "function", FUNCTIONS, 0, f"{len(functions)} functions", lines)


def _id(number: int) -> str:
    return f"function{number}"


def _function_lines(stack: Stack, function: Function) -> tuple[str, ...]:
    routes = [str(each.key) for each in _routes(stack, function)]
    more = [f"and {len(routes) - _MOST_ROUTES} more routes"] if len(routes) > _MOST_ROUTES else []
    return (*routes[:_MOST_ROUTES], *more, _limits(function))


def _routes(stack: Stack, function: Function) -> list[Route]:
    return [each for each in stack.deployment.catalog.routes if each.function is function]


def _limits(function: Function) -> str:
    return f"{function.timeout} s, {function.memory_size} MB"


def _arrows(stack: Stack, boxes: set[str]) -> Iterator[Arrow]:
    """The arrows between boxes that are there."""
    way = (
        Arrow("clients", "api"),
        Arrow("api", "link"),
        Arrow("link", "balancer"),
        Arrow("callers", "balancer", is_weak=True),
        Arrow("balancer", "web"),
        Arrow("api" if stack.deployment.runs_authorizers else "web", "authorizers", "asks", is_weak=True),
        Arrow("web", "queue", "events"),
        Arrow("queue", "worker"),
        Arrow("worker", "table", "states", is_weak=True),
        Arrow("worker", "dead", is_weak=True),
    )
    yield from (each for each in way if {each.source, each.target} <= boxes)
    functions = stack.deployment.functions
    for source, run in (("web", requested(stack.deployment)), ("worker", queued_functions(stack.deployment))):
        if source in boxes:
            numbers = _numbers(functions, run)
            yield from (Arrow(source, _id(number)) for number in numbers)


def _numbers(functions: Sequence[Function], run: Sequence[Function]) -> list[int]:
    if len(functions) > _MOST_BOXES:
        return [0] if run else []
    return [number for number, each in enumerate(functions) if each in run]
