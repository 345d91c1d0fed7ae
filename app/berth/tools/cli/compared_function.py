"""A function of this project as `berth migrate compare` needs it: with its routes, and a way to run it."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from berth.comparison.answers import Documents, Frames, FunctionAnswer, result_documents
from berth.comparison.exchange import SentRequest
from berth.errors import GatewayRefusal
from berth.gateway.routing.api_routes import ApiRoutes
from berth.gateway.routing.head import RAW_HEADERS, RequestHead
from berth.gateway.stamp import StampSource
from berth.invoke.invoker import Invoker
from berth.manifest.document import UnreadableDocument, read_object
from berth.manifest.loader import Catalog, load
from berth.model.function import Function
from berth.model.invocation import Invocation, InvocationResult
from berth.model.route import Route
from berth.runtime.environments import create_environments
from berth.settings import Settings
from berth.tools.cli.start import refusing
from berth.tools.migrate.compare.asking import FoundRoute
from berth.tools.migrate.compare.inputs.event_requests import is_of_gateway
from berth.tools.migrate.compare.names import ProjectNames, deployed_names
from berth.tools.migrate.compare.sides import CannotRun
from berth.tools.sample import build_sample_event


@dataclass(frozen=True)
class ComparedFunction:
    """A function with its routes; `variables` replace some of its environment's."""

    settings: Settings
    catalog: Catalog
    function: Function
    variables: Mapping[str, str]

    @classmethod
    def load(cls, name: str, environment: Path | None, *, needs_secrets: bool) -> "ComparedFunction":
        """Load a function of the stage; raises CannotRun for a file of variables that is none."""
        with refusing():
            settings = Settings.from_environ()
            catalog = load(settings, [name], needs_secrets=needs_secrets)
        variables = _read_variables(environment) if environment else {}
        return cls(settings, catalog, catalog.functions[name], variables)

    @property
    def events(self) -> Path:
        """The folder of its sample events."""
        return self.function.directory / "events"

    @cached_property
    def routes(self) -> list[Route]:
        """Its routes."""
        return [route for route in self.catalog.routes if route.function is self.function]

    @property
    def route_keys(self) -> tuple[str, ...]:
        """Its routes as API Gateway writes them."""
        return tuple(str(route.key) for route in self.routes)

    @cached_property
    def names(self) -> ProjectNames:
        """What the project calls things that are called otherwise elsewhere."""
        function, code = self.function, os.path.realpath(self.function.code)
        deployed = deployed_names(self.settings.manifests_dir)
        replaced = {
            name: (function.environment.get(name, ""), value) for name, value in self.variables.items()
        }
        return ProjectNames(function.name, (code, os.path.realpath(function.packages)), deployed, replaced)

    def documents(self, left: FunctionAnswer, right: FunctionAnswer) -> Documents:
        """Two results of the function, comparable."""
        packages = self.function.packages
        installed = frozenset(os.listdir(packages)) if packages.is_dir() else frozenset()
        return result_documents(left, right, Frames(self.function.name, self.names.roots, installed))

    def find_route(self, request: SentRequest) -> FoundRoute | None:
        """The route of the function that takes a request."""
        table: ApiRoutes[Route] = ApiRoutes()
        for route in self.routes:
            table.add(route, route)
        prefix = self.routes[0].wire_path if self.routes else ""
        environ = {
            "REQUEST_METHOD": request.method,
            "RAW_URI": f"{prefix}{request.target}",
            RAW_HEADERS: list(request.headers),
        }
        try:
            route, parameters = table.match(RequestHead(environ, None))
        except (GatewayRefusal, ValueError):
            return None
        return FoundRoute(str(route.key), route.key.path, parameters)

    def build_event(self, request: SentRequest, found: FoundRoute) -> Any:
        """The event that the function would get for a request; None if its API would refuse the request."""
        function = self.function
        recorded = [line for line in request.headers if not is_of_gateway(line[0])]
        shape = f"{function.api.shape}{'-multi' if function.multi_value_headers else ''}"
        try:
            return build_sample_event(
                request.method,
                request.target,
                shape=shape,
                resource=found.resource,
                path_parameters=found.parameters,
                headers=[line for line in recorded if line[0].lower() != "content-length"],
                body=request.body or None,
                binary_media_types=tuple(function.binary_media_types),
                stage_variables=function.stage.stage_variables,
            )
        except GatewayRefusal:
            return None

    @contextmanager
    def running(self) -> Iterator[Callable[[bytes], InvocationResult]]:
        """Run the function here. What it prints is not shown: it may print secrets."""
        environment = {**self.function.environment, **self.variables}
        function = replace(self.function, environment=environment)
        with (
            open(os.devnull, "wb") as nowhere,
            closing(create_environments(self.settings, [function], nowhere.fileno())) as environments,
        ):
            yield partial(_invoke, Invoker(environments), function)


def _invoke(invoker: Invoker, function: Function, payload: bytes) -> InvocationResult:
    stamp = StampSource()(None)
    return invoker.invoke(Invocation(function, payload, stamp.request_id, stamp.trace_id))


def _read_variables(file: Path) -> dict[str, str]:
    try:
        document = read_object(file)
    except UnreadableDocument as wrong:
        raise CannotRun(f"{file}: {wrong}") from wrong
    wrong_names = sorted(name for name, value in document.items() if not isinstance(value, str))
    if wrong_names:
        raise CannotRun(f"{file}: {', '.join(wrong_names)}: must be a string")
    return document
