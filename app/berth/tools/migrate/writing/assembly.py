"""Putting the manifests of an import together: of each function, and of the stage."""

import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from berth.tools.migrate.model.application import Application, FunctionSource
from berth.tools.migrate.model.findings import Class, Finding, Findings, Problem
from berth.tools.migrate.model.request import ImportRequest
from berth.tools.migrate.model.values import Holes
from berth.tools.migrate.writing.acceptance import Acceptance
from berth.tools.migrate.writing.apis import Choice, choose_apis
from berth.tools.migrate.writing.authorizers import Authorizers
from berth.tools.migrate.writing.code import Codes, Placement
from berth.tools.migrate.writing.deployed import Placeholders
from berth.tools.migrate.writing.existing import Existing, routes_of
from berth.tools.migrate.writing.layers import LAYERS, LayerFolders
from berth.tools.migrate.writing.manifests import FunctionManifests
from berth.tools.migrate.writing.names import folder_names
from berth.tools.migrate.writing.places import Places
from berth.tools.migrate.writing.planning import PlannedFunction, plan_functions
from berth.tools.migrate.writing.readiness import code_findings, handler_findings
from berth.tools.migrate.writing.stage import StageManifest, stage_file_name
from berth.tools.migrate.writing.trees import CodeReader

Document = dict[str, Any]
_USED = re.compile(r"\$\{deployed\.([^}]*)\}")
_HAS_NONE = "has no Python function that could be imported"
_NAMES_NONE = (
    "no operation of it names a function of Lambda: export it with the extensions `integrations` and "
    "`authorizers`"
)
_HANDLER = re.compile(r"[^\s\0]+")


