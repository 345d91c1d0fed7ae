"""Writing an import: from an Application to files and a report."""

import json
import posixpath
import shlex
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from berth.manifest.document import UnreadableDocument, read_object
from berth.tools.migrate.model.application import Application
from berth.tools.migrate.model.findings import Findings, ImportRefused
from berth.tools.migrate.model.request import ImportRequest
from berth.tools.migrate.model.values import Holes
from berth.tools.migrate.source.documents import SourceDocument
from berth.tools.migrate.writing.assembly import Assembly, Document
from berth.tools.migrate.writing.existing import routes_of
from berth.tools.migrate.writing.files import diff, write_changes
from berth.tools.migrate.writing.report import (
    REPORT,
    Sources,
    Written,
    add_unclassified,
    build_report,
    has_open_ends,
)
from berth.tools.migrate.writing.state import (
    STATE,
    Addition,
    State,
    WrittenFunction,
    WrittenStage,
    hash_of_sources,
    read_state,
)
from berth.tools.migrate.writing.target import Target

Progress = Callable[[str], None]
_FACTS = {"region": "AWS::Region", "accountId": "AWS::AccountId"}
_MOST_STEPS = 5


@dataclass(frozen=True)
class Outcome:
    """What an import did: its report, the paths of files that it changed, and of a dry run the diff."""

    report: Mapping[str, Any]
    changed: Sequence[str] = ()
    diff: Sequence[str] = field(default=(), repr=False)

    @property
    def exit_code(self) -> int:
        """0, or 3 where the report has something that somebody has to decide."""
        return 3 if has_open_ends(self.report) else 0


def _say_nothing(_: str) -> None:
    """Show no progress."""


def write_import(
    application: Application,
    holes: Holes,
    findings: Findings,
    documents: Sequence[SourceDocument],
    request: ImportRequest,
    progress: Progress = _say_nothing,
) -> Outcome:
    """Write what was read below `request.into`, all or nothing; raises ImportRefused with every problem."""
    into, sources = request.into, Sources(documents)
    state = read_state(into)
    _learn_facts(into, request, holes)
    assembly = Assembly(application, holes, findings, request)
    target = Target(into, state, findings, request.force, tuple(holes.secrets))
    with tempfile.TemporaryDirectory(prefix="berth-import-") as unpacked:
        progress("reading code")
        assembly.plan(Path(unpacked), _outputs(into, state))
        if not findings.problems:
            target.new.additions = dict(state.additions)
            file = documents[0].file if documents else ""
            _Writing(assembly, target, state, hash_of_sources(documents), file).run(progress)
        if findings.problems:
            raise ImportRefused(sources.with_lines(findings.problems))
        add_unclassified(findings, sources, application, assembly.names)
        report = build_report(_written(assembly, target, documents), application, holes, findings, sources)
        target.write_text(REPORT, json.dumps(report, indent=2, ensure_ascii=False, default=str) + "\n")
        target.write_text(STATE, target.new.text())
        if request.dry_run:
            return Outcome(report, diff=list(diff(into, target.changes)))
        progress("writing files")
        write_changes(into, target.changes)
    return Outcome(report, [each.path for each in target.changes])


