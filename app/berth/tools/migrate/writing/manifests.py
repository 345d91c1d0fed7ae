"""Function manifests: what a function is, as `functions/<name>/manifest.json` says it."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from berth.tools.migrate.model.application import Api, FunctionSource, RouteSource
from berth.tools.migrate.model.findings import Class, Finding, Findings
from berth.tools.migrate.model.values import Text, Tree, as_text, is_scalar, plain
from berth.tools.migrate.writing.apis import URL
from berth.tools.migrate.writing.deployed import Placeholders, Use
from berth.tools.migrate.writing.places import Places
from berth.tools.migrate.writing.planning import PlannedFunction

Document = dict[str, Any]
# Manifests name no runtime of Python 2.
_OLD = "python2."
# After this many seconds API Gateway answers 504 itself.
_PATIENCE = {"rest": 29, "http": 30}
_DESTINATIONS = ("onSuccess", "onFailure", "deadLetterQueue")


@dataclass
class FunctionManifests:
    """Writes the documents of functions. `code` and `layers` are paths relative to a function's folder."""

    functions: Sequence[FunctionSource]
    placeholders: Placeholders
    authorizer_name: Callable[[Api, str], str]
    findings: Findings
    places: Places
    _ids: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._ids.update(map(_own_id, self.functions))

    def write(self, planned: PlannedFunction, code: str, layers: list[str]) -> Document:
        """The document of one manifest; keys that have their default are left out, but for the limits.

        Timeout and memory are always there: the stage's defaults may be others.
        """
        source = planned.source
        document: Document = {"handler": source.handler}
        optional: Document = {
            "code": code,
            "description": source.description,
            "runtime": "" if source.runtime.startswith(_OLD) else source.runtime,
        }
        document.update({key: value for key, value in optional.items() if value})
        document.update({"timeout": source.timeout, "memorySize": source.memory_size})
        more: Document = {
            "environment": self._environment(planned),
            **self._routes(planned),
            "reservedConcurrency": source.reserved_concurrency,
            "provisionedConcurrency": source.provisioned_concurrency or None,
            "layers": layers,
            "asyncConfig": self._async_config(planned),
        }
        document.update({key: value for key, value in more.items() if value not in (None, [], {})})
        self._note(planned)
        return document

    def _environment(self, planned: PlannedFunction) -> dict[str, str]:
        return {
            name: self._variable(planned, name, text) for name, text in planned.source.environment.items()
        }

    def _variable(self, planned: PlannedFunction, name: str, text: Text) -> str:
        source = planned.source
        place = self.places.of_function(source, "Properties", "Environment", "Variables", name)
        return self._text(text, Use(f"{planned.name} environment.{name}", place, name, source.id), name)

    def _text(self, text: Text, use: Use, key: str) -> str:
        if not text.chosen_by:
            return self.placeholders.write(text, use)
        owner = next(each for each in self.functions if each.id == use.function)
        unique = _own_id(owner) if self._ids[_own_id(owner)] == 1 else owner.id.replace("/", ".")
        return self.placeholders.write_chosen(f"{unique}.Environment.{key}", text, use)

    def _async_config(self, planned: PlannedFunction) -> dict[str, Tree]:
        source, made = planned.source, dict[str, Tree]()
        for key, value in source.async_config.items():
            if key in _DESTINATIONS and is_scalar(value):
                place = self.places.of_function(source, "Properties", "EventInvokeConfig", key)
                use = Use(f"{planned.name} asyncConfig.{key}", place, f"DESTINATION_{key.upper()}", source.id)
                made[key] = self._destination(as_text(value), use, key)
            else:
                made[key] = plain(value)
        return made

    def _destination(self, text: Text, use: Use, key: str) -> str:
        if not text.chosen_by:
            return self.placeholders.write(text, use)
        return self.placeholders.write_chosen(
            f"{use.function.replace('/', '.')}.asyncConfig.{key}", text, use
        )

    def _routes(self, planned: PlannedFunction) -> Document:
        if not planned.kind:
            return {}
        routes = [self._route(planned.kind, *each) for each in zip(planned.apis, planned.routes, strict=True)]
        is_every_request = planned.kind == URL and all(route.keys() == {"method", "path"} for route in routes)
        return {
            "api": planned.kind,
            "payloadFormatVersion": planned.version or None,
            "multiValueHeaders": any(api.multi_value_headers for api in planned.apis) or None,
            "routes": [] if is_every_request else routes,
        }

    def _route(self, kind: str, api: Api, route: RouteSource) -> Document:
        document = {
            "method": route.method,
            "path": route.path,
            "authorizer": self.authorizer_name(api, route.authorizer) if route.authorizer else None,
            "scopes": list(route.scopes),
            "apiKeyRequired": route.api_key_required or None,
            "requestParameters": dict.fromkeys(route.required_parameters, True),
            "requestModels": plain(dict(route.request_models)),
            "priority": route.priority,
            "conditions": plain(list(route.conditions)),
            "invocation": route.invocation,
        }
        return {key: value for key, value in document.items() if value not in (None, "", [], {})}

    def _note(self, planned: PlannedFunction) -> None:
        source = planned.source
        for kind, path, text in _remarks(planned):
            place = self.places.of_function(source, *path)
            self.findings.add(Finding(kind, place.path, text, place.file, source.id))


def _own_id(function: FunctionSource) -> str:
    """The id without the names of the stacks around it."""
    return function.id.rpartition("/")[2]


def _remarks(planned: PlannedFunction) -> Iterator[tuple[Class, tuple[str, ...], str]]:
    source, patience = planned.source, _PATIENCE.get(planned.kind)
    if source.runtime.startswith(_OLD):
        text = (
            f"{source.runtime}: the image has Python 3, so the code may have to change; runtime is left out"
        )
        yield Class.NOT_CARRIED, ("Properties", "Runtime"), text
    if patience is not None and source.timeout > patience:
        text = f"timeout of {source.timeout} s: a gateway in front answers 504 after {patience} s"
        yield Class.CARRIED, ("Properties", "Timeout"), text
    reserved = source.reserved_concurrency
    if reserved is not None and source.provisioned_concurrency > reserved:
        text = f"provisionedConcurrency {source.provisioned_concurrency} is more than reservedConcurrency"
        yield Class.OPEN, ("Properties", "ReservedConcurrentExecutions"), f"{text} {reserved}: lower it"
