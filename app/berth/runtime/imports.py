"""Which modules a function imports and would not find, read from its sources without running them."""

import ast
import importlib
import re
import sys
from collections.abc import Iterator, Sequence
from importlib.machinery import ModuleSpec, PathFinder
from importlib.metadata import distributions
from pathlib import Path

from berth.manifest.checks.functions import named_by_path_files
from berth.model.function import PACKAGES_FOLDER, Function
from berth.model.value_class import value_class
from berth.runtime.search import given_path, site_folders

_STANDARD = sys.stdlib_module_names
# A handler of one of these says that the code can do without the module.
_CAUGHT = frozenset({"ImportError", "ModuleNotFoundError", "Exception", "BaseException"})


@value_class
class MissingImport:
    """An import of a module that is not there."""

    module: str
    file: Path
    line: int
    is_late: bool  # it runs when a function of the file is called, not when the file is imported


def missing_imports(function: Function, packages: Sequence[str]) -> list[MissingImport]:
    """The imports that would fail, each module once, in every file that the handler's module leads to.

    `packages` are the folders of what is installed for all functions. An import inside `try` with a handler
    for its failure, or under `if TYPE_CHECKING`, is not one of them.
    """
    importlib.invalidate_caches()
    search = _Search(function, packages)
    search.follow(function.handler.rpartition(".")[0].replace("/", "."))
    missing: dict[str, MissingImport] = {}
    while search.files:
        file, package = search.files.pop(0)
        for name, names, line, is_late in _imports(file, package):
            module = search.follow(name, names)
            if module and (module not in missing or missing[module].is_late > is_late):
                missing[module] = MissingImport(module, file, line, is_late)
    return sorted(missing.values(), key=lambda each: (each.is_late, each.file, each.line))


def find_own_module(function: Function, module: str) -> Path | None:
    """The source file of a module of the function's own; None if there is none."""
    search = _Search(function, ())
    search.follow(module)
    return search.last


class _Search:
    """Finds modules where the function's process would, and keeps the function's own files to be read."""

    def __init__(self, function: Function, packages: Sequence[str]) -> None:
        environ = function.environment
        folders = [*site_folders(function, environ), *given_path(function, environ)]
        self._path = [*folders, *(path for each in folders for path in named_by_path_files(Path(each)))]
        self._path += packages
        given = map(Path, given_path(function, environ))
        self._own = [function.code, function.directory, *function.layers, *given]
        self._foreign = {path for folder in folders for path in _installed(folder)}
        self._known: set[Path] = set()
        self.files: list[tuple[Path, str]] = []  # files that were not read yet, and their packages' names
        self.last: Path | None = None  # the last file of the function's own that was found

    def follow(self, name: str, names: Sequence[str] = ()) -> str | None:
        """Find `import name` or `from name import names`; returns the name that is missing, or None."""
        parts, path, is_open = name.split("."), self._path, True
        if parts[0] in _STANDARD:
            return None
        for count, part in enumerate(parts, 1):
            spec = PathFinder.find_spec(part, path)
            if spec is None:  # a module that runs may make its submodules itself, a mere folder cannot
                return ".".join(parts[:count]) if is_open else None
            path, is_open = list(spec.submodule_search_locations or ()), spec.origin is None
            self._keep(spec, ".".join(parts[:count]))
        for each in names if path else ():
            spec = PathFinder.find_spec(each, path)
            if spec is not None:
                self._keep(spec, f"{name}.{each}")
            elif is_open and each != "*":
                return f"{name}.{each}"
        return None

    def _keep(self, spec: ModuleSpec, name: str) -> None:
        file = Path(spec.origin or "")
        if file.suffix == ".py" and self._is_own(file):
            self.last = file
            if file not in self._known:
                self._known.add(file)
                package = name if spec.submodule_search_locations else name.rpartition(".")[0]
                self.files.append((file, package))

    def _is_own(self, file: Path) -> bool:
        return any(map(file.is_relative_to, self._own)) and self._foreign.isdisjoint((file, *file.parents))


def _installed(folder: str) -> Iterator[Path]:
    """What of a folder was installed there, as for a zip archive, and is nobody's own code here."""
    if Path(folder).name == PACKAGES_FOLDER:
        yield Path(folder)
    for each in distributions(path=[folder]):
        yield from (Path(folder, file.parts[0]) for file in each.files or ())


def _imports(file: Path, package: str) -> Iterator[tuple[str, tuple[str, ...], int, bool]]:
    """The imports of a file: name, names after `import`, line, and whether a call of a function runs them."""
    try:
        tree = ast.parse(file.read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError):
        return
    waiting: list[tuple[ast.AST, bool]] = [(tree, False)]
    while waiting:
        node, is_late = waiting.pop()
        if isinstance(node, ast.Import):
            yield from ((alias.name, (), node.lineno, is_late) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            name = _absolute(node, package)
            yield name, tuple(alias.name for alias in node.names), node.lineno, is_late
        else:
            is_late = is_late or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            waiting += [(child, is_late) for child in _certain(node)]


def _absolute(node: ast.ImportFrom, package: str) -> str:
    """The name after `from`, without leading dots."""
    if not node.level:
        return node.module or ""
    parts = package.split(".")
    return ".".join(filter(None, (*parts[: len(parts) - node.level + 1], node.module)))


def _certain(node: ast.AST) -> list[ast.AST]:
    """The parts of a node, without those whose imports may fail or do not run."""
    skipped: list[ast.stmt] = []
    if isinstance(node, ast.Try | ast.TryStar) and any(map(_catches, node.handlers)):
        skipped = node.body
    elif isinstance(node, ast.If) and re.search("TYPE_CHECKING|__name__", ast.unparse(node.test)):
        skipped = node.body  # Lambda imports the module: its name is never __main__
    return [child for child in ast.iter_child_nodes(node) if child not in skipped]


def _catches(handler: ast.ExceptHandler) -> bool:
    if handler.type is None:
        return True
    return any(isinstance(each, ast.Name) and each.id in _CAUGHT for each in ast.walk(handler.type))