@dataclass
class _Writing:
    """Lays an assembly over the target."""

    assembly: Assembly
    target: Target
    state: State
    sources: str  # a hash
    file: str

    def run(self, progress: Progress) -> None:
        """Plan every change of the target, but for the report and the state."""
        assembly, target = self.assembly, self.target
        documents = assembly.functions(self._previous())
        copied = {each.folder: each.tree.files for each in assembly.placements.values() if each.is_copied}
        own = [name for name in documents if not assembly.has(name)]
        folders = {*(f"functions/{name}" for name in own), *copied, *assembly.layers}
        for folder in sorted(folders):
            target.require_own(folder)
        if assembly.adds_routes:
            self._add(documents)
        else:
            merged = {name: self._write_function(name, document) for name, document in documents.items()}
            self._write_stage(assembly.stage(documents, merged), list(documents))
        progress("copying code")
        for folder, files in {**copied, **assembly.layers}.items():
            target.write_code(folder, files)
        target.finish(folders)
        if not assembly.adds_routes:
            self._tell_what_left()

    def _is_kept(self, name: str) -> bool:
        """Whether a function was made by an import of the same sources for another stage."""
        last = self.state.functions.get(name)
        if last is None or self.target.force:
            return False
        return last.stage != self.assembly.stage_name and last.sources == self.sources

    def _previous(self) -> dict[str, str]:
        """Where the code of functions has to stay, since their manifests do."""
        places = {}
        for name, last in self.state.functions.items():
            place = posixpath.normpath(f"functions/{name}/{last.manifest.get('code', '.')}")
            if self._is_kept(name) and self.state.has_folder(place):
                places[name] = place
        return places

    def _write_function(self, name: str, document: Document) -> Mapping[str, Any]:
        path, last = f"functions/{name}/manifest.json", self.state.functions.get(name)
        if last is not None and self._is_kept(name):
            self.target.new.functions[name] = last
            return self.target.keep_manifest(path, last.manifest, document, self.assembly.stage_name)
        made = WrittenFunction(self.assembly.stage_name, self.sources, document)
        self.target.new.functions[name] = made
        return self.target.write_manifest(path, last.manifest if last else None, document)

    def _write_stage(self, document: Document, functions: Sequence[str]) -> None:
        name = self.assembly.stage_name
        last = self.state.stages.get(name)
        self.target.write_manifest(f"manifests/{name}.json", last.manifest if last else None, document)
        self.target.new.stages = {**self.state.stages, name: WrittenStage(document, functions)}

    def _add(self, documents: Mapping[str, Document]) -> None:
        """Add routes to functions that are there, and write those whose code the user has given."""
        assembly, new, last = self.assembly, self.target.new, self.state.additions.get(self.file, Addition())
        new.functions, new.stages = dict(self.state.functions), dict(self.state.stages)
        # Functions that the source names no more keep the kind of their API: they may have other routes.
        left = {
            name: {**last.functions[name], "routes": []}
            for name in last.functions.keys() & assembly.existing.functions.keys() - documents.keys()
        }
        merged = {}
        for name, document in {**documents, **left}.items():
            path, base = f"functions/{name}/manifest.json", last.functions.get(name)
            if name in left or assembly.has(name):
                merged[name] = self.target.add_to_manifest(path, base, document)
            else:
                merged[name] = self._write_function(name, document)
        stage, part = assembly.stage_name, assembly.stage(documents, merged)
        path = f"manifests/{stage}.json"
        if part or (self.target.into / path).exists():
            self.target.add_to_manifest(path, last.stages.get(stage), part)
        added = {name: routes_of(document) for name, document in documents.items()}
        addition = Addition(added, {**last.stages, stage: part})
        new.additions[self.file] = addition

    def _tell_what_left(self) -> None:
        """Tell which functions no stage's source has any more; their folders stay."""
        alive = {name for each in self.target.new.stages.values() for name in each.functions}
        for name, last in self.state.functions.items():
            if name in self.target.new.functions:
                continue
            folder = f"functions/{name}"
            if name in alive or (self.target.into / folder).exists():
                self.target.new.functions[name] = last
            if name not in alive and (self.target.into / folder).exists():
                self.target.leave(
                    folder, "its function left the source: remove the folder if nobody needs it"
                )


def _learn_facts(into: Path, request: ImportRequest, holes: Holes) -> None:
    """Take the region and the account from the stage on disk where nobody else told them."""
    with suppress(UnreadableDocument):
        stage = read_object(into / "manifests" / f"{request.stage}.json")
        for key, name in _FACTS.items():
            if isinstance(stage.get(key), str) and name not in holes.values:
                holes.know(name, stage[key])


def _outputs(into: Path, state: State) -> frozenset[Path]:
    """What an import wrote, and is no code when the target lies inside the source."""
    folder = into.resolve()
    return frozenset(folder / each for each in (*state.folders(), STATE, REPORT))


def _written(assembly: Assembly, target: Target, documents: Sequence[SourceDocument]) -> Written:
    made, stage = _made(assembly, target, documents)
    source = Path(assembly.request.source)
    shown = source.name if source.is_absolute() else str(source)
    steps = list(_next_steps(assembly, shown))[:_MOST_STEPS]
    return Written(
        source=shown,
        stage=assembly.stage_name,
        functions=len(made),
        routes=sum(len(each.get("routes", ())) for each in made),
        authorizers=len(stage.get("authorizers", {})),
        names=assembly.names,
        differences=target.differences,
        next_steps=steps if target.new.functions or made else (),
    )


def _made(
    assembly: Assembly, target: Target, documents: Sequence[SourceDocument]
) -> tuple[list[Mapping[str, Any]], Mapping[str, Any]]:
    """The manifests of functions and of the stage as the source alone has them."""
    if assembly.adds_routes:
        addition = target.new.additions[documents[0].file]
        return list(addition.functions.values()), addition.stages[assembly.stage_name]
    names = {each.name for each in assembly.planned}
    made = [each.manifest for name, each in target.new.functions.items() if name in names]
    return made, target.new.stages[assembly.stage_name].manifest


def _next_steps(assembly: Assembly, source: str) -> Iterator[str]:
    """The commands that a person runs next."""
    entries = assembly.findings.entries
    planned = {each.source.id for each in assembly.planned}
    missing = [
        each
        for each in assembly.application.functions
        if each.id not in planned and not assembly.has(each.id)
    ]
    if missing:
        name = assembly.names[missing[0].id]
        handler = f" --handler {name}=module.attribute" if assembly.adds_routes else ""
        yield f"berth migrate import {shlex.quote(source)} --code {name}=PATH{handler}"
    is_asked = any(each.name.startswith("deployed.") and "--from-stack" in each.text for each in entries)
    if is_asked and not assembly.request.from_stack:
        yield f"berth migrate import {shlex.quote(source)} --from-stack NAME"
    if any("requirements.txt" in each.tree.files for each in assembly.placements.values()):
        yield "berth function install"
    stage = "" if assembly.stage_name == "dev" else f"BERTH_STAGE={assembly.stage_name} "
    yield f"{stage}berth migrate doctor"
    yield f"{stage}berth function check"
    yield f"{stage}berth run"
