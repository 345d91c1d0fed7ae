"""What Berth would refuse of the manifests that an import made: it becomes a finding, not a failed start."""

import importlib.util
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from berth.errors import MalformedDocument, Report
from berth.manifest.checks.routes import check_cors, check_routes, read_method_request
from berth.manifest.schema.asynchronous import destination_problem
from berth.manifest.schema.manifest import read_function_manifest, read_stage_manifest
from berth.model.api_key import ApiKey
from berth.model.api_kind import find_kind
from berth.model.manifest import FunctionManifest, StageManifest
from berth.model.stage import Stage
from berth.tools.migrate.model.application import Place
from berth.tools.migrate.model.findings import Class, Finding, Findings, Problem
from berth.tools.migrate.model.values import Holes
from berth.tools.migrate.writing.places import Places
from berth.tools.migrate.writing.planning import PlannedFunction

Document = dict[str, Any]
_ROUTE = re.compile(r"routes\[(\d+)\]")
_PLACEHOLDER = re.compile(r"\$\{deployed\.([^}]*)\}")
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
_MOST_ENVIRONMENT_BYTES = 4096
# Keys of a stage whose entries can be left out one by one.
_BY_ENTRY = ("authorizers", "stageVariables", "deployed")
# What is taken out may leave something else to be refused.
_MOST_ROUNDS = 5
# Keys that the user of the command has told.
_TOLD = ("region", "accountId")


@dataclass(frozen=True)
class Acceptance:
    """Takes out of documents what their schemas refuse, and notes it."""

    findings: Findings
    places: Places

    def function(self, document: Document, planned: PlannedFunction) -> Document:
        """The function's document as Berth takes it."""
        for _ in range(_MOST_ROUNDS):
            refused = _refused(document, read_function_manifest)
            if not refused:
                break
            routes = {key for key in refused if _ROUTE.match(key)}
            self._drop_routes(document, {key: refused[key] for key in routes}, planned)
            for key in refused.keys() - routes:
                self._drop_of_function(document, key, refused[key], planned)
        return _without_empty(document)

    def _drop_routes(self, document: Document, refused: Mapping[str, str], planned: PlannedFunction) -> None:
        numbers = {int(found[1]): refused[key] for key in refused if (found := _ROUTE.match(key))}
        for number in sorted(numbers, reverse=True):
            route = document["routes"].pop(number)
            own = next(each for each in planned.routes if (each.method, each.path) == _key(route))
            is_guarded = own.authorizer or own.api_key_required
            text = f"{own.method} {own.path}: {numbers[number]}; a less specific route may take its requests"
            kind = Class.OPEN if is_guarded else Class.NOT_CARRIED
            self._note(
                kind, own.place, text + (", with another guard" if is_guarded else ""), planned.source.id
            )

    def _drop_of_function(self, document: Document, key: str, message: str, planned: PlannedFunction) -> None:
        top, _, name = key.partition(".")
        source = planned.source
        if top == "asyncConfig" and name in document.get(top, {}):
            del document[top][name]
            place = self.places.of_function(source, "Properties", "EventInvokeConfig", name)
            self._note(Class.OPEN, place, f"{key}: {message}; it is left out", source.id)
        elif top == "environment" and name in document.get(top, {}):
            del document[top][name]
            place = self.places.of_function(source, "Properties", "Environment", "Variables", name)
            self._note(Class.NOT_CARRIED, place, f"{name}: {message}", source.id)
        else:
            top = top.partition("[")[0]
            document.pop(top, None)
            place = source.place_of(top)
            self._note(Class.OPEN, place, f"{key}: {message}; it is left out", source.id)

    def stage(self, document: Document, file: str) -> Document:
        """The stage's document as Berth takes it."""
        for _ in range(_MOST_ROUNDS):
            refused = _refused(document, read_stage_manifest)
            if not refused:
                break
            for key, message in refused.items():
                top = re.split(r"[.\[]", key)[0]
                if top in _TOLD:
                    self.findings.refuse(Problem(f"{top}: {message}"))
                name = key[len(top) + 1 :]
                entry = max(
                    (each for each in _names(document, top) if _begins(name, each)), key=len, default=""
                )
                if entry and top in _BY_ENTRY:
                    del document[top][entry]
                elif not (name and top in _BY_ENTRY):  # else it went with another message
                    document.pop(top, None)
                closed = ", so its routes are closed" if top == "authorizers" else ""
                text = f"{key}: {message}; {entry or top} is left out of {file}{closed}"
                self.findings.add(Finding(Class.OPEN, (top, name) if name else (top,), text, file, name=key))
        return _without_empty(document)

    def _note(self, kind: Class, place: Place, text: str, function: str) -> None:
        self.findings.add(Finding(kind, place.path, text, place.file, function))

    def together(self, documents: Mapping[str, Document], stage: Document, holes: Holes, file: str) -> None:
        """Note what Berth refuses of documents that are accepted one by one."""
        manifest = read_stage_manifest(stage)
        built = _stage(manifest)
        report = Report()
        manifests = {
            Path("functions", name): _read(document, manifest, stage) for name, document in documents.items()
        }
        check_routes(manifests, built, report)
        check_cors(manifests, built, report.at(file))
        _check_models(manifests, report)
        _check_destinations(documents, stage.get("deployed", {}), report)
        for name, document in documents.items():
            size = _environment_size(document, holes)
            if size > _MOST_ENVIRONMENT_BYTES:
                wrong = f"{size} bytes are more than Lambda's {_MOST_ENVIRONMENT_BYTES}"
                report.add(f"functions/{name}/manifest.json", "environment", wrong)
        for problem in report.problems:
            text = f"Berth refuses to start: {problem}"
            name = f"{problem.file} {problem.key}"
            self.findings.add(Finding(Class.OPEN, (problem.key,), text, problem.file, name=name))


