"""A plan: what a deployment makes in AWS, what differs from Lambda, and what somebody has to look at."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from berth.errors import Problem, Report
from berth.manifest.loader import Catalog
from berth.model.function import Function
from berth.tools.deploy.openapi.checks import document_problems, document_warnings
from berth.tools.deploy.plan.differences import Difference, concurrency_warnings, differences
from berth.tools.deploy.plan.leftovers import Leftovers, read_leftovers
from berth.tools.deploy.sizing import Size
from berth.tools.deploy.template.document import write_template
from berth.tools.deploy.template.rights import IMPORT_REPORT
from berth.tools.deploy.template.stack import Stack, queued_functions


@dataclass(frozen=True, eq=False)
class Plan:
    """A stack with what people want to know of it; `resources` counts what the template makes, by type."""

    stack: Stack
    resources: Mapping[str, int]
    parameters: Mapping[str, str]  # that have no default, with what they are
    differences: list[Difference]
    leftovers: Leftovers
    warnings: list[str]

    @property
    def services(self) -> dict[str, tuple[Size, tuple[int, int]]]:
        """The services by their names: the size of a task, and how many there are at least and at most."""
        tasks = self.stack.knobs.tasks
        worker = {"worker": (self.stack.worker, (1, tasks[1]))} if self.stack.worker else {}
        return {"web": (self.stack.web, tasks), **worker}


def build_plan(stack: Stack, imported: Mapping[str, Any] | None = None) -> Plan:
    """Make the plan of a stack; `imported` is the report of an import.

    Raises ManifestError with what API Gateway or CloudFormation would refuse.
    """
    deployment, template, report = stack.deployment, write_template(stack), Report()
    if stack.has_api:
        body = template["Resources"][stack.api_id]["Properties"]["Body"]
        report.problems += document_problems(deployment, body)
    report.raise_if_any()
    asked = {
        name: str(each.get("Description", ""))
        for name, each in template["Parameters"].items()
        if "Default" not in each
    }
    counts = Counter(each["Type"] for each in template["Resources"].values())
    leftovers = read_leftovers(stack, imported)
    return Plan(
        stack,
        dict(sorted(counts.items())),
        asked,
        differences(stack),
        leftovers,
        _warnings(stack, leftovers, deployment.catalog),
    )


def plan_document(plan: Plan) -> dict[str, Any]:
    """A plan as JSON."""
    stack, deployment = plan.stack, plan.stack.deployment
    return {
        "stage": deployment.file_name,
        "api": deployment.api,
        "balancer": deployment.balancer,
        "region": deployment.manifest.region,
        "accountId": deployment.manifest.account_id,
        "services": {name: _service(*each) for name, each in plan.services.items()},
        "functions": {each.name: _function(stack, each) for each in deployment.functions},
        "resources": dict(plan.resources),
        "parameters": dict(plan.parameters),
        "differences": [{**asdict(each), "functions": list(each.functions)} for each in plan.differences],
        "import": {name: list(texts) for name, texts in asdict(plan.leftovers).items()},
        "warnings": list(plan.warnings),
    }


def runs_by(stack: Stack, function: Function) -> str:
    """How a function is reached: through routes, from the queue, or only by name."""
    routes = [each for each in stack.deployment.catalog.routes if each.function is function]
    count = f"{len(routes)} route{'s' if len(routes) != 1 else ''}" if routes else ""
    queued = "queue" if function in queued_functions(stack.deployment) else ""
    return ", ".join(each for each in (count, queued) if each) or "no route"


def _service(size: Size, tasks: tuple[int, int]) -> dict[str, int]:
    return {
        "cpu": size.cpu,
        "memory": size.memory,
        "concurrency": size.concurrency,
        "environments": size.environments,
        "leastTasks": tasks[0],
        "mostTasks": tasks[1],
    }


def _function(stack: Stack, function: Function) -> dict[str, Any]:
    return {
        "timeout": function.timeout,
        "memorySize": function.memory_size,
        "reservedConcurrency": function.reserved_concurrency,
        "provisionedConcurrency": function.provisioned_concurrency,
        "reachedBy": runs_by(stack, function),
    }


def _warnings(stack: Stack, leftovers: Leftovers, catalog: Catalog) -> list[str]:
    """Everything that somebody has to look at, each once."""
    deployment, found = stack.deployment, Report()
    found.problems += [*stack.warnings, *concurrency_warnings(stack)]
    if deployment.api is not None:
        found.problems += document_warnings(deployment)
        if not deployment.prefix:
            text = "no gateway is trusted: functions know nothing of their callers but what anybody can claim"
            found.problems.append(Problem(deployment.stage_file, "gateway", text))
    still_open = [f"{IMPORT_REPORT}: {each}" for each in leftovers.open]
    return [*dict.fromkeys([*map(str, sorted(found.problems)), *catalog.warnings, *still_open])]
