"""Where the code of each function goes: every code once."""

import os
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from berth.tools.migrate.model.application import CodeSource, FunctionSource
from berth.tools.migrate.model.findings import Class, Finding, Findings, Problem
from berth.tools.migrate.model.request import ImportRequest
from berth.tools.migrate.writing.names import unique_name
from berth.tools.migrate.writing.planning import PlannedFunction
from berth.tools.migrate.writing.trees import CodeReader, CodeRefused, CodeTree, identity

SHARED = "functions/_code"
_ARCHIVES = (".zip", ".jar")
# Lambda's own limit of an unpacked package.
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
_MOST_BYTES = 250 * 1024 * 1024


@dataclass(frozen=True)
class Placement:
    """Where the code of one function is, relative to the target: in a copy, or in place where it was."""

    folder: str
    tree: CodeTree
    is_copied: bool = True

    def from_folder(self, function_folder: str) -> str:
        """The manifest's `code`; empty where it is the function's own folder."""
        code = os.path.relpath(self.folder, function_folder)
        return "" if code == "." else Path(code).as_posix()


@dataclass
class Codes:
    """The code of each function: found first, placed when it is known which manifests there are."""

    request: ImportRequest
    reader: CodeReader
    findings: Findings
    trees: dict[str, CodeTree] = field(default_factory=dict)  # by the function's id
    _sources: dict[str, CodeSource] = field(default_factory=dict)

    def find(self, functions: Sequence[FunctionSource], names: Mapping[str, str]) -> None:
        """Read the code of each function. One whose code is on AWS is open and has no tree."""
        self._check_given(functions, names)
        for function in functions:
            source = self._given(function, names[function.id]) or function.code
            if source.remote:
                self._note_remote(function, names[function.id])
                continue
            tree = self.read(source)
            if tree is not None:
                self.trees[function.id], self._sources[function.id] = tree, source
                self._note_build(function, names[function.id])

    def read(self, source: CodeSource) -> CodeTree | None:
        """The tree of a code; code that is missing is a problem of the import."""
        try:
            tree = self.reader.read(source)
        except CodeRefused as refused:
            self.findings.refuse(Problem(str(refused), source.place.file, source.place.path))
            return None
        if tree.size > _MOST_BYTES:
            text = f"{tree.name} has {tree.size // 1024**2} MB: Lambda takes 250 MB unpacked"
            self._note(Class.CARRIED, source, text)
        return tree

    def place(self, planned: Sequence[PlannedFunction], previous: Mapping[str, str]) -> dict[str, Placement]:
        """The placement of each manifest's code, by the manifest's name.

        `previous` has folders of manifests that have to stay where they are.
        """
        groups: dict[tuple[object, ...], list[PlannedFunction]] = {}
        for each in planned:
            groups.setdefault(identity(self._sources[each.source.id]), []).append(each)
        kept = {
            key: previous[each.name]
            for key, group in groups.items()
            for each in group
            if previous.get(each.name, "").startswith(f"{SHARED}/")
        }
        new = [group for key, group in groups.items() if key not in kept and self._is_shared(group)]
        shared = {**kept, **self._shared_folders(new, set(kept.values()))}
        placed = {}
        for key, group in groups.items():
            tree = self.trees[group[0].source.id]
            for each in group:
                folder = previous.get(each.name) or shared.get(key) or f"functions/{each.name}"
                placed[each.name] = self._in_place(each, tree) or Placement(folder, tree)
        return placed

    def _is_shared(self, group: Sequence[PlannedFunction]) -> bool:
        tree = self.trees[group[0].source.id]
        # The manifest of the function would take the place of such a file.
        has_manifest = any(name.lower() == "manifest.json" for name in tree.files)
        return len(group) > 1 or has_manifest

    def _shared_folders(
        self, groups: Sequence[Sequence[PlannedFunction]], taken: Collection[str]
    ) -> dict[tuple[object, ...], str]:
        """A folder below SHARED for each code: its own folder's name, with the parent's where two have it."""
        sources = [self._sources[group[0].source.id] for group in groups]
        plain = [_safe(self.trees[group[0].source.id].name) for group in groups]
        lower = [each.lower() for each in plain]
        named: dict[tuple[object, ...], str] = {}
        used = [each.removeprefix(f"{SHARED}/") for each in taken]
        for source, name in zip(sources, plain, strict=True):
            path = source.folder or source.file or source.archive
            is_twice = lower.count(name.lower()) > 1 and path is not None
            wanted = _safe(f"{path.resolve().parent.name}-{name}") if is_twice and path else name
            named[identity(source)] = unique_name(wanted, [*used, *named.values()])
        return {key: f"{SHARED}/{name}" for key, name in named.items()}

    def _in_place(self, planned: PlannedFunction, tree: CodeTree) -> Placement | None:
        """The code where it is, if that is wanted and the image takes it along."""
        into = self.request.into.resolve()
        if not self.request.in_place or tree.folder is None or not tree.folder.is_relative_to(into):
            return None
        folder = tree.folder.relative_to(into)
        own = Path("functions", planned.name)
        # A function may not have code around its own folder: it would see every other function.
        return None if own.is_relative_to(folder) else Placement(folder.as_posix(), tree, is_copied=False)

    def _check_given(self, functions: Sequence[FunctionSource], names: Mapping[str, str]) -> None:
        known = {name for each in functions for name in _names(each, names[each.id])}
        layers = {layer.name for each in functions for layer in each.layers}
        for name, path in self.request.code.items():
            if name not in known | layers:
                listed = ", ".join(sorted(names.values()))
                self.findings.refuse(
                    Problem(f"--code {name}: there is no such function (there is: {listed})")
                )
            elif not path.exists():
                self.findings.refuse(Problem(f"--code {name}: there is no {path}"))

    def _given(self, function: FunctionSource, name: str) -> CodeSource | None:
        for each in _names(function, name):
            if each in self.request.code:
                return given_code(function.code, self.request.code[each])
        return None

    def _note_remote(self, function: FunctionSource, name: str) -> None:
        text = (
            f"{name} is not written: its code is at {function.code.remote}; "
            f"--code {name}=PATH gives it, or --fetch takes it from AWS"
        )
        self._note(Class.OPEN, function.code, text, function.id)

    def _note_build(self, function: FunctionSource, name: str) -> None:
        if function.code.build:
            text = f"{name} is built by a {function.code.build}, which is not run: --code {name}=PATH gives"
            self._note(Class.OPEN, function.code, f"{text} what it makes", function.id)

    def _note(self, kind: Class, source: CodeSource, text: str, function: str = "") -> None:
        self.findings.add(Finding(kind, source.place.path, text, source.place.file, function))


def given_code(code: CodeSource, path: Path) -> CodeSource:
    """Code that the user gives in place of what a source says: a folder, a file or an archive."""
    empty = replace(code, folder=None, file=None, archive=None, text=None, remote="", patterns=(), build="")
    if path.suffix.lower() in _ARCHIVES:
        return replace(empty, archive=path)
    return replace(empty, file=path) if path.is_file() else replace(empty, folder=path)


def _names(function: FunctionSource, name: str) -> Iterator[str]:
    """The names by which a user may call a function: as written, the id, the name in the source."""
    yield name
    yield function.id
    yield from () if function.given_name is None else (str(function.given_name),)
    yield from function.names


def _safe(name: str) -> str:
    """A folder's name without what is special to a shell, and not hidden."""
    return re.sub("[^A-Za-z0-9._-]+", "-", name).strip(".-") or "code"
