"""Cross checks: what no schema of one manifest can see."""

import importlib
import os
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from importlib.machinery import PathFinder
from os.path import isdir, isfile
from pathlib import Path

from berth.errors import Problem
from berth.manifest.document import shown
from berth.model.function import PACKAGES_FOLDER, Function
from berth.model.manifest import FunctionManifest
from berth.model.stage import Stage

MANIFEST = "manifest.json"
# https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html
FUNCTION_NAME = re.compile(r"[a-zA-Z0-9-_]{1,64}")
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
_MAX_ENVIRONMENT_BYTES = 4096


def check_functions(manifests: Mapping[Path, FunctionManifest], stage: Stage | None) -> Iterator[Problem]:
    """Report what is wrong with each function by itself: its name, its handler."""
    for folder, manifest in manifests.items():
        if not FUNCTION_NAME.fullmatch(folder.name):
            wrong = f"{folder.name!r} is not a Lambda function name: 1 to 64 letters, digits, - or _"
            yield Problem(shown(folder), "", wrong)
        roots = _more_roots(folder, manifest, stage)
        missing = handler_problem(folder, manifest.handler, roots) if manifest.handler else None
        if missing:
            yield Problem(shown(folder / MANIFEST), "handler", missing)


def handler_problem(folder: Path, handler: str, more_roots: Iterable[Path] = ()) -> str | None:
    """Why no file can hold this handler, or None if one does."""
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


def check_environments(functions: Iterable[Function]) -> Iterator[Problem]:
    """Report every environment that Lambda would refuse for its size."""
    for function in functions:
        size = sum(len(name.encode()) + len(text.encode()) for name, text in function.environment.items())
        if size > _MAX_ENVIRONMENT_BYTES:
            wrong = f"{size} bytes are more than Lambda's {_MAX_ENVIRONMENT_BYTES}"
            yield Problem(shown(function.directory / MANIFEST), "environment", wrong)


def check_capacity(functions: Collection[Function], max_environments: int) -> Iterator[Problem]:
    """Report what can never be kept warm, and layers that are not there."""
    for function in functions:
        file, provisioned = shown(function.directory / MANIFEST), function.provisioned_concurrency
        if function.reserved_concurrency is not None and provisioned > function.reserved_concurrency:
            wrong = f"{provisioned} is more than the reservedConcurrency of {function.reserved_concurrency}"
            yield Problem(file, "provisionedConcurrency", wrong)
        for index, layer in enumerate(function.layers):
            if not layer.is_dir():
                yield Problem(file, f"layers[{index}]", f"there is no folder {shown(layer)}")
    total = sum(function.provisioned_concurrency for function in functions)
    if total > max_environments:
        wrong = f"{total} provisioned environments are more than BERTH_MAX_ENVIRONMENTS, {max_environments}"
        yield Problem("functions", "provisionedConcurrency", wrong)


def _more_roots(folder: Path, manifest: FunctionManifest, stage: Stage | None) -> Iterator[Path]:
    """The folders outside the function's own that may hold its handler: those of PYTHONPATH and of layers."""
    environment = {**(stage.environment if stage else {}), **manifest.environment}
    given = environment.get("PYTHONPATH", "")
    for name, value in stage.stage_variables.items() if stage else ():
        given = given.replace(f"${{stageVariables.{name}}}", value)
    yield from (folder / entry for entry in given.split(os.pathsep) if entry)
    for layer in (folder / layer for layer in manifest.layers):
        yield from (layer, layer / "python", *layer.glob("python/lib/python3.*/site-packages"))


def _can_import(parts: Sequence[str], roots: Sequence[str]) -> bool:
    """Whether Python would find a module there, in whatever form; no code of the function runs for this."""
    importlib.invalidate_caches()
    path = [*roots, *(folder for root in roots for folder in _named_by_path_files(Path(root)))]
    for part in parts:
        found = PathFinder.find_spec(part, path)
        if found is None:
            return False
        path = list(found.submodule_search_locations or ())
    return True


def _named_by_path_files(folder: Path) -> Iterator[str]:
    for file in sorted(folder.glob("*.pth")):
        lines = file.read_text("utf-8", errors="replace").splitlines() if file.is_file() else []
        yield from (str(folder / line) for line in lines if line and isdir(folder / line))
