"""Disk to model: the stage's manifest, each function's manifest, defaults filled in."""

import hashlib
import os
import re
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path

from berth.errors import ManifestError, Problem
from berth.manifest.checks.authorizers import authorizers_of, check_authorizers, check_route_authorizers
from berth.manifest.checks.functions import MANIFEST, check_capacity, check_environments, check_functions
from berth.manifest.checks.routes import (
    check_cors,
    check_kinds,
    check_routes,
    kind_of,
    read_method_request,
    served_routes,
)
from berth.manifest.document import load_document, shown
from berth.manifest.schema.keys import STAGE_NAME
from berth.manifest.schema.manifest import (
    read_function_manifest,
    read_stage_manifest,
    salvage_function_manifest,
    salvage_stage_manifest,
)
from berth.manifest.secrets import Secrets, read_api_keys, read_authorizers, read_trust
from berth.model.api_kind import find_kind
from berth.model.function import Function
from berth.model.manifest import FunctionManifest, StageManifest
from berth.model.route import Route
from berth.model.stage import DEFAULT_STAGE, Stage
from berth.settings import Settings

Manifests = dict[Path, FunctionManifest]

_STAGE_VARIABLE = re.compile(r"\$\{stageVariables\.([^}]*)\}")


@dataclass(frozen=True)
class Catalog:
    """Everything a server serves, checked; `warnings` are for the log."""

    stage: Stage
    functions: Mapping[str, Function]
    routes: tuple[Route, ...]
    warnings: tuple[str, ...]


def load(settings: Settings, only: Collection[str] = ()) -> Catalog:
    """Load the stage and its functions, or just those named in `only`.

    Raises ManifestError with every problem of every manifest.
    """
    stage, problems = _load_stage(settings)
    found, warnings = _find_folders(settings.functions_dir, problems)
    folders = _select(found, only, problems) if only else found
    manifests = _load_functions(folders, problems)
    if stage is not None and not only:
        manifests = _served(manifests, stage, _stage_file(settings), folders, problems)
    problems += check_functions(manifests, stage)
    if stage is None:
        raise ManifestError(problems)
    asked = _load_functions(_authorizing(manifests, stage, found), problems) if only else {}
    problems += _check_gateway(
        manifests, stage, [*manifests, *asked], shown(_stage_file(settings)), bool(only)
    )
    catalog = _combine(manifests, asked, stage, problems, warnings)
    problems += check_capacity(catalog.functions.values(), settings.max_environments)
    if problems:
        raise ManifestError(problems)
    return catalog


def _load_functions(folders: Iterable[Path], problems: list[Problem]) -> Manifests:
    loaded = {folder: _load_function(folder, problems) for folder in folders}
    return {folder: manifest for folder, manifest in loaded.items() if manifest is not None}


def _authorizing(manifests: Manifests, stage: Stage, folders: Iterable[Path]) -> list[Path]:
    """The folders of the functions that decide about the routes of others, where these were named alone."""
    names = {each.function for manifest in manifests.values() for each in authorizers_of(manifest, stage)}
    return [folder for folder in folders if folder.name in names and folder not in manifests]


def _check_gateway(
    manifests: Manifests, stage: Stage, folders: Iterable[Path], stage_file: str, is_partial: bool
) -> Iterator[Problem]:
    """What is wrong with routes, CORS and authorizers; of some functions alone, with theirs."""
    yield from check_routes(manifests, stage)
    yield from check_kinds(manifests, stage)
    yield from check_route_authorizers(manifests, stage)
    used = {each.name: each for manifest in manifests.values() for each in authorizers_of(manifest, stage)}
    names = {folder.name for folder in folders}
    for key, message in check_authorizers(used if is_partial else stage.authorizers, names):
        yield Problem(stage_file, key, message)
    for key, message in check_cors(manifests, stage):
        yield Problem(stage_file, key, message)


def _combine(
    manifests: Manifests, asked: Manifests, stage: Stage, problems: list[Problem], warnings: list[str]
) -> Catalog:
    """The catalog; functions that are only asked by authorizers have no routes in it."""
    functions = {
        folder.name: build_function(folder, manifest, stage, problems)
        for folder, manifest in (manifests | asked).items()
    }
    problems += check_environments(functions.values())
    routes = [
        Route(
            route.key,
            functions[folder.name],
            read_method_request(folder, index, route, problems),
            route.listener_rule,
            stage.authorizers.get(route.authorizer or ""),
            route.scopes,
        )
        for folder, manifest in manifests.items()
        for index, route in enumerate(served_routes(manifest, stage))
    ]
    runtimes = [_runtime_warning(folder, manifest) for folder, manifest in manifests.items()]
    return Catalog(stage, functions, tuple(routes), (*warnings, *filter(None, runtimes)))


def _stage_file(settings: Settings) -> Path:
    return settings.manifests_dir / f"{settings.stage}.json"


def _load_stage(settings: Settings) -> tuple[Stage | None, list[Problem]]:
    path = _stage_file(settings)
    if not re.fullmatch(STAGE_NAME, settings.stage):
        wrong = f"{settings.stage!r} is not a stage name: 1 to 128 letters, digits, - or _"
        return None, [Problem("environment", "BERTH_STAGE", wrong)]
    if not os.path.lexists(path):
        known = ", ".join(sorted(file.stem for file in settings.manifests_dir.glob("*.json"))) or "none"
        return None, [
            Problem(shown(path), "", f"no manifest for the stage {settings.stage!r} (found: {known})")
        ]
    manifest, problems = load_document(path, read_stage_manifest, salvage_stage_manifest)
    if manifest is None:
        return None, problems
    environment = _resolve(manifest.environment, path, manifest.stage_variables, problems)
    secrets = Secrets(settings.secrets, shown(path), problems)
    stage = replace(
        build_stage(manifest, settings, environment),
        api_keys=read_api_keys(manifest.api_keys, secrets),
        authorizers=read_authorizers(manifest.authorizers, secrets),
        trust=read_trust(manifest.gateway, secrets),
    )
    return stage, problems


