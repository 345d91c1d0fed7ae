"""The report of an import: everything that a source says, in its class, sorted by its place in the source."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from berth.tools.migrate.model.application import Application
from berth.tools.migrate.model.findings import Class, Finding, Findings, Path, Problem, shown_path
from berth.tools.migrate.model.values import Holes, plain
from berth.tools.migrate.source.documents import SourceDocument, mapping_at
from berth.tools.migrate.writing.completeness import unclassified

REPORT = "import-report.json"
# The classes that the summary counts, in its order.
_COUNTED = (Class.OPEN, Class.ELSEWHERE, Class.NOT_CARRIED, Class.LEFT_OUT)
_RESOURCES = "Resources"


@dataclass(frozen=True)
class Sources:
    """The documents of an import, by their names."""

    documents: Sequence[SourceDocument]

    def line(self, file: str, path: Path) -> int:
        """The line of a path in a file; 0 where it is not known."""
        return next((each.line(path) for each in self.documents if each.file == file), 0) if path else 0

    def resource(self, file: str, path: Path) -> str:
        """The name of the resource, the parameter or the function that a path is in."""
        document = next((each for each in self.documents if each.file == file), None)
        for length in range(len(path), 0, -1):
            if document is not None and path[:length] in document.units:
                return str(mapping_at(document.tree, *path[:length]).get("address", ""))
        start = path.index(_RESOURCES) if _RESOURCES in path else 0
        return next((key for key in path[start + 1 : start + 2] if isinstance(key, str)), "")

    def place(self, file: str) -> int:
        """The number of a file, for sorting; unknown ones come last."""
        names = [each.file for each in self.documents]
        return names.index(file) if file in names else len(names)

    def settled(self, findings: Sequence[Finding]) -> list[Finding]:
        """The findings with paths that are there: what nobody wrote is told of at what is around it.

        What became of a value that nobody wrote is not told of by itself.
        """
        written = {each.file: each for each in self.documents}
        exact = {(each.file, each.path) for each in findings}
        made = []
        for each in findings:
            path = written[each.file].nearest(each.path) if each.file in written else each.path
            if path == each.path or each.kind != Class.CARRIED or (each.file, path) in exact:
                made.append(replace(each, path=path))
        return made

    def with_lines(self, problems: Iterable[Problem]) -> list[Problem]:
        """The problems with paths that are there and their lines, sorted by their places."""
        written = {each.file: each for each in self.documents}
        found = []
        for each in problems:
            path = written[each.file].nearest(each.path) if each.file in written else each.path
            line = each.line or self.line(each.file, each.path)
            found.append(Problem(each.message, each.file, path, line))
        return sorted(found, key=lambda each: (self.place(each.file), each.line, each.message))


@dataclass(frozen=True)
class Written:
    """What an import made, for the report: counts, names by ids, and the differences that stay."""

    source: str
    stage: str
    functions: int
    routes: int
    authorizers: int
    names: Mapping[str, str]
    differences: Sequence[Mapping[str, Any]]
    next_steps: Sequence[str] = field(default=())


def build_report(
    written: Written, application: Application, holes: Holes, findings: Findings, sources: Sources
) -> dict[str, Any]:
    """Build the document of `import-report.json`."""
    entries = _entries(findings, sources, written.names)
    counts = {kind.title: sum(each["class"] == kind.title for each in entries) for kind in _COUNTED}
    events = {
        written.names[each.id]: plain(dict(each.events)) for each in application.functions if each.events
    }
    return {
        "source": written.source,
        "stage": written.stage,
        "summary": _summary(written, counts),
        "entries": entries,
        "events": events,
        "iam": _iam(application, written.names),
        "names": _old_names(application, written.names),
        "parameters": {
            name: plain({key: each[key] for key in each if key != "value" or name not in holes.secrets})
            for name, each in sorted(application.parameters.items())
        },
        "differences": list(written.differences),
        "next": list(written.next_steps),
    }


def has_open_ends(report: Mapping[str, Any]) -> bool:
    """Whether a report has something that somebody has to decide."""
    kinds = {each["class"] for each in report["entries"]}
    return bool(report["differences"] or kinds & {Class.OPEN.title, Class.NOT_CARRIED.title})


def add_unclassified(
    findings: Findings, sources: Sources, application: Application, names: Mapping[str, str]
) -> None:
    """Add a finding for each part of the documents that no finding covers."""
    for document in sources.documents:
        own = {
            str(each.place.path[1]): names[each.id]
            for each in application.functions
            if each.place.file == document.file and each.place.path[:1] == (_RESOURCES,)
        }
        for finding in unclassified(document, findings, own):
            findings.add(finding)


def _entries(findings: Findings, sources: Sources, names: Mapping[str, str]) -> list[dict[str, Any]]:
    groups: defaultdict[tuple[str, Path], list[Finding]] = defaultdict(list)
    for each in sources.settled(findings.entries):
        groups[each.file, each.path].append(each)
    rows = [row for group in groups.values() for row in _rows(group)]
    rows.sort(key=lambda each: _place(each, sources))
    return [_entry(each, sources, names) for each in rows]


def _rows(group: Sequence[Finding]) -> list[Finding]:
    """One finding for one path: the highest class, with the texts of all; open names stay apart."""
    highest = max(each.kind for each in group)
    leaders: dict[str, Finding] = {}
    for each in group:
        if each.kind == highest:
            leaders.setdefault(each.name if highest == Class.OPEN else "", each)
    first, *others = leaders.values()
    led = {each.text for each in others}
    texts: list[str] = []
    for text in (first.text, *(each.text for each in group if each.text not in led)):
        if not any(text in told for told in texts):
            texts.append(text)
    function = first.function or next((each.function for each in group if each.function), "")
    joined = Finding(highest, first.path, "; ".join(texts), first.file, function, first.name, first.value)
    return [joined, *others]


def _place(finding: Finding, sources: Sources) -> tuple[Any, ...]:
    line = sources.line(finding.file, finding.path)
    return sources.place(finding.file), line, shown_path(finding.path), finding.name


def _entry(finding: Finding, sources: Sources, names: Mapping[str, str]) -> dict[str, Any]:
    entry = {
        "class": finding.kind.title,
        "resource": sources.resource(finding.file, finding.path),
        "path": shown_path(finding.path),
        "file": finding.file,
        "line": sources.line(finding.file, finding.path),
        "function": names.get(finding.function, finding.function),
        "text": finding.text,
    }
    optional = {"name": finding.name or None, "value": finding.value}
    return entry | {key: value for key, value in optional.items() if value is not None}


def _summary(written: Written, counts: Mapping[str, int]) -> str:
    made = (
        (written.functions, "function"),
        (written.routes, "route"),
        (written.authorizers, "authorizer"),
    )
    first = ", ".join(f"{number} {what}{'' if number == 1 else 's'}" for number, what in made)
    return f"{first}; {', '.join(f'{number} {kind}' for kind, number in counts.items())}"


def _iam(application: Application, names: Mapping[str, str]) -> dict[str, Any]:
    return {
        names[each.function]: {"statements": plain(list(each.statements)), "managed": list(each.managed)}
        for each in application.iam
        if each.function in names
    }


def _old_names(application: Application, names: Mapping[str, str]) -> dict[str, str]:
    """The new name of each function by its old one, which may have holes; by its id where it has none."""
    made: dict[str, str] = {}
    for each in application.functions:
        old = str(each.given_name) if each.given_name is not None else each.id
        made[each.id if old in made else old] = names[each.id]
    return made
