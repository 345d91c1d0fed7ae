"""Making routes of operations: which ones are carried, and what the report tells of the others."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from berth.errors import MalformedDocument
from berth.manifest.schema.keys import PAYLOAD_VERSIONS
from berth.manifest.schema.route import RouteSchema
from berth.model.route import ANY, DEFAULT_ROUTE, Guard, RouteKey
from berth.schemas.reading import read
from berth.tools.migrate.cloudformation.apis.node import Node, Told, shown
from berth.tools.migrate.cloudformation.apis.targets import Target, Targets
from berth.tools.migrate.cloudformation.apis.told import carried, integration_told
from berth.tools.migrate.model.application import RouteSource
from berth.tools.migrate.model.findings import Class

_LATEST = PAYLOAD_VERSIONS[-1]
NOT_PROXY = "Berth carries Lambda proxy integrations only"


NO_GUARD = Guard()


@dataclass(frozen=True)
class Protection:
    """What an operation asks of its callers. A `problem` says why that cannot be carried."""

    guard: Guard = NO_GUARD
    required_parameters: tuple[str, ...] = ()
    request_models: Mapping[str, Any] = field(default_factory=dict)
    problem: str = ""


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One method of one path of an API, or one route of it, as its source says it.

    `node` is where it stands, `integration` is empty where it has none. `protect` reads what it asks of its
    callers and tells of that in the report; it is called only for an operation that is carried otherwise.
    `told` is what the report tells of its keys, and `carried_keys` are those that the route is made of.
    """

    node: Node
    kind: str  # rest or http
    method: str
    path: str
    integration: Node
    protect: Callable[["Operation"], Protection]
    told: Mapping[str, Told] = field(default_factory=dict)
    carried_keys: tuple[str, ...] = ()
    payload_format_version: str = ""
    problem: str = ""  # why it is not understood, known from the start

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def integration_type(self) -> str:
        """The type in capitals, such as AWS_PROXY; empty where there is no integration."""
        return self.integration.any("type", "Type", "IntegrationType").known().upper()

    @property
    def key(self) -> RouteKey:
        """Method and path as Berth writes them."""
        if self.path in (DEFAULT_ROUTE, f"/{DEFAULT_ROUTE}"):
            return RouteKey(ANY, DEFAULT_ROUTE)
        path = self.path.rstrip("/") or "/" if self.kind == "rest" else self.path
        return RouteKey(self.method, path)


@dataclass(frozen=True)
class _Refusal:
    operation: Operation
    reason: str
    is_open: bool = False
    function: str = ""


@dataclass(frozen=True)
class RouteReader:
    """Makes the routes of one API; every operation that is not carried is told of in the report."""

    targets: Targets

    def read(self, operations: Iterable[Operation]) -> tuple[RouteSource, ...]:
        """The routes that are carried, in order."""
        made = [self._route(each) for each in operations]
        routes = tuple(each for each in made if isinstance(each, RouteSource))
        for refusal in made:
            if isinstance(refusal, _Refusal):
                kind = Class.OPEN if refusal.is_open else Class.NOT_CARRIED
                text = f"{refusal.operation}{refusal.reason}{_taken_over(refusal.operation, routes)}"
                refusal.operation.node.note(kind, text, function=refusal.function)
        return routes

    def _route(self, operation: Operation) -> RouteSource | _Refusal:
        target = self._target(operation)
        if isinstance(target, _Refusal):
            return target
        problem = operation.problem or _path_problem(operation) or _version_problem(operation)
        if problem:
            return _Refusal(operation, f": {problem}", function=target.function)
        protection = operation.protect(operation)
        problem = protection.problem or _route_problem(operation.key, protection)
        if problem:
            return _Refusal(operation, f": {problem}", function=target.function)
        _note(operation, target.function)
        return _made(operation, target.function, protection)

    def _target(self, operation: Operation) -> Target | _Refusal:
        """The function that an operation calls by a proxy integration, or why it is not carried."""
        kind, uri = (
            operation.integration_type,
            operation.integration.any("uri", "Uri", "IntegrationUri").text(),
        )
        if not kind:
            return _Refusal(operation, ": it has no integration, so that nothing answers it")
        subtype = operation.integration.any("integrationSubtype", "IntegrationSubtype").known()
        target = self.targets.of_uri(uri)
        if kind != "AWS_PROXY" or subtype or not target.text.parts:
            what = " ".join(each for each in (kind, subtype, shown(uri)) if each)
            return _Refusal(operation, f" integration: {what}: {NOT_PROXY}{_advice(kind, target)}")
        return self._imported(operation, target)

    def _imported(self, operation: Operation, target: Target) -> Target | _Refusal:
        if target.missing:
            reason = f" {target.name}: which function it calls is not known: {_how_to_tell(target.missing)}"
            return _Refusal(operation, reason, is_open=True)
        if target.function not in self.targets.functions:
            what = "not imported" if target.function else "not in the source"
            return _Refusal(operation, f" {target.name}: the function {shown(target.text)} is {what}")
        mode = operation.integration.any("responseTransferMode", "ResponseTransferMode").known()
        if target.streams or mode.upper() == "STREAM":
            return _Refusal(operation, f" {target.name}: it streams its response, and Berth answers whole")
        return target


