"""Examines the functions of a project, one after the other, with every rule."""

import importlib
import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from berth.errors import Problem
from berth.manifest.document import UnreadableDocument, read_object, shown
from berth.manifest.loader import Catalog
from berth.model.function import Function
from berth.tools.migrate.doctor import (
    aws_calls,
    background_work,
    credentials,
    files_and_paths,
    gateway_limits,
    handler_context,
    lifecycle,
    logging_setup,
    missing_modules,
    native_tools,
    plugins,
    runtime_versions,
    services,
)
from berth.tools.migrate.doctor.findings import Finding, Severity, found
from berth.tools.migrate.doctor.layers_and_sizes import FolderSizes, LayerFiles, find_missing_layers
from berth.tools.migrate.doctor.module_graph import Library, ModuleGraph
from berth.tools.migrate.doctor.shared_objects import CompiledFiles
from berth.tools.migrate.doctor.source import Source
from berth.tools.migrate.doctor.subject import MANIFEST, Subject, Target
from berth.tools.migrate.doctor.suppressions import Suppression, read_suppressions, split
from berth.tools.migrate.doctor.texts import key_line

# Each looks at one file of a function.
SOURCE_RULES: tuple[Callable[[Source, Subject], Iterator[Finding]], ...] = (
    aws_calls.find_invocations,
    aws_calls.find_regions,
    background_work.find_processes,
    background_work.find_tasks,
    background_work.find_threads,
    background_work.find_work_at_exit,
    credentials.find_credentials,
    credentials.find_secrets,
    files_and_paths.find_lambda_folders,
    files_and_paths.find_tmp,
    files_and_paths.find_writes_beside_code,
    gateway_limits.find_durable_executions,
    gateway_limits.find_websockets,
    handler_context.find_memory,
    handler_context.find_parts_of_arns,
    lifecycle.find_questions_about_lambda,
    lifecycle.find_snapstart,
    lifecycle.find_work_at_import,
    logging_setup.find_log_handlers,
    logging_setup.find_metrics,
    native_tools.find_native_tools,
    plugins.find_chalice,
    services.find_extensions,
    services.find_instance_addresses,
    services.find_runtime_api,
    services.find_tracing,
)
# Each looks at one function as a whole.
FUNCTION_RULES: tuple[Callable[[Subject], Iterator[Finding]], ...] = (
    credentials.find_secrets_in_documents,
    files_and_paths.find_folders_in_variables,
    find_missing_layers,
    gateway_limits.find_gateway_timeout,
    gateway_limits.find_streams,
    handler_context.find_context_members,
    missing_modules.find_missing_modules,
    missing_modules.find_modules_that_will_go,
    plugins.find_handler_problems,
    runtime_versions.find_other_versions,
    services.find_extension_layers,
)


class Status(StrEnum):
    """What a function's findings mean together."""

    READY = "ready"  # nothing, or notes alone
    CHECK = "check"  # warnings
    BLOCKED = "blocked"  # errors


@dataclass(frozen=True)
class Diagnosis:
    """What was found in a project: each finding once, with the names of the functions that it is about."""

    stage: str
    target: Target
    functions: tuple[str, ...]
    findings: Mapping[Finding, tuple[str, ...]]  # no functions: it is about the stage
    suppressions: tuple[Suppression, ...]

    def of(self, function: str) -> list[Finding]:
        """The findings about one function."""
        return [finding for finding, names in self.findings.items() if function in names]

    def status(self, function: str) -> Status:
        """Whether a function can move as it is."""
        severities = {finding.severity for finding in self.of(function)}
        if Severity.ERROR in severities:
            return Status.BLOCKED
        return Status.CHECK if Severity.WARNING in severities else Status.READY


