"""Loading what a server serves: the stage's manifest, and the manifest of each of its functions."""

import os
import re
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import field, replace
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path
from typing import Any

from berth.errors import ManifestError, Place, Problem, Report
from berth.host.command_line import typed_command
from berth.host.garbage import no_collection
from berth.manifest.building import build_function, build_routes, build_stage
from berth.manifest.checks.authorizers import check_authorizers, used_authorizers
from berth.manifest.checks.functions import (
    MANIFEST,
    check_functions,
    check_inline,
    check_layers,
    check_resources,
    manifest_place,
)
from berth.manifest.checks.invoke_api import check_invoke_api, invoke_api_warnings
from berth.manifest.checks.routes import Manifests, check_cors, check_defaults, check_routes
from berth.manifest.checks.shadow import shadow_warnings
from berth.manifest.document import load_model, load_object, shown
from berth.manifest.placeholders import Deployed, report_misplaced
from berth.manifest.schema.deployed import read_deployed
from berth.manifest.schema.keys import FUNCTION_DEFAULTS, STAGE_NAME
from berth.manifest.schema.manifest import (
    read_function_manifest,
    read_stage_manifest,
    salvage_function_manifest,
    salvage_stage_manifest,
)
from berth.manifest.secrets import Secrets, with_secrets
from berth.manifest.sources import Sources, model_files
from berth.model.authorizer import Authorizer
from berth.model.function import Function
from berth.model.invoke_api import FOR_DEVELOPMENT, Listener
from berth.model.manifest import StageManifest
from berth.model.route import Route
from berth.model.stage import Stage
from berth.model.value_class import value_class
from berth.settings import Settings


@value_class
class Catalog:
    """Everything that a server serves, checked, and where it was read; `warnings` are for its log."""

    stage: Stage
    functions: Mapping[str, Function]
    routes: tuple[Route, ...]
    warnings: tuple[str, ...]
    sources: Sources
    manifest: StageManifest | None = None  # of the stage, with the places of its secrets
    manifests: Manifests = field(default_factory=dict)  # of the functions, by their folders


@no_collection()
def load(
    settings: Settings, only: Collection[str] = (), *, needs_secrets: bool = True, needs_values: bool = False
) -> Catalog:
    """Load the stage and its functions, or just the functions named in `only`.

    Raises ManifestError with every problem of every manifest. Unless `needs_secrets`, a secret that is not
    there is a warning, as in checks, which run where nobody keeps secrets; with `needs_values` not one that
    `${deployed...}` stands for. Settings without `secrets` leave every secret unread.
    """
    report = Report()
    catalog, deployed = _gather(settings, only, report)
    absent = deployed.secrets.absent.problems
    needed = [each for each in absent if needs_secrets or (needs_values and each.key.startswith("deployed."))]
    report.problems += [*deployed.open_names(), *needed]
    report.raise_if_any()
    debugging = _debugging_warnings(settings, catalog.functions)
    return replace(catalog, warnings=(*map(str, absent), *catalog.warnings, *debugging))


def open_names_elsewhere(settings: Settings) -> Iterator[Problem]:
    """A problem for each name without a value in the stages that the settings do not choose."""
    for file in sorted(settings.manifests_dir.glob("*.json")):
        if file.stem != settings.stage:
            with suppress(ManifestError):  # raised if the stage's manifest holds no JSON object
                _, deployed = _gather(replace(settings, stage=file.stem), (), Report())
                yield from deployed.open_names()


def salvage(settings: Settings, only: Collection[str] = ()) -> tuple[Catalog, list[Problem]]:
    """Load what can be loaded of a project that may not be ready to start, and list its problems.

    Missing secrets are no problems. If the stage's manifest holds no JSON object, it counts as an empty one.
    """
    report = Report()
    place = report.at(shown(_stage_file(settings)))
    empty = read_stage_manifest({}), Deployed({}, Secrets(settings.secrets, place, absent=Report()))
    catalog, deployed = _gather(settings, only, report, stand_in=empty)
    return catalog, [*report.problems, *deployed.open_names()]


