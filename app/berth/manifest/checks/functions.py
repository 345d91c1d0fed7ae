"""Checks of functions that need more than the manifest: the folder, the layers, the other functions."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from glob import escape, glob
from os.path import isdir, isfile
from pathlib import Path

from berth.errors import Place, Report
from berth.manifest.document import shown
from berth.model.function import PACKAGES_FOLDER, Function
from berth.model.manifest import FunctionManifest

MANIFEST = "manifest.json"
# https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html
FUNCTION_NAME = re.compile(r"[a-zA-Z0-9-_]{1,64}")
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
_MAX_ENVIRONMENT_BYTES = 4096


def manifest_place(folder: Path, report: Report) -> Place:
    """The place in a report for the problems of a function's manifest."""
    return report.at(shown(folder / MANIFEST))


def check_functions(manifests: Mapping[Path, FunctionManifest], report: Report) -> None:
    """Report what is wrong with the name and the handler of each function."""
    for folder, manifest in manifests.items():
        if not FUNCTION_NAME.fullmatch(folder.name):
            wrong = f"{folder.name!r} is not a Lambda function name: 1 to 64 letters, digits, - or _"
            report.add(shown(folder), "", wrong)
        layers = [folder / layer for layer in manifest.layers]
        missing = handler_problem(folder, manifest.handler, layers) if manifest.handler else None
        if missing:
            manifest_place(folder, report).add("handler", missing)


def handler_problem(folder: Path, handler: str, layers: Iterable[Path] = ()) -> str | None:
    """Say why no file holds this handler; None if one does."""
    module, dot, attribute = handler.rpartition(".")
    parts = module.replace("/", ".").split(".")
    if not dot or not attribute or "" in parts:
        return f"{handler!r} must be module.attribute, such as app.lambda_handler"
    if any(_holds_module(root.joinpath(*parts)) for root in _module_roots(folder, layers)):
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


def _module_roots(folder: Path, layers: Iterable[Path]) -> Iterator[Path]:
    yield from (folder, folder / PACKAGES_FOLDER)
    for layer in layers:
        yield from (layer, layer / "python", *layer.glob("python/lib/python3.*/site-packages"))


def _holds_module(stem: Path) -> bool:
    compiled = glob(f"{escape(str(stem))}.*.so")
    return isfile(f"{stem}.py") or isdir(stem) or bool(compiled)