@dataclass
class Assembly:
    """The manifests of one import, and the code and layers that they name."""

    application: Application
    holes: Holes
    findings: Findings
    request: ImportRequest
    names: dict[str, str] = field(default_factory=dict)  # of functions' folders, by ids
    planned: list[PlannedFunction] = field(default_factory=list)
    placements: dict[str, Placement] = field(default_factory=dict)
    choice: Choice = field(default_factory=lambda: Choice(()))
    existing: Existing = field(default_factory=Existing)

    def plan(self, unpacked: Path, outputs: frozenset[Path]) -> None:
        """Find the code of every function, and plan which manifests there are."""
        functions = self.application.functions
        if not functions:
            self.findings.refuse(Problem(_NAMES_NONE if self.adds_routes else _HAS_NONE))
        self.names = folder_names(functions)
        self._places = Places(self.findings)
        self._codes = Codes(self.request, CodeReader(unpacked, outputs), self.findings)
        self._codes.find([each for each in functions if not self.has(each.id)], self.names)
        written = [each for each in functions if each.id in self._codes.trees or self.has(each.id)]
        ids = {each.id for each in written}
        self._check_handlers(written)
        self.choice = choose_apis(self.application.apis, self.request.apis, ids, self.findings)
        self.planned = plan_functions(written, self.names, self.choice, self.findings)
        if self.adds_routes:
            self._plan_additions()
        self._layers = LayerFolders(self._codes, self.findings, self.request.into)
        self._placeholders = Placeholders(self.holes, {each: self.names[each] for each in ids})
        every = (*self.choice.served, *self.choice.others)
        names, findings = self._placeholders.functions, self.findings
        self._authorizers = Authorizers(every, names, self._placeholders, findings, self._places)

    def _check_handlers(self, written: Iterable[FunctionSource]) -> None:
        for each in written:
            if not self.has(each.id) and not _HANDLER.fullmatch(each.handler):
                advice = f": give --handler {each.id}=module.attribute" if self.adds_routes else ""
                text = f"{each.id}: the handler {each.handler!r} must be module.attribute{advice}"
                self.findings.refuse(Problem(text, each.place.file, each.place.path))

    @property
    def adds_routes(self) -> bool:
        """Whether the source has no functions of its own."""
        return self.application.existing is not None

    def has(self, function_id: str) -> bool:
        """Whether a function is in the target already, and gets routes only."""
        return function_id in (self.application.existing or ())

    def _plan_additions(self) -> None:
        """Plan only what has routes: functions of the target, and those that the user has given."""
        self.existing = Existing.read(self.request.into, self.stage_name)
        self.planned = [each for each in self.planned if each.routes or not self.has(each.source.id)]
        missing = sorted(name for each, name in self.names.items() if not self.has(each))
        if not self.planned and missing:
            text = f"{', '.join(missing)}: not in the target, so that no route has a function: import what "
            advice = "has them first, or give --code NAME=PATH and --handler NAME=module.attribute"
            self.findings.refuse(Problem(f"{text}{advice}"))
        self.existing.check([each for each in self.planned if self.has(each.source.id)], self.findings)

    @property
    def layers(self) -> Mapping[str, Any]:
        """The files of each layer that is on this machine, by its folder below the target."""
        return {f"{LAYERS}/{name}": files for name, files in self._layers.files.items()}

    @property
    def stage_name(self) -> str:
        """The stage that Berth is started with."""
        return stage_file_name(self.choice, self.request)

    def functions(self, previous: Mapping[str, str]) -> dict[str, Document]:
        """The manifest of each function, by its name; `previous` are places where code has to stay."""
        own = [each for each in self.planned if not self.has(each.source.id)]
        self.placements = self._codes.place(own, previous)
        writer = FunctionManifests(
            self.application.functions,
            self._placeholders,
            self._authorizers.name,
            self.findings,
            self._places,
        )
        self._note_code()
        acceptance = Acceptance(self.findings, self._places)
        made = {each.name: acceptance.function(self._function(each, writer), each) for each in self.planned}
        added = {each.name for each in self.planned if self.has(each.source.id)}
        return {name: routes_of(each) if name in added else each for name, each in made.items()}

    def _note_code(self) -> None:
        told: set[str] = set()
        for each in self.planned:
            placement = self.placements.get(each.name)
            if placement is None:
                continue
            for finding in code_findings(each.source, placement):
                if finding.kind == Class.CARRIED or placement.folder not in told:
                    self.findings.add(finding)
            told.add(placement.folder)

    def _function(self, planned: PlannedFunction, writer: FunctionManifests) -> Document:
        if self.has(planned.source.id):
            return dict(self.existing.with_routes(planned.name, routes_of(writer.write(planned, "", []))))
        placement = self.placements[planned.name]
        names = self._layers.names_of(planned.source)
        local = [self._layers.files[name] for name in names if name in self._layers.files]
        place = self._places.of_function(planned.source, "Properties", "Handler")
        for finding in handler_findings(planned.source, placement, local, place):
            self.findings.add(finding)
        code = placement.from_folder(f"functions/{planned.name}")
        return writer.write(planned, code, [f"../../{LAYERS}/{name}" for name in names])

    def stage(self, made: Mapping[str, Document], on_disk: Mapping[str, Mapping[str, Any]]) -> Document:
        """The stage's manifest, of functions' manifests as they are made, and as they will be on disk."""
        apis, findings = self.choice.served, self.findings
        stage = StageManifest(
            self.application, self.choice, self.stage_name, self._placeholders, findings, self._places
        )
        authorizers = self._authorizers.definitions(apis)
        served = self._served(authorizers)
        acceptance = Acceptance(findings, self._places)
        document = acceptance.stage(stage.write(served, authorizers), stage.file)
        for finding in self._authorizers.undefined(apis, document.get("authorizers", {}), stage.file):
            findings.add(finding)
        self._placeholders.keep(_USED.findall(json.dumps([*on_disk.values(), document], ensure_ascii=False)))
        for finding in self._placeholders.open_findings(stage.file):
            findings.add(finding)
        if deployed := self._placeholders.document():
            document = acceptance.stage({**document, "deployed": deployed}, stage.file)
        own = {name: each for name, each in made.items() if served is None or name in served}
        if not self.adds_routes:
            acceptance.together(own, document, self.holes, stage.file)
            return document
        part = self._without_wider_cors(self.existing.part_of_stage(document, list(own)), own, stage.file)
        beside = {name: dict(each) for name, each in {**self.existing.sound(), **on_disk}.items()}
        acceptance.together(beside, dict(self.existing.around(part)), self.holes, stage.file)
        return part

    def _without_wider_cors(self, part: Document, names: Collection[str], file: str) -> Document:
        """What is added to a stage, without CORS where it would count for other functions, too."""
        others = self.existing.opened_by_cors(names) if "cors" in part else []
        if not others:
            return part
        text = f"cors would count for {', '.join(others)}, too: write it into {file} if that is right"
        place = self._places.of_api(self.choice.served[0], "x-amazon-apigateway-cors", "options")
        finding = Finding(Class.OPEN, place.path, f"{text}: {part['cors']}", place.file, name="cors")
        self.findings.add(finding)
        return {key: value for key, value in part.items() if key != "cors"}

    def _served(self, authorizers: Mapping[str, Mapping[str, Any]]) -> Sequence[str] | None:
        """The functions of the stage; None where it serves all, under all parameters."""
        asked = {each.get("function") for each in authorizers.values()}
        served = [each.name for each in self.planned if each.is_served or each.name in asked]
        is_all = len(served) == len(self.planned) and not self.application.has_conditions
        return None if is_all else served
