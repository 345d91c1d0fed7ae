"""The modules that a handler leads to by imports, found as Python would find them, without running any."""

import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path

from berth.manifest.checks.functions import named_by_path_files
from berth.tools.migrate.doctor.known import known
from berth.tools.migrate.doctor.source import Imported, Source, UnreadableSource, line_of, read_source
from berth.tools.migrate.doctor.subject import Missing, Subject, search_roots
from berth.tools.migrate.doctor.texts import read_text

# Agents put their own handler in front and name the function's in a variable.
_INNER_HANDLER = re.compile(r"[A-Z_]*LAMBDA_HANDLER")
_VERSION = re.compile(r"^(__version__\s*[:=]|from\s+\S*version\S*\s+import\b)", re.MULTILINE)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


class Library:
    """The files that were read so far: functions that share code share them."""

    def __init__(self) -> None:
        self._read: dict[tuple[Path, str], Source | UnreadableSource] = {}
        self._published: dict[Path, bool] = {}
        self._installed: dict[Path, frozenset[str]] = {}

    def source(self, path: Path, package: str) -> Source | UnreadableSource:
        """Read a file, or say why it cannot be read."""
        key = (path, package)
        if key not in self._read:
            try:
                self._read[key] = read_source(path, package)
            except UnreadableSource as bad:
                self._read[key] = bad
        return self._read[key]

    def is_published(self, path: Path) -> bool:
        """Whether a package or module says which version it is, as those do that others publish."""
        if path not in self._published:
            self._published[path] = _has_version(path)
        return self._published[path]

    def installed(self, folder: Path) -> frozenset[str]:
        """The top-level names in a folder that packages were installed under, as their metadata tells."""
        if folder not in self._installed:
            self._installed[folder] = frozenset(_installed_names(folder))
        return self._installed[folder]


class ModuleGraph:
    """Follows the imports of one function, from its handler on."""

    def __init__(self, subject: Subject, library: Library) -> None:
        self._library = library
        own, packages = search_roots(subject.function)
        self._own = own
        folders = [*own, *packages]
        self._path = [str(folder) for folder in folders if folder.is_dir()]
        self._path += [path for folder in folders for path in named_by_path_files(folder)]
        self._path += subject.target.packages
        self._foreign = {
            _plain(name)
            for folder in dict.fromkeys((*own, subject.code))
            for name in (*library.installed(folder), *requirement_names(folder))
        }
        # The top of the handler's module, which is the function's own unless an agent is in front.
        is_agent = any(map(_INNER_HANDLER.fullmatch, subject.variables))
        self._first = "" if is_agent else re.split("[./]", subject.function.handler)[0]
        self._preinstalled = known("aws-modules") if "aws" in subject.target.extras else frozenset()
        self._sources: dict[Path, Source] = {}
        self._missing: dict[str, Missing] = {}
        self._unreadable: dict[Path, tuple[Path, int, str]] = {}

    def follow(self, subject: Subject) -> Subject:
        """The subject with its sources, and with the imports that find nothing."""
        handlers = [text for name, text in subject.variables.items() if _INNER_HANDLER.fullmatch(name)]
        first = None
        for handler in (subject.function.handler, *handlers):
            before = len(self._sources)
            self._find(handler.rpartition(".")[0].replace("/", "."))
            added = list(self._sources.values())[before:]
            first = added[-1] if added else first
            self._follow_all(added)
        return replace(
            subject,
            sources=tuple(self._sources.values()),
            missing=tuple(self._missing.values()),
            unreadable=tuple(self._unreadable.values()),
            handler_source=first,
        )

    def _follow_all(self, waiting: list[Source]) -> None:
        while waiting:
            source = waiting.pop(0)
            before = len(self._sources)
            for each in source.imports:
                self._follow_import(source, each)
            for call in source.calls_of("importlib.import_module", "__import__"):
                self._find(source.text(call.args[0] if call.args else None) or "")
            waiting += list(self._sources.values())[before:]

    def _follow_import(self, source: Source, imported: Imported) -> None:
        module = self._find(imported.module, imported.names)
        if module is None or imported.is_optional:
            return
        known = self._missing.get(module)
        if known is None or (known.is_late and not imported.is_late):
            self._missing[module] = Missing(module, source.path, line_of(imported.node), imported.is_late)

    def _find(self, name: str, names: tuple[str, ...] = ()) -> str | None:
        """Find a module and what is imported from it; returns the name that is missing, or None."""
        parts = name.split(".")
        is_python = parts[0] in sys.stdlib_module_names and _find_spec(parts[0], self._path) is None
        if is_python or not all(parts):
            return None
        path, is_open = self._path, True
        for count, part in enumerate(parts, 1):
            spec = _find_spec(part, path)
            if spec is None:  # a module that runs may make its submodules itself, a mere folder cannot
                is_known = not is_open or parts[0] in self._preinstalled
                return None if is_known else ".".join(parts[:count])
            path, is_open = list(spec.submodule_search_locations or ()), spec.origin is None
            self._keep(spec, ".".join(parts[:count]))
        for each in names if path else ():
            spec = _find_spec(each, path)
            if spec is not None:
                self._keep(spec, f"{name}.{each}")
            elif is_open and each != "*":
                return f"{name}.{each}"
        return None

    def _keep(self, spec: ModuleSpec, name: str) -> None:
        """Keep a file of the function's own to be read."""
        file = Path(spec.origin or "")
        if file.suffix != ".py" or file in self._sources or not self._is_own(file):
            return
        package = name if spec.submodule_search_locations else name.rpartition(".")[0]
        source = self._library.source(file, package)
        if isinstance(source, UnreadableSource):
            self._unreadable[file] = (file, source.line, source.reason)
        else:
            self._sources[file] = source

    def _is_own(self, file: Path) -> bool:
        """Whether a file was written for the function, and is no part of a package of others."""
        root = next((folder for folder in self._own if file.is_relative_to(folder)), None)
        if root is None:
            return False
        parts = file.relative_to(root).parts
        top = parts[0].removesuffix(".py")
        if top == self._first:
            return True
        is_foreign = _plain(top) in self._foreign or self._library.is_published(root / parts[0])
        return not is_foreign and not _VENDORED.intersection(parts)


_VENDORED = frozenset(
    {"site-packages", "dist-packages", ".packages", "vendor", "vendored", "_vendor", "node_modules"}
)


def requirement_names(folder: Path) -> Iterator[str]:
    """The distributions that a folder's requirements.txt names."""
    lines = read_text(folder / "requirements.txt").splitlines()
    found = (_NAME.match(line.strip()) for line in lines)
    return (each[0] for each in found if each)


def _installed_names(folder: Path) -> Iterator[str]:
    """The top-level names of the packages whose metadata is in a folder."""
    for metadata in sorted((*folder.glob("*.dist-info"), *folder.glob("*.egg-info"))):
        yield metadata.name.partition("-")[0]
        record = read_text(metadata / "RECORD").splitlines()
        yield from {line.split("/")[0].split(",")[0].removesuffix(".py") for line in record}
        yield from read_text(metadata / "top_level.txt").split()


def _has_version(path: Path) -> bool:
    return _VERSION.search(read_text(path / "__init__.py" if path.is_dir() else path)) is not None


def _plain(name: str) -> str:
    """A name as package indexes compare them, so that `PyJWT-x` and modules with `_` are found."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _find_spec(name: str, path: list[str]) -> ModuleSpec | None:
    try:
        return PathFinder.find_spec(name, path)
    except (ImportError, ValueError, OSError):
        return None
