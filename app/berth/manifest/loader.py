"""Loading what a server serves: the stage's manifest, and the manifest of each of its functions."""

import hashlib
import os
import re
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path
from typing import Any

from berth.errors import ManifestError, Place, Report
from berth.manifest.checks.authorizers import check_authorizers, used_authorizers
from berth.manifest.checks.functions import MANIFEST, check_functions, check_resources, manifest_place
from berth.manifest.checks.invoke_api import check_invoke_api, invoke_api_warnings
from berth.manifest.checks.routes import Manifests, check_cors, check_routes, read_method_request
from berth.manifest.document import load_document, shown
from berth.manifest.schema.keys import FUNCTION_DEFAULTS, STAGE_NAME
from berth.manifest.schema.manifest import (
    read_function_manifest,
    read_stage_manifest,
    salvage_function_manifest,
    salvage_stage_manifest,
)
from berth.manifest.secrets import with_secrets
from berth.manifest.sources import Sources, model_files
from berth.model.api_kind import find_kind
from berth.model.authorizer import Authorizer
from berth.model.function import Function, FunctionConfiguration
from berth.model.invoke_api import FOR_DEVELOPMENT, Listener
from berth.model.manifest import FunctionManifest, StageManifest
from berth.model.route import Route
from berth.model.stage import DEFAULT_STAGE, Stage
from berth.settings import Settings

_STAGE_VARIABLE = re.compile(r"\$\{stageVariables\.([^}]*)\}")


@dataclass(frozen=True)
class Catalog:
    """Everything that a server serves, checked, and where it was read; `warnings` are for its log."""

    stage: Stage
    functions: Mapping[str, Function]
    routes: tuple[Route, ...]
    warnings: tuple[str, ...]
    sources: Sources


def load(settings: Settings, only: Collection[str] = ()) -> Catalog:
    """Load the stage and its functions, or just the functions named in `only`.

    Raises ManifestError with every problem of every manifest.
    """
    report = Report()
    place = report.at(shown(_stage_file(settings)))
    stage_manifest = _load_stage_manifest(settings, place)
    defaults = stage_manifest.function_defaults if stage_manifest else FUNCTION_DEFAULTS
    found, passed_over = _find_folders(settings.functions_dir, report)
    folders = _select(found, only, report) if only else found
    manifests = _load_functions(folders, defaults, report)
    if stage_manifest is not None and not only:
        manifests = _served(manifests, stage_manifest.functions, folders, place)
    check_functions(manifests, stage_manifest, report)
    if stage_manifest is None:
        raise ManifestError(report.problems)
    environment = _resolve(stage_manifest.environment, stage_manifest.stage_variables, place)
    stage = build_stage(stage_manifest, settings, environment)
    stage = with_secrets(stage, stage_manifest, settings.secrets, place)
    if stage_manifest.invoke_api is None and settings.is_development:
        stage = replace(stage, invoke_api=FOR_DEVELOPMENT)
    authorizers = used_authorizers(manifests.values(), stage) if only else stage.authorizers
    asked = _load_functions(_folders_of(authorizers, found, manifests), defaults, report) if only else {}
    check_authorizers(authorizers, {folder.name for folder in (*manifests, *asked)}, place)
    check_routes(manifests, stage, report)
    check_cors(manifests, stage, place)
    check_invoke_api(manifests, stage, settings, place)
    functions = _build_functions({**manifests, **asked}, stage, report)
    check_resources(functions.values(), settings.max_environments, report)
    routes = tuple(_build_routes(manifests, functions, report))
    report.raise_if_any()
    told = (*passed_over, *_runtime_warnings(manifests), *invoke_api_warnings(stage, settings))
    sources = Sources(_stage_file(settings), settings.functions_dir, model_files(manifests))
    return Catalog(stage, functions, routes, told, sources)


def _stage_file(settings: Settings) -> Path:
    return settings.manifests_dir / f"{settings.stage}.json"


def _load_stage_manifest(settings: Settings, place: Place) -> StageManifest | None:
    path = _stage_file(settings)
    if not re.fullmatch(STAGE_NAME, settings.stage):
        wrong = f"{settings.stage!r} is not a stage name: 1 to 128 letters, digits, - or _"
        place.report.add("environment", "BERTH_STAGE", wrong)
        return None
    if not settings.manifests_dir.is_dir():
        _report_missing(settings.manifests_dir, "stages", "BERTH_MANIFESTS_DIR", place.report)
        return None
    if not os.path.lexists(path):
        known = ", ".join(sorted(file.stem for file in settings.manifests_dir.glob("*.json"))) or "none"
        place.add("", f"no manifest for the stage {settings.stage!r} (found: {known})")
        return None
    return load_document(path, place, read_stage_manifest, salvage_stage_manifest)


def read_invoke_listener(settings: Settings) -> Listener | None:
    """The listener that the stage's manifest wants for the Invoke API alone; a wrong manifest wants none."""
    manifest = _load_stage_manifest(settings, Report().at(""))
    return manifest.invoke_api.bind if manifest and manifest.invoke_api else None


def _report_missing(folder: Path, contents: str, variable: str, report: Report) -> None:
    """Report a folder that is not there by its whole path, since the working folder may be the mistake."""
    wrong = f"there is no such folder of {contents}: run this in your project's folder, or set {variable}"
    report.add(str(folder), "", wrong)


