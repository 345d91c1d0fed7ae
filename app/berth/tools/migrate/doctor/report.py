"""Writes what the doctor has found: lines and a table for people, JSON for tools."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from berth.tools.migrate.doctor.diagnosis import Diagnosis, Status
from berth.tools.migrate.doctor.findings import Finding, Severity

VERSION = 1  # of the JSON form: it changes when a key changes or goes


def write_lines(diagnosis: Diagnosis, root: Path) -> Iterator[str]:
    """The findings, a line for each, then the table of functions."""
    for finding in diagnosis.findings:
        columns = (_place(finding, root), finding.id, finding.severity.value, finding.text, finding.advice)
        yield "  ".join(columns)
    if diagnosis.findings:
        yield ""
    yield from write_table(diagnosis)
    yield ""
    yield _sum(diagnosis)


def write_table(diagnosis: Diagnosis) -> Iterator[str]:
    """A table in Markdown: for each function its status, and the rows of its errors, warnings and notes."""
    rows = [("function", "status", *(f"{severity}s" for severity in Severity))]
    rows += [
        (name, diagnosis.status(name).value, *(_ids(diagnosis.of(name), severity) for severity in Severity))
        for name in diagnosis.functions
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [f"| {' | '.join(map(str.ljust, row, widths))} |" for row in rows]
    yield lines[0]
    yield f"|{'|'.join('-' * (width + 2) for width in widths)}|"
    yield from lines[1:]


def write_document(diagnosis: Diagnosis, root: Path) -> dict[str, Any]:
    """The same as an object of JSON; docs/doctor.md describes it."""
    return {
        "version": VERSION,
        "stage": diagnosis.stage,
        "platform": diagnosis.target.platform,
        "python": diagnosis.target.python_version,
        "functions": [
            {
                "name": name,
                "status": diagnosis.status(name).value,
                **{f"{severity}s": len(_of(diagnosis.of(name), severity)) for severity in Severity},
            }
            for name in diagnosis.functions
        ],
        "findings": [
            {
                "file": relative(finding.path, root),
                "line": finding.line,
                "id": finding.id,
                "severity": finding.severity.value,
                "text": finding.text,
                "advice": finding.advice,
                "functions": list(names),
            }
            for finding, names in diagnosis.findings.items()
        ],
        "suppressed": [
            {"file": relative(each.path, root), "line": each.line, "id": each.id, "reason": each.reason}
            for each in diagnosis.suppressions
        ],
    }


def exit_status(diagnosis: Diagnosis, *, is_strict: bool) -> int:
    """1 if there is an error, 3 if there is a warning and the check is strict, or else 0."""
    severities = {finding.severity for finding in diagnosis.findings}
    if Severity.ERROR in severities:
        return 1
    return 3 if is_strict and Severity.WARNING in severities else 0


def relative(path: Path, root: Path) -> str:
    """A path as it is in the project, with slashes; one outside stays absolute."""
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.as_posix()


def _place(finding: Finding, root: Path) -> str:
    file = relative(finding.path, root)
    return f"{file}:{finding.line}" if finding.line else file


def _of(findings: list[Finding], severity: Severity) -> list[Finding]:
    return [finding for finding in findings if finding.severity is severity]


def _ids(findings: list[Finding], severity: Severity) -> str:
    """The rows of these findings, such as `D104 D111x3`."""
    counts = Counter(finding.id for finding in _of(findings, severity))
    return " ".join(f"{row}x{count}" if count > 1 else row for row, count in sorted(counts.items()))


def _sum(diagnosis: Diagnosis) -> str:
    counts = Counter(diagnosis.status(name) for name in diagnosis.functions)
    parts = [f"{counts[status]} {status.value}" for status in Status]
    functions = len(diagnosis.functions)
    said = f"{functions} function{'s' if functions != 1 else ''}: {', '.join(parts)}"
    suppressed = len(diagnosis.suppressions)
    return f"{said}; {suppressed} suppressed" if suppressed else said