def build_stage(manifest: StageManifest, settings: Settings, environment: Mapping[str, str]) -> Stage:
    """The stage of a manifest; what it leaves open comes from the settings or is made up from its name."""
    is_named = manifest.stage not in {None, DEFAULT_STAGE}
    name = manifest.stage if manifest.stage and is_named else settings.stage
    made_up = hashlib.sha256(name.encode()).hexdigest()
    return Stage(
        name=name,
        api=find_kind(manifest.api, manifest.payload_format_version),
        api_id=manifest.api_id or made_up[:10],
        account_id=manifest.account_id or settings.account_id,
        region=manifest.region or settings.region,
        deployment_id=made_up[10:16],
        functions=manifest.functions,
        stage_variables=manifest.stage_variables,
        environment=environment,
        timeout=manifest.timeout,
        memory_size=manifest.memory_size,
        binary_media_types=frozenset(map(str.lower, manifest.binary_media_types)),
        stage_in_path=manifest.stage_in_path,
        trusted_proxy_hops=manifest.trusted_proxy_hops,
        is_named=is_named,
        payload_format_version=manifest.payload_format_version,
        multi_value_headers=manifest.multi_value_headers,
        cors=manifest.cors,
        authorizers_run_in=manifest.authorizers_run_in,
    )


def _find_folders(functions_dir: Path, problems: list[Problem]) -> tuple[list[Path], list[str]]:
    """Every folder with a manifest; those without one become warnings."""
    if not functions_dir.is_dir():
        problems.append(Problem(shown(functions_dir), "", "there is no such folder of functions"))
        return [], []
    visible = sorted(path for path in functions_dir.iterdir() if path.is_dir() and path.name[0] not in "._")
    folders = [path for path in visible if os.path.lexists(path / MANIFEST)]
    warnings = [f"{shown(path)}: has no {MANIFEST}, passed over" for path in visible if path not in folders]
    return folders, warnings


def _select(folders: list[Path], only: Collection[str], problems: list[Problem]) -> list[Path]:
    names = [folder.name for folder in folders]
    for name in sorted(set(only) - set(names)):
        problems.append(Problem("functions", name, f"no such function (found: {', '.join(names) or 'none'})"))
    return [folder for folder in folders if folder.name in only]


def _load_function(folder: Path, problems: list[Problem]) -> FunctionManifest | None:
    manifest, found = load_document(folder / MANIFEST, read_function_manifest, salvage_function_manifest)
    problems += found
    return manifest


def _served(
    manifests: dict[Path, FunctionManifest],
    stage: Stage,
    stage_file: Path,
    folders: list[Path],
    problems: list[Problem],
) -> dict[Path, FunctionManifest]:
    """The functions that the stage's `functions` names or patterns select."""
    for index, pattern in enumerate(stage.functions):
        if pattern != "*" and not any(fnmatchcase(folder.name, pattern) for folder in folders):
            problems.append(
                Problem(shown(stage_file), f"functions[{index}]", f"{pattern!r} matches no function")
            )
    return {
        folder: manifest
        for folder, manifest in manifests.items()
        if any(fnmatchcase(folder.name, pattern) for pattern in stage.functions)
    }


def build_function(
    folder: Path, manifest: FunctionManifest, stage: Stage, problems: list[Problem]
) -> Function:
    """The function of a manifest, its stage's defaults filled in."""
    media_types = manifest.binary_media_types
    own = _resolve(manifest.environment, folder / MANIFEST, stage.stage_variables, problems)
    return Function(
        name=folder.name,
        directory=folder,
        handler=manifest.handler,
        description=manifest.description,
        timeout=stage.timeout if manifest.timeout is None else manifest.timeout,
        memory_size=stage.memory_size if manifest.memory_size is None else manifest.memory_size,
        environment={**stage.environment, **own},
        api=kind_of(manifest, stage),
        multi_value_headers=stage.multi_value_headers
        if manifest.multi_value_headers is None
        else manifest.multi_value_headers,
        binary_media_types=stage.binary_media_types
        if media_types is None
        else frozenset(map(str.lower, media_types)),
        reserved_concurrency=manifest.reserved_concurrency,
        isolation=manifest.isolation,
        stage=stage,
        provisioned_concurrency=manifest.provisioned_concurrency,
        layers=tuple((folder / layer).resolve() for layer in manifest.layers),
        long_running=manifest.long_running,
    )


def _resolve(
    environment: Mapping[str, str], file: Path, stage_variables: Mapping[str, str], problems: list[Problem]
) -> dict[str, str]:
    """Environment variables with `${stageVariables.x}` replaced."""
    for name, value in environment.items():
        for unknown in sorted(set(_STAGE_VARIABLE.findall(value)) - set(stage_variables)):
            wrong = f"${{stageVariables.{unknown}}}: the stage has no such stage variable"
            problems.append(Problem(shown(file), f"environment.{name}", wrong))
    return {
        name: _STAGE_VARIABLE.sub(lambda match: stage_variables.get(match[1], ""), value)
        for name, value in environment.items()
    }


def _runtime_warning(folder: Path, manifest: FunctionManifest) -> str | None:
    running = f"python{sys.version_info.major}.{sys.version_info.minor}"
    if manifest.runtime in {None, running}:
        return None
    return f"{shown(folder / MANIFEST)}: runtime: written for {manifest.runtime}, runs on {running}"