def _refused(document: Document, read: Callable[[Mapping[str, Any]], object]) -> dict[str, str]:
    """What a schema says about keys of a document."""
    try:
        read(document)
    except MalformedDocument as malformed:
        return dict(reversed(malformed.messages))
    return {}


def _without_empty(document: Document) -> Document:
    return {key: value for key, value in document.items() if value not in ({}, [])}


def _names(document: Document, top: str) -> Iterator[str]:
    found = document.get(top)
    return iter(found) if isinstance(found, dict) else iter(())


def _begins(key: str, name: str) -> bool:
    """Whether a path of keys begins with a name, which may have dots."""
    return key == name or key.startswith((f"{name}.", f"{name}["))


def _key(route: Mapping[str, Any]) -> tuple[str, str]:
    return route["method"], route["path"]


def _read(document: Document, stage: StageManifest, stage_document: Document) -> FunctionManifest:
    """A function's manifest without what is open on purpose: authorizers that have no definition."""
    defined = stage_document.get("authorizers", {})
    routes = [
        {key: value for key, value in route.items() if key not in ("authorizer", "scopes")}
        if route.get("authorizer") not in defined
        else route
        for route in document.get("routes", ())
    ]
    return read_function_manifest({**document, "routes": routes}, stage.function_defaults)


def _stage(manifest: StageManifest) -> Stage:
    """The stage, as far as checks of routes look at it."""
    defaults = manifest.function_defaults
    return Stage(
        name=manifest.stage or "",
        api=find_kind(defaults["api"], defaults["payloadFormatVersion"]),
        api_id="",
        account_id="",
        region="",
        deployment_id="",
        functions=manifest.functions,
        stage_variables={},
        environment={},
        stage_in_path=False,
        trusted_proxy_hops=0,
        cors=manifest.cors,
        api_keys=tuple(ApiKey(each.id, "") for each in manifest.api_keys),
        authorizers={
            name: replace(each.authorizer, name=name) for name, each in manifest.authorizers.items()
        },
    )


def _check_models(manifests: Mapping[Path, FunctionManifest], report: Report) -> None:
    if importlib.util.find_spec("jsonschema") is None:
        return
    for folder, manifest in manifests.items():
        for index, route in enumerate(manifest.routes):
            place = report.at(f"{folder}/manifest.json", f"routes[{index}]")
            read_method_request(route, folder, place)


def _check_destinations(
    documents: Mapping[str, Document], deployed: Mapping[str, Any], report: Report
) -> None:
    """Report destinations whose placeholders all have values, which make no destination."""
    for name, document in documents.items():
        for key, text in document.get("asyncConfig", {}).items():
            values = [deployed.get(each) for each in _PLACEHOLDER.findall(str(text))]
            if values and all(isinstance(each, str) for each in values):
                made = _PLACEHOLDER.sub(lambda hole: str(deployed[hole[1]]), text)
                wrong = destination_problem(key, made)
                if wrong:
                    report.add(f"functions/{name}/manifest.json", f"asyncConfig.{key}", wrong)


def _environment_size(document: Document, holes: Holes) -> int:
    """The bytes of a function's variables as far as their values are known."""
    return sum(
        len(name.encode()) + len(_PLACEHOLDER.sub(lambda hole: holes.values.get(hole[1], ""), text).encode())
        for name, text in document.get("environment", {}).items()
    )
