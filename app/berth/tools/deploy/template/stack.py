"""What the templates of different projects differ in, decided once for all families of resources."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from berth.errors import Problem, Report
from berth.manifest.checks.functions import manifest_place
from berth.model.api_kind import REST
from berth.model.function import Function
from berth.model.invoke_api import Listener
from berth.model.manifest import SecretManifest
from berth.model.route import Route
from berth.tools.deploy.deployment import API_NAMES, NETWORK_BALANCER, Deployment
from berth.tools.deploy.sizing import LEGAL_PAIRS, Size, task_size
from berth.tools.deploy.template.rights import Rights, read_rights
from berth.tools.deploy.template.secrets import TaskSecret, is_of_server, task_secrets
from berth.tools.deploy.template.values import expand, is_of_template, template_reference

PORT = 8000  # of the tasks
# Of the balancer. It is inside the VPC, and API Gateway reaches it by a private link.
HTTP_PORT = 80
# SQS lends an event for 12 hours at most, and a run needs some of them for its start and its end.
LONGEST_EVENT = 42_900
# How long gunicorn keeps an idle connection unless it is told otherwise.
_KEEP_ALIVE = 360
# The least and the most seconds of silence, and those that are usual.
# https://docs.aws.amazon.com/elasticloadbalancing/latest/network/update-idle-timeout.html
_MOST_IDLE = {True: 6000, False: 4000}
_LEAST_IDLE = {True: 350, False: 60}
_MOST_DRAIN = 3600


@dataclass(frozen=True)
class Knobs:
    """What the author of a template may choose beside the manifests."""

    architecture: str = "X86_64"
    concurrency: int = 8  # invocations that one task runs at one time
    tasks: tuple[int, int] = (2, 10)  # the least and the most
    retention_days: int = 30  # of logs
    rate: int = 1000  # requests a second that API Gateway lets through


DEFAULT_KNOBS = Knobs()


@dataclass(frozen=True, eq=False)
class Stack:
    """One stack: a deployment, the author's choices, and what follows from them."""

    deployment: Deployment
    knobs: Knobs
    secrets: tuple[TaskSecret, ...]
    rights: Rights
    stage_variables: Mapping[str, Any]  # of API Gateway's stage; references of the template among them
    web: Size
    worker: Size | None  # None where no asynchronous invocation can happen

    @property
    def is_rest(self) -> bool:
        """Whether the API in front is a REST API."""
        return self.deployment.api == REST.name

    @property
    def has_api(self) -> bool:
        """Whether API Gateway is in front."""
        return self.deployment.api is not None

    @property
    def is_network(self) -> bool:
        """Whether the balancer is a Network Load Balancer."""
        return self.deployment.balancer == NETWORK_BALANCER

    @property
    def has_legacy_link(self) -> bool:
        """Whether a VPC link V1 leads to the balancer: a REST API's to a Network Load Balancer."""
        return self.is_rest and self.is_network

    @property
    def has_link(self) -> bool:
        """Whether a VPC link V2, which is in the subnets, leads to the balancer."""
        return self.has_api and not self.has_legacy_link

    @property
    def invoke_listener(self) -> Listener | None:
        """Where the Invoke API has a listener of its own that can be reached from outside the task."""
        return _listener_outside(self.deployment)

    @property
    def direct_ports(self) -> tuple[int, ...]:
        """The ports of the balancer that callers reach without API Gateway."""
        api, routes = self.deployment.stage.invoke_api, self.deployment.catalog.routes
        has_others = any(route.function.api.name not in API_NAMES for route in routes)
        is_open = not self.has_api or (api is not None and api.bind is None)
        # Where a gateway is trusted, its token is asked for on every route.
        is_open |= has_others and self.deployment.manifest.gateway is None
        invoke = [self.invoke_listener[1]] if self.invoke_listener else []
        return (*([HTTP_PORT] if is_open else []), *invoke)

    @property
    def api_id(self) -> str:
        """The logical id of the API."""
        return "RestApi" if self.is_rest else "HttpApi"

    @property
    def link_id(self) -> str:
        """The logical id of the VPC link. Each kind has its own: no resource becomes one of another type."""
        return "LegacyVpcLink" if self.has_legacy_link else "VpcLink"

    @property
    def longest_request(self) -> int:
        """The seconds that the longest request may take: the largest timeout of what requests run."""
        return max((each.timeout for each in requested(self.deployment)), default=0)

    @property
    def idle_seconds(self) -> int:
        """How long the balancer keeps a connection on which nothing is sent."""
        least, most = _LEAST_IDLE[self.is_network], _MOST_IDLE[self.is_network]
        return min(max(least, self.longest_request + 10), most)

    @property
    def drain_seconds(self) -> int:
        """How long a task that ends still has for the requests that it has begun."""
        return min(max(60, self.longest_request), _MOST_DRAIN)

    @property
    def keep_alive(self) -> int | None:
        """The seconds for which gunicorn has to keep idle connections; None where its default is enough."""
        return self.idle_seconds + 10 if self.idle_seconds + 10 > _KEEP_ALIVE else None

    @property
    def grace_seconds(self) -> int:
        """How long a new task has for the import of all of its functions, one after the other."""
        return 60 + 5 * len(self.deployment.functions)

    @cached_property
    def references(self) -> Mapping[str, str]:
        """The variables of the task whose values the template knows, with the references."""
        return {
            value.environment: template_reference(name) or name
            for name, value in self.deployment.manifest.deployed.items()
            if isinstance(value, SecretManifest) and value.environment and is_of_template(name)
        }

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """What will not be as the manifests say."""
        most, report = _MOST_IDLE[self.is_network], Report()
        for function in requested(self.deployment):
            if function.timeout > most:
                wrong = (
                    f"{function.timeout} s: the load balancer ends a request after {most} s without a byte"
                )
                manifest_place(function.directory, report).add("timeout", wrong)
        for function in self.deployment.functions:
            if wrong := _unreached(self.deployment, function):
                manifest_place(function.directory, report).add("api", wrong)
        return (*self.rights.warnings, *report.problems)