def _gather(
    settings: Settings,
    only: Collection[str],
    report: Report,
    stand_in: tuple[StageManifest, Deployed] | None = None,
) -> tuple[Catalog, Deployed]:
    """Load what there is, and report what is wrong with it, but for missing values and secrets.

    Raises ManifestError if the stage's manifest holds no JSON object and nothing stands in for it.
    """
    place = report.at(shown(_stage_file(settings)))
    found, passed_over = _find_folders(settings.functions_dir, report)
    folders = _select(found, only, report) if only else found
    loaded = _load_stage_manifest(settings, place) or stand_in
    if loaded is None:
        check_functions(_load_functions(folders, FUNCTION_DEFAULTS, report), report)
        raise ManifestError(report.problems)
    stage_manifest, deployed = loaded
    defaults = stage_manifest.function_defaults
    stage = _complete_stage(stage_manifest, settings, deployed, place)
    manifests = _load_functions(folders, defaults, report)
    if not only:
        manifests = _served(manifests, stage_manifest.functions, folders, place)
        deployed.read_all()
    manifests = _complete_functions(manifests, stage, deployed, report)
    check_functions(manifests, report)
    served = found if only else _matching(found, stage_manifest.functions)
    check_inline(settings.inline, [folder.name for folder in served], report)
    authorizers = used_authorizers(manifests.values(), stage) if only else stage.authorizers
    asked = _load_functions(_folders_of(authorizers, found, manifests), defaults, report) if only else {}
    asked = _complete_functions(asked, stage, deployed, report)
    check_authorizers(authorizers, {folder.name for folder in (*manifests, *asked)}, place)
    check_routes(manifests, stage, report)
    check_cors(manifests, stage, place)
    check_invoke_api(manifests, stage, settings, place)
    every = _run_inline({**manifests, **asked}, settings.inline)
    functions = {folder.name: build_function(folder, each, stage) for folder, each in every.items()}
    check_resources(functions.values(), settings, report)
    routes = tuple(build_routes(manifests, functions, deployed.secrets, report))
    sources = Sources(_stage_file(settings), settings.functions_dir, model_files(manifests))
    told = (*_runtime_warnings(manifests), *invoke_api_warnings(stage, settings), *shadow_warnings(stage))
    unused = () if only else deployed.unused()
    warnings = (*passed_over, *unused, *told)
    return Catalog(stage, functions, routes, warnings, sources, stage_manifest, every), deployed


def _stage_file(settings: Settings) -> Path:
    return settings.manifests_dir / f"{settings.stage}.json"


def _load_stage_manifest(settings: Settings, place: Place) -> tuple[StageManifest, Deployed] | None:
    """Load the stage's manifest, with deployed values in place of its placeholders."""
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
    document = load_object(path, place)
    if document is None:
        return None
    report_misplaced(document, place)
    secrets = Secrets(settings.secrets, place, absent=Report())
    deployed = Deployed(read_deployed(document), secrets)
    expanded = deployed.expand_document(document, place)
    return load_model(expanded, place, read_stage_manifest, salvage_stage_manifest), deployed


def _complete_stage(manifest: StageManifest, settings: Settings, deployed: Deployed, place: Place) -> Stage:
    """Build a stage with its secrets, and check what it has for all functions."""
    environment = deployed.expand_environment(manifest.environment, manifest.stage_variables, place)
    stage = with_secrets(build_stage(manifest, settings, environment), manifest, deployed.secrets)
    if manifest.invoke_api is None and settings.is_development:
        stage = replace(stage, invoke_api=FOR_DEVELOPMENT)
    check_defaults(stage, place)
    check_layers(stage.layers, place)
    return stage


def read_invoke_listener(settings: Settings) -> Listener | None:
    """The listener that the stage's manifest wants for the Invoke API alone; a wrong manifest wants none."""
    loaded = _load_stage_manifest(settings, Report().at(""))
    return loaded[0].invoke_api.bind if loaded and loaded[0].invoke_api else None


