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
            _Writing(assembly, target, state, hash_of_sources(documents)).run(progress)
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

    def run(self, progress: Progress) -> None:
        """Plan every change of the target, but for the report and the state."""
        documents = self.assembly.functions(self._previous())
        folders = {f"functions/{name}" for name in documents}
        for each in self.assembly.placements.values():
            if each.is_copied:
                folders.add(each.folder)
        folders.update(self.assembly.layers)
        for folder in sorted(folders):
            self.target.require_own(folder)
        merged = {name: self._write_function(name, document) for name, document in documents.items()}
        self._write_stage(self.assembly.stage(documents, merged.values()), list(documents))
        progress("copying code")
        copied = {
            each.folder: each.tree.files for each in self.assembly.placements.values() if each.is_copied
        }
        for folder, files in {**copied, **self.assembly.layers}.items():
            self.target.write_code(folder, files)
        self.target.finish(folders)
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
    functions = [each.manifest for each in target.new.functions.values()]
    names = {each.name for each in assembly.planned}
    made = [each.manifest for name, each in target.new.functions.items() if name in names]
    stage = target.new.stages[assembly.stage_name].manifest
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
        next_steps=steps if functions else (),
    )


def _next_steps(assembly: Assembly, source: str) -> Iterator[str]:
    """The commands that a person runs next."""
    entries = assembly.findings.entries
    written = {each.source.id for each in assembly.planned}
    missing = [each for each in assembly.application.functions if each.id not in written]
    if missing:
        yield f"berth migrate import {shlex.quote(source)} --code {assembly.names[missing[0].id]}=PATH"
    is_asked = any(each.name.startswith("deployed.") and "--from-stack" in each.text for each in entries)
    if is_asked and not assembly.request.from_stack:
        yield f"berth migrate import {shlex.quote(source)} --from-stack NAME"
    if any("requirements.txt" in each.tree.files for each in assembly.placements.values()):
        yield "berth function install"
    stage = "" if assembly.stage_name == "dev" else f"BERTH_STAGE={assembly.stage_name} "
    yield f"{stage}berth migrate doctor"
    yield f"{stage}berth function check"
    yield f"{stage}berth run"