def build_stage(manifest: StageManifest, settings: Settings, environment: Mapping[str, str]) -> Stage:
    """Build a stage; what its manifest leaves open comes from the settings, or is made up from its name."""
    is_named = manifest.stage not in {None, DEFAULT_STAGE}
    name = manifest.stage if manifest.stage and is_named else settings.stage
    defaults = manifest.function_defaults
    made_up = hashlib.sha256(name.encode()).hexdigest()
    return Stage(
        name=name,
        api=find_kind(defaults["api"], defaults["payloadFormatVersion"]),
        api_id=manifest.api_id or made_up[:10],
        account_id=manifest.account_id or settings.account_id,
        region=manifest.region or settings.region,
        deployment_id=made_up[10:16],
        functions=manifest.functions,
        stage_variables=manifest.stage_variables,
        environment=environment,
        stage_in_path=manifest.stage_in_path,
        trusted_proxy_hops=manifest.trusted_proxy_hops,
        serialize_bodies=manifest.serialize_bodies,
        is_named=is_named,
        cors=manifest.cors,
        authorizers_run_in=manifest.authorizers_run_in,
    )


def _find_folders(functions_dir: Path, report: Report) -> tuple[list[Path], list[str]]:
    """Find every folder with a manifest; each folder without one gives a warning."""
    if not functions_dir.is_dir():
        _report_missing(functions_dir, "functions", "BERTH_FUNCTIONS_DIR", report)
        return [], []
    visible = sorted(path for path in functions_dir.iterdir() if path.is_dir() and path.name[0] not in "._")
    folders = [path for path in visible if os.path.lexists(path / MANIFEST)]
    warnings = [f"{shown(path)}: has no {MANIFEST}, passed over" for path in visible if path not in folders]
    return folders, warnings


def _select(folders: list[Path], only: Collection[str], report: Report) -> list[Path]:
    """The folders of the functions that are named."""
    names = [folder.name for folder in folders]
    for name in sorted(set(only) - set(names)):
        report.add("functions", name, f"no such function (found: {', '.join(names) or 'none'})")
    return [folder for folder in folders if folder.name in only]


def _load_functions(folders: Iterable[Path], defaults: Mapping[str, Any], report: Report) -> Manifests:
    """Load the functions' manifests over their stage's defaults, without those that hold no JSON object."""
    read = partial(read_function_manifest, defaults=defaults)
    salvage = partial(salvage_function_manifest, defaults=defaults)
    loaded = {
        folder: load_document(folder / MANIFEST, manifest_place(folder, report), read, salvage)
        for folder in folders
    }
    return {folder: manifest for folder, manifest in loaded.items() if manifest is not None}


def _served(
    manifests: Manifests, patterns: Sequence[str], folders: Collection[Path], place: Place
) -> Manifests:
    """The functions that a stage's `functions` selects by names or patterns."""
    for index, pattern in enumerate(patterns):
        if pattern != "*" and not any(fnmatchcase(folder.name, pattern) for folder in folders):
            place.add(f"functions[{index}]", f"{pattern!r} matches no function")
    return {
        folder: manifest
        for folder, manifest in manifests.items()
        if any(fnmatchcase(folder.name, pattern) for pattern in patterns)
    }


def _folders_of(
    authorizers: Mapping[str, Authorizer], folders: Iterable[Path], loaded: Collection[Path]
) -> list[Path]:
    """The folders of the authorizers' functions that are not loaded yet."""
    names = {each.function for each in authorizers.values()}
    return [folder for folder in folders if folder.name in names and folder not in loaded]


def _build_functions(manifests: Manifests, stage: Stage, report: Report) -> dict[str, Function]:
    functions = {}
    for folder, manifest in manifests.items():
        own = _resolve(manifest.environment, stage.stage_variables, manifest_place(folder, report))
        functions[folder.name] = build_function(folder, manifest, stage, {**stage.environment, **own})
    return functions


def build_function(
    folder: Path, manifest: FunctionManifest, stage: Stage, environment: Mapping[str, str]
) -> Function:
    """Build the function of a manifest; `environment` holds its variables, the stage's included."""
    shared = {each.name: getattr(manifest, each.name) for each in fields(FunctionConfiguration)}
    layers = tuple((folder / layer).resolve() for layer in manifest.layers)
    return Function(folder.name, folder, stage, **shared | {"environment": environment, "layers": layers})


def _build_routes(manifests: Manifests, functions: Mapping[str, Function], report: Report) -> Iterator[Route]:
    for folder, manifest in manifests.items():
        function, place = functions[folder.name], manifest_place(folder, report)
        for index, route in enumerate(manifest.routes):
            yield Route(
                route.key,
                function,
                read_method_request(route, folder, place.at(f"routes[{index}]")),
                route.listener_rule,
                function.stage.authorizers.get(route.authorizer or ""),
                route.scopes,
            )


def _resolve(
    environment: Mapping[str, str], stage_variables: Mapping[str, str], place: Place
) -> dict[str, str]:
    """Replace `${stageVariables.x}` in the values of environment variables."""
    for name, value in environment.items():
        for unknown in sorted(set(_STAGE_VARIABLE.findall(value)) - set(stage_variables)):
            wrong = f"${{stageVariables.{unknown}}}: the stage has no such stage variable"
            place.add(f"environment.{name}", wrong)
    return {
        name: _STAGE_VARIABLE.sub(lambda match: stage_variables.get(match[1], ""), value)
        for name, value in environment.items()
    }


def _runtime_warnings(manifests: Manifests) -> Iterator[str]:
    """A warning for each function that was written for another Python than the one that runs here."""
    running = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for folder, manifest in manifests.items():
        if manifest.runtime not in {None, running}:
            file = shown(folder / MANIFEST)
            yield f"{file}: runtime: written for {manifest.runtime}, runs on {running}"
