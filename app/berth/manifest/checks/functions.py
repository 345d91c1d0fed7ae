"""Checks of functions that need more than the manifest: the folder, the layers, the other functions."""

import difflib
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
from berth.model.manifest import FunctionManifest
from berth.settings import Settings

MANIFEST = "manifest.json"
# https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html
FUNCTION_NAME = re.compile(r"[a-zA-Z0-9-_]{1,64}")
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
_MAX_ENVIRONMENT_BYTES = 4096


def manifest_place(folder: Path, report: Report) -> Place:
    """The place in a report for the problems of a function's manifest."""
    return report.at(shown(folder / MANIFEST))


def code_folder(folder: Path, code: Path) -> Path:
    """The folder of a function's code; `code` is its manifest's, relative to the function's folder."""
    return folder if code == Path() else real_path(folder / code)


def real_path(path: Path) -> Path:
    """A path without symbolic links and `..`; a link to itself stays, so that it is reported as no folder."""
    return Path(os.path.realpath(path))


def check_functions(manifests: Mapping[Path, FunctionManifest], report: Report) -> None:
    """Report what is wrong with the name, the code and the handler of each function."""
    importlib.invalidate_caches()  # files may have come since another check
    for folder, manifest in manifests.items():
        if not FUNCTION_NAME.fullmatch(folder.name):
            wrong = f"{folder.name!r} is not a Lambda function name: 1 to 64 letters, digits, - or _"
            report.add(shown(folder), "", wrong)
        place, code = manifest_place(folder, report), code_folder(folder, manifest.code)
        wrong_code = _code_problem(folder, code, manifest.code)
        if wrong_code:
            place.add("code", wrong_code)
        elif manifest.handler:
            roots = (folder / PACKAGES_FOLDER, *_more_roots(folder, code, manifest))
            missing = handler_problem(code, manifest.handler, roots)
            if missing:
                place.add("handler", missing)


def _code_problem(folder: Path, code: Path, written: Path) -> str | None:
    """Say why a folder cannot be the code of the function in `folder`; None if it can."""
    if not isdir(code):
        return f"there is no folder {shown(code)}"
    if code != folder and any(each.is_relative_to(code) for each in (folder, real_path(folder))):
        # The function could read every other function and the manifests.
        return f"'{written}' is around the function's own folder: name a folder beside it or inside it"
    return None


def check_inline(names: Collection[str], known: Collection[str], report: Report) -> None:
    """Report functions that are to run inline, as the settings say, and that the stage does not have."""
    for name in sorted(set(names) - set(known)):
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"found: {', '.join(sorted(known)) or 'none'}"
        report.add("environment", "BERTH_INLINE (--inline)", f"the stage has no function {name!r}: {hint}")


def handler_problem(folder: Path, handler: str, more_roots: Iterable[Path] = ()) -> str | None:
    """Say why no file in a folder of code, or in other roots, holds this handler; None if one does."""
    module, dot, attribute = handler.rpartition(".")
    parts = module.replace("/", ".").split(".")
    if not dot or not attribute or "" in parts:
        return f"{handler!r} must be module.attribute, such as app.lambda_handler"
    if _can_import(parts, [str(root) for root in (folder, *more_roots)]):
        return None
    if len(parts) > 1 and isfile(folder.joinpath(*parts[:-2], f"{parts[-2]}.py")):
        meant = f"{'.'.join(parts[:-1])}.handler"
        return f"{handler!r} names a method: Lambda calls an attribute of a module, such as {meant}"
    expected = folder.joinpath(*parts[:-1], f"{parts[-1]}.py")
    return f"{handler!r} needs the file {shown(expected)}, which does not exist"


def check_layers(layers: Iterable[Path], place: Place) -> None:
    """Report the layers in one manifest that are no folders."""
    for index, layer in enumerate(layers):
        if not isdir(layer):
            place.add(f"layers[{index}]", f"there is no folder {shown(layer)}")


def check_resources(functions: Collection[Function], settings: Settings, report: Report) -> None:
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
        check_layers(function.layers[len(function.stage.layers) :], place)
    total = sum(function.provisioned_concurrency for function in functions)
    most, processes = settings.max_environments, settings.processes
    if total > most:
        wrong = f"{total} provisioned environments are more than BERTH_MAX_ENVIRONMENTS, {most}"
        wrong += f" for each of {processes} server processes (WEB_CONCURRENCY)" if processes > 1 else ""
        report.add("functions", "provisionedConcurrency", wrong)


def _more_roots(folder: Path, code: Path, manifest: FunctionManifest) -> Iterator[Path]:
    """The folders outside the function's own that may hold its handler: those of PYTHONPATH and of layers."""
    given = manifest.environment.get("PYTHONPATH", "")
    yield from (code / entry for entry in given.split(os.pathsep) if entry)
    for layer in filter(isdir, (folder / layer for layer in manifest.layers)):
        installed = layer / PACKAGES_FOLDER
        yield from (layer, layer / "python", *layer.glob("python/lib/python3.*/site-packages"), installed)


def _can_import(parts: Sequence[str], roots: Sequence[str]) -> bool:
    """Whether Python would find a module there, in whatever form; no code of the function runs for this."""
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
