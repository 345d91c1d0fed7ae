"""Templates of a test, opened as an import opens them."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from berth.tools.migrate.cloudformation.from_stack import Clients
from berth.tools.migrate.cloudformation.opening import open_stacks
from berth.tools.migrate.cloudformation.stack import Stack
from berth.tools.migrate.cloudformation.template import Resource
from berth.tools.migrate.model.findings import Findings, ImportRefused, shown_path
from berth.tools.migrate.model.request import ImportRequest
from berth.tools.migrate.model.values import Holes, Text, plain
from berth.tools.migrate.source.kinds import find_source

Files = Mapping[str, Any]


@dataclass
class Opened:
    """The stacks of a source, what is known of its values, and what the report says."""

    stacks: list[Stack]
    holes: Holes
    findings: Findings

    @property
    def stack(self) -> Stack:
        """The only stack that no other one nests."""
        (only,) = self.stacks
        return only

    def ids(self) -> list[str]:
        """The ids of all functions."""
        return [stack.id(each) for stack, each in self._functions()]

    def variables(self, function: str) -> dict[str, Any]:
        """The variables of a function by its id, as the manifest would have them."""
        stack, resource = self._function(function)
        value = stack.evaluator.evaluate(resource["Environment"])
        return {name: shown(each) for name, each in value["Variables"].items()}

    def place(self, *path: str | int) -> str:
        """Where a part of the only stack stands, as the report writes it."""
        found = self.stack.template.place(*path)
        return f"{found.file}: {shown_path(found.path)}"

    def notes(self, title: str = "") -> dict[str, str]:
        """The findings of a class, or all of them: path to text."""
        entries = [each for each in self.findings.entries if title in ("", each.kind.title)]
        return {shown_path(each.path): each.text for each in entries}

    def _function(self, function: str) -> tuple[Stack, Resource]:
        return next((stack, each) for stack, each in self._functions() if stack.id(each) == function)

    def _functions(self) -> Iterator[tuple[Stack, Resource]]:
        for root in self.stacks:
            for stack in root.whole():
                yield from ((stack, each) for each in stack.template.of_type("AWS::Lambda::Function"))


def shown(value: Any) -> Any:
    """An evaluated value as a manifest has it."""
    return str(value) if isinstance(value, Text) else plain(value)


def write_files(folder: Path, files: Files) -> None:
    """Write files; what is no text is written as JSON."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content))


def open_files(
    folder: Path, files: Files, source: str = "", clients: Clients | None = None, **options: Any
) -> Opened:
    """Write files and open one of them, or their folder; raises ImportRefused with every problem."""
    write_files(folder, files)
    found = find_source(str(folder / source))
    holes, findings = Holes(), Findings()
    request = ImportRequest(source=source, into=options.pop("into", folder / "into"), **options)
    stacks = open_stacks(found, request, holes, findings, clients)
    findings.raise_if_refused()
    return Opened(stacks, holes, findings)


def refusal(folder: Path, files: Files, source: str = "", **options: Any) -> str:
    """Why a source is refused: every problem in a line of its own."""
    try:
        open_files(folder, files, source, **options)
    except ImportRefused as refused:
        return str(refused)
    raise AssertionError("the source was not refused")
