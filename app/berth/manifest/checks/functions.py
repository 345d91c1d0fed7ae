"""Checks of functions that need more than the manifest: the folder, the layers, the other functions."""

import importlib
import os
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from importlib.machinery import PathFinder
from os.path import isdir, isfile
from pathlib import Path

from berth.errors import Place, Report
from berth.manifest.document import shown
from berth.model.function import PACKAGES_FOLDER, Function
from berth.model.manifest import FunctionManifest, StageManifest

MANIFEST = "manifest.json"
# https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html
FUNCTION_NAME = re.compile(r"[a-zA-Z0-9-_]{1,64}")
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
_MAX_ENVIRONMENT_BYTES = 4096


def manifest_place(folder: Path, report: Report) -> Place:
    """The place in a report for the problems of a function's manifest."""
    return report.at(shown(folder / MANIFEST))


def check_functions(
    manifests: Mapping[Path, FunctionManifest], stage: StageManifest | None, report: Report
) -> None:
    """Report what is wrong with the name and the handler of each function."""
    for folder, manifest in manifests.items():
        if not FUNCTION_NAME.fullmatch(folder.name):
            wrong = f"{folder.name!r} is not a Lambda function name: 1 to 64 letters, digits, - or _"
            report.add(shown(folder), "", wrong)
        roots = _more_roots(folder, manifest, stage)
        missing = handler_problem(folder, manifest.handler, roots) if manifest.handler else None
        if missing:
            manifest_place(folder, report).add("handler", missing)


def handler_problem(folder: Path, handler: str, more_roots: Iterable[Path] = ()) -> str | None:
    """Say why no file holds this handler; None if one does."""
    module, dot, attribute = handler.rpartition(".")
    parts = module.replace("/", ".").split(".")
    if not dot or not attribute or "" in parts:
        return f"{handler!r} must be module.attribute, such as app.lambda_handler"
    if _can_import(parts, [str(root) for root in (folder, folder / PACKAGES_FOLDER, *more_roots)]):
        return None
    if len(parts) > 1 and isfile(folder.joinpath(*parts[:-2], f"{parts[-2]}.py")):
        meant = f"{'.'.join(parts[:-1])}.handler"
        return f"{handler!r} names a method: Lambda calls an attribute of a module, such as {meant}"
    expected = folder.joinpath(*parts[:-1], f"{parts[-1]}.py")
    return f"{handler!r} needs the file {shown(expected)}, which does not exist"


def check_resources(functions: Collection[Function], max_environments: int, report: Report) -> None:
    """Report layers that are no folders, and functions that want more than Lambda or this server gives."""
    for function in functions:
        place = manifest_place(function.directory, report)
        size = sum(len(name.encode()) + len(text.encode()) for name, text in function.environment.items())
        if size > _MAX_ENVIRONMENT_BYTES:
            place.add("environment", f"{size} bytes are more than Lambda's {_MAX_ENVIRONMENT_BYTES}")
        reserved, provisioned = function.reserved_concurrency, function.provisioned_concurrency
        if reserved is not None and provisioned > reserved:
            wrong = f"{provisioned} is more than the reservedConcurrency of {reserved}"
            place.add("provisionedConcurrency", wrong)
        for index, layer in enumerate(function.layers):
            if not layer.is_dir():
                place.add(f"layers[{index}]", f"there is no folder {shown(layer)}")
    total = sum(function.provisioned_concurrency for function in functions)
    if total > max_environments:
        wrong = f"{total} provisioned environments are more than BERTH_MAX_ENVIRONMENTS, {max_environments}"
        report.add("functions", "provisionedConcurrency", wrong)


def _more_roots(folder: Path, manifest: FunctionManifest, stage: StageManifest | None) -> Iterator[Path]:
    """The folders outside the function's own that may hold its handler: those of PYTHONPATH and of layers."""
    environment = {**(stage.environment if stage else {}), **manifest.environment}
    given = environment.get("PYTHONPATH", "")
    for name, value in stage.stage_variables.items() if stage else ():
        given = given.replace(f"${{stageVariables.{name}}}", value)
    yield from (folder / entry for entry in given.split(os.pathsep) if entry)
    for layer in (folder / layer for layer in manifest.layers):
        installed = layer / PACKAGES_FOLDER
        yield from (layer, layer / "python", *layer.glob("python/lib/python3.*/site-packages"), installed)


def _can_import(parts: Sequence[str], roots: Sequence[str]) -> bool:
    """Whether Python would find a module there, in whatever form; no code of the function runs for this."""
    importlib.invalidate_caches()
    path = [*roots, *(folder for root in roots for folder in named_by_path_files(Path(root)))]
    for part in parts:
        found = PathFinder.find_spec(part, path)
        if found is None:
            return False
        path = list(found.submodule_search_locations or ())
    return True


def named_by_path_files(folder: Path) -> Iterator[str]:
    """The folders that the `.pth` files of a folder add to the path."""
    for file in sorted(folder.glob("*.pth")):
        lines = file.read_text("utf-8", errors="replace").splitlines() if file.is_file() else []
        yield from (str(folder / line) for line in lines if line and isdir(folder / line))