def _note(operation: Operation, function: str) -> None:
    """Tell of the keys of an operation that is carried."""
    text = f"routes: {operation.key}"
    own = {**operation.told, **carried(text, operation.carried_keys)}
    for key in ("HttpMethod", "RouteKey"):
        own |= carried(f"{text}{operation.node[key].dependence()}", [key]) if key in own else {}
    operation.node.note_keys(own, function=function)
    operation.integration.note_keys(integration_told(operation.kind, text), function=function)


def _made(operation: Operation, function: str, protection: Protection) -> RouteSource:
    guard = protection.guard
    return RouteSource(
        function=function,
        method=operation.key.method,
        path=operation.key.path,
        place=operation.node.place,
        authorizer=guard.authorizer,
        scopes=tuple(sorted(guard.scopes)),
        api_key_required=guard.api_key_required,
        required_parameters=protection.required_parameters,
        request_models=protection.request_models,
        payload_format_version=_version(operation),
    )


def _version(operation: Operation) -> str:
    """The payload format version of an HTTP API's route; the report asks for one that is not said."""
    version = operation.payload_format_version
    if operation.kind == "rest" or version:
        return version
    text = f"{operation}: the source does not say the payload format version; {_LATEST} is taken"
    node = operation.integration if operation.integration.is_there else operation.node
    node.note(Class.OPEN, f"{text}: look which one the function expects", name="payloadFormatVersion")
    return _LATEST


def _version_problem(operation: Operation) -> str:
    version = operation.payload_format_version
    is_known = operation.kind == "rest" or version in ("", *PAYLOAD_VERSIONS)
    return "" if is_known else f"Berth has no payload format version {version}"


def _advice(kind: str, target: Target) -> str:
    if kind == "AWS" and target.text.parts:
        return f"; {target.name} gets an event of its own mapping template here: make it a proxy integration"
    return "; serve it beside Berth, or write a function for it" if kind != "MOCK" else ""


def _how_to_tell(missing: str) -> str:
    if missing.startswith("stageVariables."):
        return f"the stage has no value for {missing}"
    return f"--parameter {missing}=..."


def _path_problem(operation: Operation) -> str:
    """Why Berth has no such path or method; empty if it has."""
    key = operation.key
    if operation.kind == "http" and key.path != "/" and key.path.endswith("/"):
        return "an HTTP API tells this path from the one without the slash, and Berth has none with a slash"
    if key.is_pattern:
        return f"the path {key.path!r} has * or ?, which Berth takes for a pattern"
    return _document_problem({"method": key.method, "path": key.path})


def _route_problem(key: RouteKey, protection: Protection) -> str:
    """Why Berth would refuse what a route asks of its callers; empty if it would not."""
    asked = dict.fromkeys(protection.required_parameters, True)
    document = {"method": key.method, "path": key.path, "requestParameters": asked}
    return _document_problem({**document, "requestModels": dict(protection.request_models)})


def _document_problem(document: Mapping[str, Any]) -> str:
    try:
        read(RouteSchema(), document)
    except MalformedDocument as wrong:
        return f"Berth cannot have it: {wrong}"
    return ""


def _taken_over(operation: Operation, routes: Iterable[RouteSource]) -> str:
    """Say which carried route now gets the requests of an operation that is not carried."""
    wider = [each for each in routes if _takes(each, operation.key)]
    if not wider:
        return ""
    nearest = min(wider, key=lambda each: RouteKey(each.method, each.path).specificity)
    return f"; its requests now reach {nearest.method} {nearest.path} of {nearest.function}"


def _takes(route: RouteSource, key: RouteKey) -> bool:
    if route.method not in (ANY, key.method):
        return False
    own = RouteKey(route.method, route.path)
    if own.is_default or key.is_default:
        return own.is_default
    return _covers(iter(own.segments), iter(key.segments))


def _covers(own: Iterator[Any], other: Iterator[Any]) -> bool:
    for segment in own:
        taken = next(other, None)
        if taken is None or segment.is_greedy:
            return taken is not None
        if not segment.is_variable and (taken.is_variable or taken.text != segment.text):
            return False
    return next(other, None) is None
