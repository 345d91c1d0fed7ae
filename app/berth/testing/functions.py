"""The functions of one test: where they are, how they run, and which of them the test patches."""

import os
from dataclasses import replace
from pathlib import Path
from types import ModuleType

from berth.factory import create_app
from berth.gateway.flask_app import GatewayApp
from berth.invoke.invoker import Invoker
from berth.manifest.loader import load
from berth.model.function import Function
from berth.runtime.environments import Environments
from berth.runtime.inline.inline_environment import InlineEnvironment
from berth.settings import Settings

_UNSEEN = "a process of its own does not see what a test patches: say isolation='inline' here, too"


class FunctionsUnderTest:
    """Finds functions by name or path, and runs all of them in the same set of environments."""

    def __init__(self, settings: Settings, environments: Environments) -> None:
        self.settings = settings
        self.environments = environments
        self.invoker = Invoker(environments)
        # The folders of functions that have a client, and of those whose modules the test may patch.
        self._in_process: set[Path] = set()
        self._patched: set[Path] = set()

    def create_app(self) -> GatewayApp:
        """Create the application of all functions of the stage."""
        return self._app(self.settings)

    def create_app_of(self, function: str | Path, isolation: str | None = None) -> GatewayApp:
        """Create the application of one function."""
        settings, name = self._place(function)
        loaded = self.load(function, isolation)
        if loaded.isolation == "inline":
            settings = replace(settings, inline=(*settings.inline, name))
        else:
            self._in_process.add(loaded.directory)
        return self._app(settings, name)

    def load(self, function: str | Path, isolation: str | None = None) -> Function:
        """Load a function, which runs as its manifest says if `isolation` says nothing else."""
        settings, name = self._place(function)
        loaded = load(settings, [name]).functions[name]
        loaded = replace(loaded, isolation=isolation or loaded.isolation)
        if loaded.isolation != "inline" and loaded.directory in self._patched:
            raise ValueError(f"{name}: {_UNSEEN}")
        return loaded

    def module(self, function: str | Path, name: str | None = None) -> ModuleType:
        """Find a module of a function, which runs inline; raises ValueError if it cannot be imported."""
        loaded = self.load(function, "inline")
        if loaded.directory in self._in_process:
            raise ValueError(f"{loaded.name}: {_UNSEEN}")
        self._patched.add(loaded.directory)
        with self.environments.environment(loaded) as environment:
            assert isinstance(environment, InlineEnvironment), "that is what runs an inline function"
            failure = environment.initialize()
            if failure is not None:
                raise ValueError(f"{loaded.name} cannot be imported: {failure.value['errorMessage']}")
            return environment.module(name)

    def _app(self, settings: Settings, *only: str) -> GatewayApp:
        app = create_app(settings, only, self.environments)
        app.testing = True
        return app

    def _place(self, function: str | Path) -> tuple[Settings, str]:
        """The settings and the name of a function.

        The stage of a function that is given by its path is in the folder `manifests` beside its folder of
        functions, if there is such a stage; else it is that of the settings.
        """
        if isinstance(function, str) and os.sep not in function:
            return self.settings, function
        folder = Path(function).absolute()
        stages = folder.parent.parent / "manifests"
        has_stage = (stages / f"{self.settings.stage}.json").is_file()
        manifests_dir = stages if has_stage else self.settings.manifests_dir
        return replace(self.settings, functions_dir=folder.parent, manifests_dir=manifests_dir), folder.name