def _report_missing(folder: Path, contents: str, variable: str, report: Report) -> None:
    """Report a folder that is not there by its whole path, since the working folder may be the mistake."""
    make = typed_command("new NAME")
    what_to_do = f"run this in your project's folder, or set {variable}; `{make}` makes a project"
    report.add(str(folder), "", f"there is no such folder of {contents}: {what_to_do}")


def _find_folders(functions_dir: Path, report: Report) -> tuple[list[Path], list[str]]:
    """Find every folder with a manifest; each folder without one gives a warning."""
    if not functions_dir.is_dir():
        _report_missing(functions_dir, "functions", "BERTH_FUNCTIONS_DIR", report)
        return [], []
    visible = sorted(path for path in functions_dir.iterdir() if path.is_dir() and path.name[0] not in "._")
    folders = [path for path in visible if os.path.lexists(path / MANIFEST)]
    others = sorted({*visible}.difference(folders))
    return folders, [f"{shown(path)}: has no {MANIFEST}, passed over" for path in others]


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
    loaded = {}
    for folder in folders:
        place = manifest_place(folder, report)
        document = load_object(folder / MANIFEST, place)
        if document is not None:
            report_misplaced(document, place)
            loaded[folder] = load_model(document, place, read, salvage)
    return loaded


def _served(
    manifests: Manifests, patterns: Sequence[str], folders: Collection[Path], place: Place
) -> Manifests:
    """The functions that a stage's `functions` selects by names or patterns."""
    for index, pattern in enumerate(patterns):
        if pattern != "*" and not any(fnmatchcase(folder.name, pattern) for folder in folders):
            place.add(f"functions[{index}]", f"{pattern!r} matches no function")
    return {folder: manifests[folder] for folder in _matching(manifests, patterns)}


def _matching(folders: Iterable[Path], patterns: Sequence[str]) -> list[Path]:
    return [folder for folder in folders if any(fnmatchcase(folder.name, each) for each in patterns)]


def _folders_of(
    authorizers: Mapping[str, Authorizer], folders: Iterable[Path], loaded: Collection[Path]
) -> list[Path]:
    """The folders of the authorizers' functions that are not loaded yet."""
    names = {each.function for each in authorizers.values()}
    return [folder for folder in folders if folder.name in names and folder not in loaded]


def _complete_functions(manifests: Manifests, stage: Stage, deployed: Deployed, report: Report) -> Manifests:
    """Lay the manifests of functions over what their stage has for all functions and routes."""
    completed = {}
    for folder, manifest in manifests.items():
        place = manifest_place(folder, report)
        own = deployed.expand_environment(manifest.environment, stage.stage_variables, place)
        deployed.note(manifest.iam)
        completed[folder] = replace(
            manifest,
            environment={**stage.environment, **own},
            async_config=deployed.expand_destinations(manifest.async_config, place),
            # As in SAM's Globals: the entries of a list that is everybody's go before a function's own.
            # https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification-template-anatomy-globals.html
            layers=(*stage.layers, *manifest.layers),
            routes=tuple(route.completed(stage) for route in manifest.routes),
        )
    return completed


def _run_inline(manifests: Manifests, names: Collection[str]) -> Manifests:
    """The manifests, of which those of the functions in `names` say that the function runs inline."""
    return {
        folder: replace(manifest, isolation="inline") if folder.name in names else manifest
        for folder, manifest in manifests.items()
    }


def _debugging_warnings(settings: Settings, functions: Collection[str]) -> Iterator[str]:
    """A warning for each setting that is for debugging."""
    for name in sorted(set(settings.inline).intersection(functions)):
        yield f"{name}: runs inline, without timeout and memorySize; breakpoint() stops at this terminal"
    if settings.no_timeout:
        yield "no function ends at its timeout (BERTH_NO_TIMEOUT, --no-timeout)"


def _runtime_warnings(manifests: Manifests) -> Iterator[str]:
    """A warning for each function that was written for another Python than the one that runs here."""
    running = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for folder, manifest in manifests.items():
        if manifest.runtime not in {None, running}:
            file = shown(folder / MANIFEST)
            yield f"{file}: runtime: written for {manifest.runtime}, runs on {running}"
