"""API Gateway's rules for the paths of an API.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html
"""

from collections.abc import Iterator

from berth.errors import Report
from berth.model.api_kind import REST
from berth.model.route import Route, Segment
from berth.tools.deploy.deployment import Deployment
from berth.tools.deploy.openapi.routes import integrated_routes

MOST_RESOURCES = 300  # of a REST API; of an HTTP API the most routes
_HEALTH = frozenset({"ping", "sping"})


def check_paths(deployment: Deployment, report: Report) -> None:
    """Report paths that API Gateway does not take beside others, and more of them than it takes.

    Of which characters a path may be is checked when its manifest is loaded.
    """
    is_rest = deployment.api == REST.name
    if is_rest:
        _check_siblings(deployment, report)
    count = _count_resources(deployment) if is_rest else len(integrated_routes(deployment))
    if count > MOST_RESOURCES:
        what = "resources (parts of paths)" if is_rest else "routes"
        wrong = f"the API has {count} {what} and may have {MOST_RESOURCES}: let stages share its functions"
        report.add(deployment.stage_file, "functions", wrong)


def path_warnings(deployment: Deployment, report: Report) -> None:
    """Tell which paths API Gateway serves itself at a custom domain."""
    for route in deployment.routes:
        first = next((each.text for each in route.key.segments), "") if not route.key.is_default else ""
        if first in _HEALTH:
            place = deployment.place_of(route, report)
            place.add("path", f"/{first} of a custom domain is API Gateway's own health check")


def _check_siblings(deployment: Deployment, report: Report) -> None:
    """Report each variable part that stands beside another one: of one resource only one may be below it."""
    first: dict[tuple[str, ...], tuple[str, Route]] = {}
    for route in deployment.routes:
        above: list[str] = []
        for segment in route.key.segments:
            text = _written(segment)
            if segment.is_variable:
                known, owner = first.setdefault(tuple(above), (text, route))
                if known != text:
                    where = deployment.place_of(owner, report)
                    wrong = (
                        f"{route.key.path} has {text} where {owner.key.path} has {known} ({where.file}:"
                        f" {where.key}), and a REST API takes one of them: give both the same name"
                    )
                    deployment.place_of(route, report).add("path", wrong)
                    break
            above.append(text)


def _count_resources(deployment: Deployment) -> int:
    return len({prefix for route in integrated_routes(deployment) for prefix in _prefixes(route)})


def _prefixes(route: Route) -> Iterator[tuple[str, ...]]:
    """The resources that a path consists of, beginning with `/`."""
    parts = tuple(map(_written, route.key.segments))
    return (parts[:length] for length in range(len(parts) + 1))


def _written(segment: Segment) -> str:
    if not segment.is_variable:
        return segment.text
    return f"{{{segment.text}+}}" if segment.is_greedy else f"{{{segment.text}}}"
