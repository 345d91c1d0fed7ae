"""The modules and globals of an inline function, which replace the server's own during each call."""

import importlib
import logging
import os
import sys
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from types import ModuleType

from berth.model.function import Function
from berth.runtime.process.start import (
    customize,
    enter_path,
    import_runtime,
    make_main_module,
)
from berth.runtime.search import child_search_path, given_path, site_folders

# The copy of AWS's runtime that each function has.
_RUNTIME_NAMES = frozenset({"__main__", "awslambdaric", "runtime_client"})


class ModuleScope:
    """The modules, environment variables and working directory of one function.

    The function has a copy of AWS's runtime for itself: libraries replace functions in it, and its format
    of log records depends on the function's environment variables.
    """

    def __init__(self, function: Function, environ: Mapping[str, str]) -> None:
        self._folders = site_folders(function, environ)
        self._given = given_path(function, environ)
        self._modules: dict[str, ModuleType] = {}
        self._main_module: ModuleType | None = None
        self._environ = {**environ, "PYTHONPATH": child_search_path(function, environ)}
        self._cwd = str(function.code)
        self._path: list[str] = []

    def module(self, name: str) -> ModuleType:
        """Find a module as the function sees it, after the function was imported; raises KeyError if none."""
        return self._modules.get(name) or sys.modules[name]

    @contextmanager
    def entered(self) -> Iterator[ModuleType]:
        """Put the function's globals in place; afterwards save them and restore the server's.

        Yields the function's `awslambdaric.bootstrap`.
        """
        with _restored_globals():
            _replace_environ(self._environ)
            with self._own_modules() as main_module:
                self._enter_path()
                os.chdir(self._cwd)
                try:
                    yield main_module.bootstrap
                finally:
                    self._environ = dict(os.environ)
                    self._cwd = os.getcwd()

    def _enter_path(self) -> None:
        if not self._path:
            # `berth run` puts the project's folder, where the server runs, on the server's own path.
            servers = (os.getcwd(), "")
            sys.path[:] = [*self._given, *(folder for folder in sys.path if folder not in servers)]
            customize(self._given)
            enter_path(self._folders, self._given, ())
            self._path = list(sys.path)
        sys.path[:] = self._path

    @contextmanager
    def _own_modules(self) -> Iterator[ModuleType]:
        """Hide the server's modules that have the name of a module of the function or of AWS's runtime.

        Yields what `__main__` is for the function.
        """
        if self._main_module is None:
            self._main_module, self._modules = _load_runtime()
        hidden = _take(self._hidden_names)
        kept = dict(sys.modules)
        sys.modules.update(self._modules)
        try:
            yield self._main_module
        finally:
            own = [name for name in sys.modules if name not in kept and self._owns(name)]
            self._modules = {name: sys.modules.pop(name) for name in own}
            sys.modules.update(kept)
            sys.modules.update(hidden)

    @cached_property
    def _hidden_names(self) -> frozenset[str]:
        importlib.invalidate_caches()
        folders = [Path(folder) for folder in self._owned_folders if os.path.isdir(folder)]
        own = frozenset(path.name.partition(".")[0] for folder in folders for path in folder.iterdir())
        return own | _RUNTIME_NAMES

    @cached_property
    def _owned_folders(self) -> list[str]:
        """The folders of modules that are the function's alone; PYTHONPATH may name some of the server's."""
        return [*self._folders, *(folder for folder in self._given if folder not in sys.path)]

    def _owns(self, name: str) -> bool:
        if name.partition(".")[0] in _RUNTIME_NAMES:
            return True
        module = sys.modules[name]
        origins = [getattr(module, "__file__", None) or "", *map(str, getattr(module, "__path__", ()))]
        return any(
            origin.startswith(f"{folder}{os.sep}") for origin in origins for folder in self._owned_folders
        )


def _load_runtime() -> tuple[ModuleType, dict[str, ModuleType]]:
    """Import AWS's runtime once more; returns what `__main__` is on Lambda, and all modules of the copy."""
    hidden = _take(_RUNTIME_NAMES)
    main_module = make_main_module(import_runtime(()))
    main_module.bootstrap.ERROR_LOG_LINE_TERMINATE = "\n"  # a terminal would overwrite lines that end with \r
    modules = _take(_RUNTIME_NAMES)
    sys.modules.update(hidden)
    return main_module, {**modules, "__main__": main_module}


def _take(top_level: Collection[str]) -> dict[str, ModuleType]:
    """Remove the modules of these packages from `sys.modules`, and return them."""
    names = [name for name in sys.modules if name.partition(".")[0] in top_level]
    return {name: sys.modules.pop(name) for name in names}


@contextmanager
def _restored_globals() -> Iterator[None]:
    """Put back everything of the interpreter that awslambdaric or a handler replaces."""
    root = logging.getLogger()
    kept = (sys.stdout, sys.stderr, list(sys.path), dict(os.environ), os.getcwd(), sys.dont_write_bytecode)
    handlers, level, converter = list(root.handlers), root.level, logging.Formatter.converter
    root.handlers[:] = []
    root.setLevel(logging.WARNING)
    sys.dont_write_bytecode = True  # Python would miss an edit made within the same second
    try:
        yield
    finally:
        sys.stdout, sys.stderr, sys.path[:], environ, cwd, sys.dont_write_bytecode = kept
        _replace_environ(environ)
        os.chdir(cwd)
        root.handlers[:] = handlers
        root.setLevel(level)
        logging.Formatter.converter = converter


def _replace_environ(environ: Mapping[str, str]) -> None:
    """Make `os.environ` equal to a mapping; change only what differs, because each change costs a C call."""
    current = dict(os.environ)
    for name in current.keys() - environ.keys():
        del os.environ[name]
    for name, value in environ.items():
        if current.get(name) != value:
            os.environ[name] = value