def build_stack(
    deployment: Deployment, imported: Mapping[str, Any] | None = None, knobs: Knobs = DEFAULT_KNOBS
) -> Stack:
    """Decide what a template holds; `imported` is the report of an import.

    Raises ManifestError with everything that cannot be deployed.
    """
    report = Report()
    secrets = task_secrets(deployment, report)
    rights = read_rights(deployment, imported, report)
    variables = expand(
        deployment.stage.stage_variables,
        deployment.manifest.deployed,
        report.at(deployment.stage_file, "stageVariables"),
    )
    web = _size(deployment, requested(deployment), knobs, report)
    queued = queued_functions(deployment)
    worker = _size(deployment, queued, knobs, report) if queued else None
    for function in queued:
        if function.timeout > LONGEST_EVENT:
            wrong = f"SQS lends an event for 12 hours: {LONGEST_EVENT} s are the most for one that is queued"
            manifest_place(function.directory, report).add("timeout", wrong)
    _check_ports(deployment, report)
    _check_references(deployment, {each.variable for each in secrets}, report)
    report.raise_if_any()
    return Stack(deployment, knobs, secrets, rights, variables, web, worker)


def requested(deployment: Deployment) -> list[Function]:
    """The functions that somebody waits for: by a route, as an authorizer, or through the Invoke API."""
    asked = {each.authorizer.function for each in deployment.catalog.routes if each.authorizer}
    return _chosen(deployment, lambda route: route.invocation != "async", asked)


def queued_functions(deployment: Deployment) -> list[Function]:
    """The functions that run from the queue."""
    return _chosen(deployment, lambda route: route.invocation != "sync", set())


def _chosen(
    deployment: Deployment, is_chosen: Callable[[Route], bool], more: set[str | None]
) -> list[Function]:
    """The functions of some routes, and all that can be invoked where the stage has the Invoke API."""
    names = {route.function.name for route in deployment.catalog.routes if is_chosen(route)}
    has_all = deployment.stage.invoke_api is not None
    return [each for each in deployment.functions if has_all or each.name in names | more]


def _size(deployment: Deployment, running: list[Function], knobs: Knobs, report: Report) -> Size:
    size = task_size(running, len(deployment.functions), knobs.concurrency)
    if size is None:
        most = "{} CPU units and {} MB".format(*LEGAL_PAIRS[-1])
        wrong = f"{knobs.concurrency} invocations at one time need more than the {most} that a task can have"
        report.add("functions", "memorySize", f"{wrong}: choose fewer with --concurrency")
    return size or Size(*LEGAL_PAIRS[-1], 1, 1, 1, 1)


def _check_ports(deployment: Deployment, report: Report) -> None:
    listener = _listener_outside(deployment)
    if listener and listener[1] == HTTP_PORT:
        wrong = f"{HTTP_PORT} is the load balancer's port for the functions' routes: choose another"
        report.add(deployment.stage_file, "invokeApi.bind", wrong)


def _check_references(deployment: Deployment, taken: set[str], report: Report) -> None:
    place = report.at(deployment.stage_file)
    for name, value in deployment.manifest.deployed.items():
        if isinstance(value, SecretManifest) and is_of_template(name):
            if value.environment in taken:
                place.add(f"deployed.{name}", f"{value.environment} is the variable of a secret")
            if is_of_server(value.environment or ""):
                wrong = f"{value.environment} is a setting of the server: name another variable"
                place.add(f"deployed.{name}", wrong)
            if template_reference(name) is None:
                place.add(f"deployed.{name}", "the template has no such value")


def _unreached(deployment: Deployment, function: Function) -> str:
    """Why no request comes to the routes of a function; empty if one can, or comes through the other API."""
    kind, routes = function.api, deployment.catalog.routes
    is_asked = kind.name not in API_NAMES and any(route.function is function for route in routes)
    if not is_asked or deployment.manifest.gateway is None:
        return ""
    return (
        f"nobody reaches its routes, which are of {kind.title}: every request needs the gateway's token,"
        " which API Gateway alone sends. Let a stage without `gateway` serve it"
    )


def _listener_outside(deployment: Deployment) -> Listener | None:
    api = deployment.stage.invoke_api
    return None if api is None or api.bind is None or _is_loopback(api.bind[0]) else api.bind


def _is_loopback(host: str) -> bool:
    return host in {"localhost", "::1"} or host.startswith("127.")
