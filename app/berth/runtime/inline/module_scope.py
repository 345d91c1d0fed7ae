"""The modules and globals of an inline function, which replace the server's own during each call."""

import importlib
import logging
import os
import sys
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from functools import cached_property, lru_cache
from pathlib import Path
from types import ModuleType

from berth.model.function import Function
from berth.runtime.inline.global_state import GlobalState, replace_objects, restore_objects
from berth.runtime.inline.module_changes import ServerModules, modules_version
from berth.runtime.inline.variables import Variables
from berth.runtime.process.start import (
    customize,
    enter_path,
    import_runtime,
    make_main_module,
)
from berth.runtime.search import child_search_path, given_path, site_folders

# The copy of AWS's runtime that each function has.
_RUNTIME_NAMES = frozenset({"__main__", "awslambdaric", "runtime_client"})
_server_modules = ServerModules()


class ModuleScope:
    """The modules, environment variables and working directory of one function.

    The function has a copy of AWS's runtime for itself: libraries replace functions in it, and its format
    of log records depends on the function's environment variables.
    """

    def __init__(self, function: Function, environ: Mapping[str, str]) -> None:
        self._folders = site_folders(function, environ)
        self._given = given_path(function, environ)
        self._cwd = str(function.code)
        self._variables = Variables.of({**environ, "PYTHONPATH": child_search_path(function, environ)})
        self._state: GlobalState | None = None  # known since the function was entered
        self._main_module: ModuleType | None = None
        self._modules: dict[str, ModuleType] = {}
        self._hidden: dict[str, ModuleType] = {}  # the server's modules that the function must not see
        self._shared: dict[str, ModuleType] = {}  # all others of the server
        self._in_order: list[ModuleType] = []  # the same in their order, for _has_changed()
        self._changes = 0  # of the server's modules when they were last looked at
        self._version: object = None  # of `sys.modules` when the function was entered

    def module(self, name: str) -> ModuleType:
        """Find a module as the function sees it, after the function was imported; raises KeyError if none."""
        return self._modules.get(name) or sys.modules[name]

    def run(self, act: Callable[[ModuleType], object]) -> None:
        """Call `act` with the function's `awslambdaric.bootstrap` while the function's globals are in place.

        Afterwards the function's globals are saved, and the server's are restored.
        """
        server = GlobalState.at_present()
        state = self._state or self._first_state(server)
        objects = replace_objects()
        try:
            state.replace(server)
            bootstrap = self._put_modules().bootstrap
            try:
                if self._state is None:
                    self._begin()
                self._state = state
                act(bootstrap)
            finally:
                self._take_modules()
        finally:
            restore_objects(objects)
            present = GlobalState.at_present()
            server.replace(present)
            if self._state is not None:
                self._state = present

    def _first_state(self, server: GlobalState) -> GlobalState:
        """The search path and the folder are the server's until AWS's runtime has been imported."""
        return replace(server, variables=self._variables, log_handlers=[], log_level=logging.WARNING)

    def _begin(self) -> None:
        # `berth run` puts the project's folder, where the server runs, on the server's own path.
        servers = (os.getcwd(), "")
        sys.path[:] = [*self._given, *(folder for folder in sys.path if folder not in servers)]
        customize(self._given)
        enter_path(self._folders, self._given, ())
        os.chdir(self._cwd)

    def _put_modules(self) -> ModuleType:
        """Put the function's modules in place; hide the server's modules that have names of theirs.

        Returns what `__main__` is for the function.
        """
        if self._main_module is None:
            self._main_module, self._modules = _load_runtime()
        changes = _server_modules.changes()
        if changes == self._changes:
            _remove(self._hidden)
        else:
            self._hide_modules()
        sys.modules.update(self._modules)
        self._changes, self._version = changes, modules_version()
        return self._main_module

    def _hide_modules(self) -> None:
        """Hide the server's modules after the server may have imported others."""
        self._hidden = _take(self._hidden)
        if self._has_changed():
            self._hidden |= _take_packages(self._hidden_names)
            self._shared, self._in_order = dict(sys.modules), [*sys.modules.values()]

    def _take_modules(self) -> None:
        """Take the function's modules away, and put back those that were hidden."""
        has_changed = modules_version() != self._version
        if has_changed:
            self._save_modules()
        else:
            _remove(self._modules)
        sys.modules.update(self._hidden)
        # After a change the server may have a module that the function has imported.
        _server_modules.note(None if has_changed else modules_version())

    def _save_modules(self) -> None:
        """Take the function's modules away after the function may have imported others."""
        self._modules = _take(self._modules)
        if self._has_changed():
            added = [name for name in list(sys.modules) if name not in self._shared]
            self._modules |= _take([name for name in added if self._owns(name)])
            sys.modules.update(self._shared)

    def _has_changed(self) -> bool:
        """Whether the modules, or their order, differ from the server's when they were last looked at.

        A comparison of lists takes less time than a look at each name.
        """
        return [*sys.modules.values()] != self._in_order

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
    hidden = _take_packages(_RUNTIME_NAMES)
    main_module = make_main_module(import_runtime(()))
    runtime = main_module.bootstrap
    runtime.ERROR_LOG_LINE_TERMINATE = "\n"  # a terminal would overwrite lines that end with \r
    # The loop of AWS's runtime begins anew with each call. On Lambda it looks up the handler once.
    runtime._get_handler = lru_cache(runtime._get_handler)
    modules = _take_packages(_RUNTIME_NAMES)
    sys.modules.update(hidden)
    return main_module, {**modules, "__main__": main_module}


def _take_packages(top_level: Collection[str]) -> dict[str, ModuleType]:
    """Remove the modules of these packages from `sys.modules`, and return them."""
    return _take([name for name in list(sys.modules) if name.partition(".")[0] in top_level])


def _take(names: Iterable[str]) -> dict[str, ModuleType]:
    """Remove those of these modules that are there from `sys.modules`, and return them."""
    modules = sys.modules
    return {name: modules.pop(name) for name in names if name in modules}


def _remove(names: Iterable[str]) -> None:
    """Remove modules that are in `sys.modules`."""
    for name in names:
        del sys.modules[name]
