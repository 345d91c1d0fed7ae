"""The report for people."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from berth.errors import printable
from berth.tools.migrate.model.findings import Class

# What people read, in this order, and what each class means.
_SHOWN = {
    Class.OPEN: "Open: these need a value or a decision of yours",
    Class.NOT_CARRIED: "Not carried: Berth has nothing for these",
    Class.ELSEWHERE: "Elsewhere: these stay in AWS, or belong to the deployment",
    Class.LEFT_OUT: "Left out",
}


def report_lines(report: Mapping[str, Any], *, is_dry_run: bool = False) -> Iterator[str]:
    """The lines of a report."""
    for kind, title in _SHOWN.items():
        entries = [each for each in report["entries"] if each["class"] == kind.title]
        if entries:
            yield f"{title}:"
            yield from (f"  {_line(each)}" for each in entries)
            yield ""
    yield from _names(report["names"])
    yield from _differences(report["differences"])
    yield from _iam(report["iam"])
    if report["next"]:
        yield "Next:"
        yield from (f"  {command}" for command in report["next"])
        yield ""
    yield f"{report['summary']}{' (nothing was written)' if is_dry_run else ''}"


def _line(entry: Mapping[str, Any]) -> str:
    place = f"{entry['file']}:{entry['line']}" if entry["line"] else entry["file"]
    parts = (place, entry["path"], entry["text"])
    return printable(": ".join(part for part in parts if part))


def _names(names: Mapping[str, str]) -> Iterator[str]:
    changed = {old: new for old, new in names.items() if old != new}
    if changed:
        yield "Names, old and new:"
        yield from (printable(f"  {old} -> {new}") for old, new in changed.items())
        yield ""


def _differences(differences: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    if not differences:
        return
    yield "Differences, where what is on disk stays:"
    for each in differences:
        key = f": {each['key']}" if "key" in each else ""
        yield printable(f"  {each['file']}{key}: {each['text']}")
        for sign, side in (("-", "hand"), ("+", "source")):
            if side in each:
                yield printable(f"    {sign} {json.dumps(each[side], ensure_ascii=False)}")
    yield ""


def _iam(iam: Mapping[str, Any]) -> Iterator[str]:
    if not iam:
        return
    yield f"Rights: the task role of ECS needs what {', '.join(iam)} may do (`iam` of import-report.json)."
    if len({str(each) for each in iam.values()}) > 1:
        yield "Their rights differ, and one task has one role: every function will have all of them."
    yield ""
