"""A function's own view of the interpreter, swapped in around each call in the server's process."""

import importlib
import logging
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from app.runtime.bootstrap import search_path


class ModuleScope:
    """The modules, environment variables and working directory of one function."""

    def __init__(self, folders: tuple[Path, ...], environ: Mapping[str, str]) -> None:
        self._folders = tuple(str(folder) for folder in folders)
        self._modules: dict[str, ModuleType] = {}
        self._environ = dict(environ)
        self._cwd = self._folders[0]

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Swap everything in, and out again with what the function changed remembered."""
        with _restored_globals(), self._own_modules():
            sys.path[:] = search_path(self._folders[0], self._environ, sys.path)
            _replace_environ(self._environ)
            os.chdir(self._cwd)
            try:
                yield
            finally:
                self._environ = dict(os.environ)
                self._cwd = os.getcwd()

    @contextmanager
    def _own_modules(self) -> Iterator[None]:
        """Hide what the function's folder would shadow, the server's `app` above all."""
        own = self._top_level_names()
        hidden = {name: module for name, module in sys.modules.items() if name.partition(".")[0] in own}
        for name in hidden:
            del sys.modules[name]
        sys.modules.update(self._modules)
        importlib.invalidate_caches()
        try:
            yield
        finally:
            self._modules = {name: module for name, module in sys.modules.items() if self._owns(module)}
            for name in self._modules:
                del sys.modules[name]
            sys.modules.update(hidden)

    def _top_level_names(self) -> set[str]:
        folders = [Path(folder) for folder in self._folders if os.path.isdir(folder)]
        return {path.name.partition(".")[0] for folder in folders for path in folder.iterdir()}

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
    sys.dont_write_bytecode = True  # an edit within one second would go unseen
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
    os.environ.clear()
    os.environ.update(environ)
