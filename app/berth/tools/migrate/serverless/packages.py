"""What of a service's folder is the code of its functions and layers, as Serverless packages it.

https://www.serverless.com/framework/docs/providers/aws/guide/packaging
"""

import posixpath
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from berth.tools.migrate.model.application import CodeSource
from berth.tools.migrate.model.findings import Class
from berth.tools.migrate.model.findings import Path as KeyPath
from berth.tools.migrate.model.values import Tree
from berth.tools.migrate.serverless.builder import Builder

# What is in no package, whatever the patterns say first.
_NEVER = (
    *(".git/**", ".gitignore", ".DS_Store", "npm-debug.log", "yarn-*.log"),
    *(".serverless/**", ".serverless_plugins/**"),
)
_IN_S3 = "s3://"
_TEXTS = {
    "patterns": "what of the folder is the code",
    "exclude": "what of the folder is the code",
    "include": "what of the folder is the code",
    "individually": "functions with the same code share one copy of it",
    "artifact": "the code",
    "excludeDevDependencies": "packages of Node are no code of Python functions",
    "path": "where Serverless writes packages",
}


@dataclass(frozen=True)
class Packages:
    """Finds the code of the functions and layers of one service. `tree` is its document."""

    builder: Builder
    tree: Mapping[str, Tree]

    def code(self, entry: Mapping[str, Tree], origin: KeyPath) -> CodeSource:
        """The code of one function."""
        own = self._package(entry, origin)
        for package, path in ((own, origin), (self._of_service, ())):
            artifact = self._artifact(package, (*path, "package", "artifact"))
            is_apart = package is not own and self.builder.flag(own.get("individually"), origin)
            if artifact is not None and not is_apart:
                return artifact
        place, folder = self.builder.place((*origin, "handler")), self.builder.variables.folder
        patterns = self._patterns(own, origin)
        module = self._module(entry, own, origin)
        if module in ("", "."):
            return CodeSource(place, folder=folder, patterns=patterns)
        return CodeSource(place, folder=folder / module, patterns=tuple(_below(module, patterns)))

    def layer(self, entry: Mapping[str, Tree], origin: KeyPath) -> CodeSource:
        """The content of one layer."""
        package = self._package(entry, origin)
        artifact = self._artifact(package, (*origin, "package", "artifact"))
        if artifact is not None:
            return artifact
        path = (*origin, "path")
        folder = self.builder.variables.folder / self.builder.known(entry.get("path"), path, ".")
        patterns = self._patterns(package, origin, is_layer=True)
        return CodeSource(self.builder.place(path), folder=folder, patterns=patterns)

    def _package(self, entry: Mapping[str, Tree], origin: KeyPath) -> dict[str, Tree]:
        path = (*origin, "package")
        package = self.builder.mapping(entry.get("package"), path)
        for key in package.keys() & _TEXTS.keys():
            self.builder.note(Class.CARRIED, (*path, key), _TEXTS[key])
        return package

    @cached_property
    def _of_service(self) -> dict[str, Tree]:
        return self._package(self.tree, ())

    def _artifact(self, package: Mapping[str, Tree], path: KeyPath) -> CodeSource | None:
        if package.get("artifact") is None:
            return None
        address, place = self.builder.known(package["artifact"], path), self.builder.place(path)
        if address.startswith(_IN_S3):
            return CodeSource(place, remote=address)
        return CodeSource(place, archive=self.builder.variables.folder / address)

    def _module(self, entry: Mapping[str, Tree], own: Mapping[str, Tree], origin: KeyPath) -> str:
        """The folder that serverless-python-requirements makes the root of a function packaged by itself."""
        packages = ((own, origin), (self._of_service, ()))
        is_apart = any(self.builder.flag(each.get("individually"), path) for each, path in packages)
        module = self.builder.known(entry.get("module"), (*origin, "module"), ".")
        return posixpath.normpath(module) if is_apart else "."

    def _patterns(
        self, own: Mapping[str, Tree], origin: KeyPath, *, is_layer: bool = False
    ) -> tuple[str, ...]:
        """The patterns of a package: what never goes in, what goes out, and what comes in again."""
        never = [f"!{each}" for each in (*self._never, *([] if is_layer else self._layer_folders))]
        excluded, included = self._lists(self._of_service, ("package",))
        excluded_own, included_own = self._lists(own, (*origin, "package"))
        return (*never, *excluded, *excluded_own, *included, *included_own)

    @cached_property
    def _never(self) -> tuple[str, ...]:
        names = [*_NEVER, self.builder.document.path.name]
        if self.builder.flag(self.tree.get("useDotenv"), ("useDotenv",)):
            names.append(".env*")
        return tuple(names)

    @cached_property
    def _layer_folders(self) -> list[str]:
        layers = self.builder.entries(self.tree.get("layers"), ("layers",)).values()
        entries = [(self.builder.mapping(*each), each[1]) for each in layers]
        paths = [
            self.builder.known(entry["path"], (*path, "path")) for entry, path in entries if "path" in entry
        ]
        return [f"{posixpath.normpath(each)}/**" for each in paths if each not in ("", ".")]

    def _lists(self, package: Mapping[str, Tree], path: KeyPath) -> tuple[list[str], list[str]]:
        """The patterns that take files out, and those that take files in again; also of the older keys."""
        excluded = [_turned(each) for each in self._list(package, path, "exclude")]
        return excluded, [*self._list(package, path, "include"), *self._list(package, path, "patterns")]

    def _list(self, package: Mapping[str, Tree], path: KeyPath, key: str) -> list[str]:
        nodes = self.builder.items(package.get(key), (*path, key))
        texts = [self.builder.known(each, (*path, key, number)) for number, each in enumerate(nodes)]
        return [each for each in texts if each]


def _below(folder: str, patterns: Iterable[str]) -> Iterator[str]:
    """The patterns that count below a folder, as they are there."""
    for pattern in patterns:
        mark = "!" if pattern.startswith("!") else ""
        path = pattern.removeprefix("!").removeprefix("./")
        if path.startswith(f"{folder}/"):
            yield f"{mark}{path.removeprefix(f'{folder}/')}"
        elif path.startswith("**"):
            yield pattern


def _turned(pattern: str) -> str:
    """A pattern of `exclude` as one of `patterns`."""
    return pattern.removeprefix("!") if pattern.startswith("!") else f"!{pattern}"
