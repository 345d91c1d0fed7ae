"""What the doctor examines: one function, the files that its handler leads to, and where it is to run."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from berth.errors import Problem
from berth.model.function import PACKAGES_FOLDER, Function
from berth.model.route import Route
from berth.tools.migrate.doctor.source import Source
from berth.tools.migrate.doctor.texts import key_line

MANIFEST = "manifest.json"
# What the machines are called by Docker, and by the names of compiled files.
MACHINES = {"linux/amd64": "x86_64", "linux/arm64": "aarch64"}


@dataclass(frozen=True)
class Target:
    """Where the functions are to run."""

    platform: str = "linux/amd64"
    packages: tuple[str, ...] = ()  # folders of what the image has for all functions
    extras: tuple[str, ...] = ("aws",)  # of the distribution, in the image
    has_private_tmp: bool = False  # /tmp is each environment's own
    calls_functions_here: bool = False  # AWS_ENDPOINT_URL_LAMBDA is this server
    python: tuple[int, int] = (sys.version_info[0], sys.version_info[1])

    @property
    def python_version(self) -> str:
        """The version of the interpreter, such as 3.13."""
        return ".".join(map(str, self.python))

    def __str__(self) -> str:
        return f"{self.platform}, Python {self.python_version}"


@dataclass(frozen=True)
class Missing:
    """An import that finds no module."""

    module: str
    path: Path
    line: int
    is_late: bool


@dataclass(frozen=True, eq=False)
class Subject:
    """One function with what was found of it; its sources are its own, not those of installed packages."""

    function: Function
    target: Target
    routes: tuple[Route, ...] = ()
    neighbours: frozenset[str] = frozenset()  # the names of all functions of the project
    document: Mapping[str, object] = field(default_factory=dict)  # the manifest as its author wrote it
    stage_document: Mapping[str, object] = field(default_factory=dict)
    stage_file: Path = Path()
    problems: tuple[Problem, ...] = ()  # what the loader says of its manifest
    sources: tuple[Source, ...] = ()
    missing: tuple[Missing, ...] = ()
    unreadable: tuple[tuple[Path, int, str], ...] = ()  # files that are not Python of this interpreter
    handler_source: Source | None = None

    @property
    def manifest(self) -> Path:
        """The file of the function's manifest."""
        return self.function.directory / MANIFEST

    @property
    def code(self) -> Path:
        """The folder of the code; a folder that is not there is empty."""
        return self.function.code

    @property
    def variables(self) -> Mapping[str, str]:
        """The environment variables that both manifests set."""
        return self.function.environment

    @cached_property
    def given_variables(self) -> tuple[tuple[str, Path, int], ...]:
        """The variables that the manifest and the stage write: name, file and line of each."""
        found = []
        for file, document in ((self.manifest, self.document), (self.stage_file, self.stage_document)):
            environment = document.get("environment")
            for name in environment if isinstance(environment, dict) else {}:
                found.append((name, file, key_line(file, name)))
        return tuple(found)

    def written(self, variable: str) -> str:
        """What the manifest, or else the stage, writes for a variable, with placeholders."""
        for document in (self.document, self.stage_document):
            environment = document.get("environment")
            value = environment.get(variable) if isinstance(environment, dict) else None
            if isinstance(value, str):
                return value
        return ""

    @cached_property
    def layers(self) -> tuple[Path, ...]:
        """The layers that are there, in the order of the manifests."""
        return tuple(layer for layer in self.function.layers if layer.is_dir())

    @cached_property
    def folders(self) -> tuple[Path, ...]:
        """All folders of the function: code, packages, and layers that are there."""
        packages = self.function.directory / PACKAGES_FOLDER
        return tuple(dict.fromkeys(each for each in (self.code, packages, *self.layers) if each.is_dir()))

    def manifest_line(self, key: str) -> int:
        """The line of a key in the function's manifest; 0 if it is not there."""
        return key_line(self.manifest, key)


def search_roots(function: Function) -> tuple[list[Path], list[Path]]:
    """The folders that a function's modules are looked for in: its own ones, then what is installed for it.

    It is Lambda's order, with `.packages` after the code: layers come later, the last one first.
    """
    given = function.environment.get("PYTHONPATH", "")
    named = [Path(os.path.abspath(function.code / each)) for each in given.split(os.pathsep) if each]
    layers = [] if given else list(reversed(function.layers))
    modules = [layer / "python" if (layer / "python").is_dir() else layer for layer in layers]
    inner = [folder for each in modules for folder in sorted(each.glob("lib/python3.*/site-packages"))]
    packages = [folder / PACKAGES_FOLDER for folder in (function.directory, *layers)]
    return [function.code, *named, *inner, *modules], packages
