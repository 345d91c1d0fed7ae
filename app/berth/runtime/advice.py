"""What to do about a function that cannot be imported, in words that name the fix.

A caller's result keeps AWS's own words. This advice is for the log and for `berth function check`.
"""

import ast
import difflib
import logging
import re
from collections.abc import Iterator, Sequence
from importlib.machinery import PathFinder
from importlib.metadata import packages_distributions
from pathlib import Path

from berth.errors import InitFailed
from berth.host.command_line import typed_command
from berth.model.function import Function
from berth.runtime.imports import find_own_module, missing_imports
from berth.runtime.requirements import Requirements, distribution_name
from berth.runtime.search import server_packages

_NO_MODULE = re.compile(r"No module named '([^']+)'")
_NO_ATTRIBUTE = re.compile(r"Handler '(.+)' missing on module '(.+)'")
_MOST_NAMES = 3

log = logging.getLogger("berth")


def advise(function: Function, failed: InitFailed, packages: Sequence[str] = ()) -> list[str]:
    """What to do about a failed import, a line for each missing thing; empty if there is nothing to tell.

    The first line is about the error itself, the others about modules that are missing as well. `packages`
    are the folders of what is installed for all functions; without them those beside the server count.
    """
    packages = packages or server_packages()
    if failed.error_type == "Runtime.HandlerNotFound" and (found := _NO_ATTRIBUTE.search(failed.message)):
        return list(_nearest(function, found[1], found[2].replace("/", ".")))
    if failed.error_type in {"Runtime.ImportModuleError", "ModuleNotFoundError"} and (
        found := _NO_MODULE.search(failed.message)
    ):
        return _add_modules(function, found[1], packages)
    return []


def describe(function: Function, failed: InitFailed) -> str:
    """One line about a failed import: what to do if that is known, or else the error itself."""
    return "; ".join(advise(function, failed)) or str(failed)


def log_advice(function: Function, failed: InitFailed) -> None:
    """Log what to do about a failed import, if anything is known."""
    if advice := advise(function, failed):
        log.warning("%s: %s", function.name, "; ".join(advice))


def _add_modules(function: Function, module: str, packages: Sequence[str]) -> list[str]:
    missing = {each.module: each for each in missing_imports(function, packages) if not each.is_late}
    first = missing.pop(module, None)
    lines = [add_module(function, module, first.file if first else None, packages)]
    return lines + [add_module(function, each.module, each.file, packages) for each in missing.values()]


def add_module(function: Function, module: str, file: Path | None, packages: Sequence[str]) -> str:
    """How to add a module that is missing; `file` imports it, if that is known."""
    layer = next((each for each in function.layers if file and file.is_relative_to(each)), None)
    requirements = Requirements.of(layer) if layer else Requirements.of(function.directory, function.code)
    name = requirements.file.name if layer is None else f"{requirements.file.name} of the layer {layer.name}"
    command = typed_command(f"function install {function.name}")
    if requirements.exist() and not requirements.are_installed():
        return f"No module named {module!r}: {name} is not installed; run `{command}`"
    return f"No module named {module!r}: not in {name}; add {_what(module, packages)}, then `{command}`"


def is_hidden(module: str, packages: Sequence[str]) -> bool:
    """Whether a module is installed beside the server, but not in these folders."""
    searched = (packages, server_packages())
    return [PathFinder.find_spec(module, folders) is not None for folders in searched] == [False, True]


def _what(module: str, packages: Sequence[str]) -> str:
    """What to add: the distribution, if it is installed beside the server and hidden from the function."""
    if not is_hidden(module, packages):
        return "it"
    names = sorted(set(map(distribution_name, packages_distributions().get(module, ()))))
    return f"{' or '.join(names) or 'it'} (installed here, but not in the image)"


def _nearest(function: Function, attribute: str, module: str) -> Iterator[str]:
    file = find_own_module(function, module)
    names = _names_in(file) if file else []
    near = difflib.get_close_matches(attribute, names, _MOST_NAMES, 0.5) or names[:_MOST_NAMES]
    if file and near:
        shown = " or ".join(f"{module}.{name}" for name in near)
        yield f"{file.name} has no {attribute!r}: did you mean {shown}?"


def _names_in(file: Path) -> list[str]:
    """What a module defines at its top: functions first, because a handler is one."""
    try:
        body = ast.parse(file.read_bytes()).body
    except (OSError, SyntaxError, ValueError, RecursionError):
        return []
    functions = [node.name for node in body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    others = [name for node in body for name in _bound(node)]
    return list(dict.fromkeys((*functions, *others)))


def _bound(node: ast.stmt) -> list[str]:
    """The names that a statement binds, if it assigns or imports."""
    if isinstance(node, ast.Assign):
        return [target.id for target in node.targets if isinstance(target, ast.Name)]
    if isinstance(node, ast.ImportFrom):
        return [alias.asname or alias.name for alias in node.names]
    return []