def diagnose(
    catalog: Catalog, problems: Iterable[Problem], target: Target, only: Collection[str] = ()
) -> Diagnosis:
    """Examine all functions of a catalog, or those in `only`; `problems` are what the loader says of it.

    No code of the functions runs.
    """
    importlib.invalidate_caches()
    examination = _Examination(catalog, tuple(problems), target)
    names = sorted(only or {*catalog.functions, *examination.unloaded})
    about: defaultdict[Finding, list[str]] = defaultdict(list)
    suppressions: dict[Suppression, None] = {}
    for name in names:
        kept, used = examination.examine(name)
        suppressions |= dict.fromkeys(used)
        for finding in dict.fromkeys(kept):
            about[finding].append(name)
    for finding in examination.of_stage():
        about.setdefault(finding, [])
    order = sorted(about, key=lambda each: (each.path, each.line, each.id, each.text))
    findings = {finding: tuple(about[finding]) for finding in order}
    return Diagnosis(catalog.stage.name, target, tuple(names), findings, tuple(sorted(suppressions)))


class _Examination:
    """One run over a project; what functions share is read once."""

    def __init__(self, catalog: Catalog, problems: tuple[Problem, ...], target: Target) -> None:
        self._catalog = catalog
        self._target = target
        self._library = Library()
        self._compiled = CompiledFiles(target)
        self._layer_files = LayerFiles()
        self._sizes = FolderSizes()
        self._stage_document = _document(catalog.sources.stage_file)
        folder = catalog.sources.functions_dir
        self._problems: defaultdict[str, list[Problem]] = defaultdict(list)
        owners = {shown(path.parent / MANIFEST): path.parent.name for path in folder.glob(f"*/{MANIFEST}")}
        self._names = frozenset(owners.values())
        for problem in problems:
            for name in _owners(problem, owners):
                self._problems[name].append(problem)
        self.unloaded = {name for name in self._problems if name and name not in catalog.functions}

    def examine(self, name: str) -> tuple[list[Finding], list[Suppression]]:
        """All findings about one function, and the suppressions that were used."""
        function = self._catalog.functions.get(name)
        problems = self._problems[name]
        if function is None:
            return [self._of_problem(problem) for problem in problems], []
        subject = self._subject(function, tuple(problems))
        findings = [self._of_problem(each) for each in problems if not _has_row(each)]
        findings += self._of_function(subject)
        suppressions: list[Suppression] = []
        for source in subject.sources:
            for rule in SOURCE_RULES:
                findings += rule(source, subject)
            own, wrong = read_suppressions(source)
            suppressions += own
            findings += wrong
        return split(findings, suppressions)

    def of_stage(self) -> list[Finding]:
        """The findings that are about no function."""
        return [self._of_problem(problem) for problem in self._problems[""]]

    def _subject(self, function: Function, problems: tuple[Problem, ...]) -> Subject:
        subject = Subject(
            function,
            self._target,
            routes=tuple(route for route in self._catalog.routes if route.function is function),
            neighbours=self._names,
            document=_document(function.directory / MANIFEST),
            stage_document=self._stage_document,
            stage_file=self._catalog.sources.stage_file,
            problems=problems,
        )
        if any(problem.key == "code" for problem in problems):
            return replace(subject, function=replace(function, code=function.directory))
        return ModuleGraph(subject, self._library).follow(subject)

    def _of_function(self, subject: Subject) -> Iterator[Finding]:
        for rule in FUNCTION_RULES:
            yield from rule(subject)
        yield from self._compiled.find(subject)
        yield from self._layer_files.find(subject)
        yield from self._sizes.find(subject)

    def _of_problem(self, problem: Problem) -> Finding:
        path = Path.cwd() / problem.file
        line = key_line(path, re.split(r"[.\[]", problem.key)[0])
        text = f"{problem.key}: {problem.message}" if problem.key else problem.message
        is_open = problem.key.startswith("deployed.") and problem.message.startswith("has no value")
        return found("open-name" if is_open else "manifest", path, line, problem=text)


def _owners(problem: Problem, owners: Mapping[str, str]) -> list[str]:
    """The functions that a problem is about: that of its file, or those that ask for a value."""
    if problem.file in owners:
        return [owners[problem.file]]
    return [name for file, name in owners.items() if f"{file}: " in problem.message] or [""]


def _has_row(problem: Problem) -> bool:
    """Whether a row of its own tells of a problem of a function's manifest."""
    is_missing_layer = problem.key.startswith("layers[") and problem.message.startswith("there is no folder")
    return problem.key == "handler" or is_missing_layer


def _document(file: Path) -> Mapping[str, object]:
    with suppress(UnreadableDocument):
        return read_object(file)
    return {}
