"""The modules and globals of an inline function, which replace the server's own during each call."""

import importlib
import logging
import os
import site
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from types import ModuleType

from berth.model.function import Function
from berth.runtime.process.bootstrap import search_path, site_folders


class ModuleScope:
    """The modules, environment variables and working directory of one function."""

    def __init__(self, function: Function, environ: Mapping[str, str]) -> None:
        layers = [str(layer) for layer in function.layers]
        folders = site_folders(str(function.directory), environ, layers)
        self._folders = tuple(folder for folder in folders if os.path.isdir(folder))
        self._modules: dict[str, ModuleType] = {}
        self._environ = dict(environ)
        self._cwd = self._folders[0]
        self._path: list[str] = []

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Put the function's globals in place; afterwards save them and restore the server's."""
        with _restored_globals(), self._own_modules():
            self._enter_path()
            _replace_environ(self._environ)
            os.chdir(self._cwd)
            try:
                yield
            finally:
                self._environ = dict(os.environ)
                self._cwd = os.getcwd()

    def _enter_path(self) -> None:
        if not self._path:
            sys.path[:] = search_path(self._folders, self._environ, sys.path)
            for folder in self._folders:
                site.addsitedir(folder)  # `.pth` files
            self._path = list(sys.path)
        sys.path[:] = self._path

    @contextmanager
    def _own_modules(self) -> Iterator[None]:
        """Hide the server's modules that have the name of a module in the function's folder."""
        own = self._top_level_names
        hidden = {name: module for name, module in sys.modules.items() if name.partition(".")[0] in own}
        for name in hidden:
            del sys.modules[name]
        before = set(sys.modules)
        sys.modules.update(self._modules)
        try:
            yield
        finally:
            added = [name for name in sys.modules if name not in before]
            self._modules = {name: sys.modules[name] for name in added if self._owns(sys.modules[name])}
            for name in self._modules:
                del sys.modules[name]
            sys.modules.update(hidden)

    @cached_property
    def _top_level_names(self) -> frozenset[str]:
        importlib.invalidate_caches()
        folders = [Path(folder) for folder in self._folders]
        return frozenset(path.name.partition(".")[0] for folder in folders for path in folder.iterdir())

    def _owns(self, module: ModuleType) -> bool:
        origins = [getattr(module, "__file__", None) or "", *map(str, getattr(module, "__path__", ()))]
        return any(origin.startswith(f"{folder}{os.sep}") for origin in origins for folder in self._folders)


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
