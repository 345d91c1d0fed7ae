"""Comments that switch a row off for one line: `# berth: ok D104 the file belongs to this function alone`."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from berth.tools.migrate.doctor.findings import Finding, found, row_ids
from berth.tools.migrate.doctor.source import Source

_COMMENT = re.compile(r"#\s*berth:\s*(?P<said>.*)")
_OK = re.compile(r"ok\s+(?P<ids>[A-Z][0-9]+(?:\s*,\s*[A-Z][0-9]+)*)(?P<reason>.*)")


@dataclass(frozen=True, order=True)
class Suppression:
    """One row that a comment switches off on one line, and why."""

    path: Path
    line: int
    id: str
    reason: str


def read_suppressions(source: Source) -> tuple[list[Suppression], list[Finding]]:
    """The suppressions in a file, and what is wrong with those that do not count."""
    suppressions: list[Suppression] = []
    findings: list[Finding] = []
    if "berth:" not in source.content:
        return suppressions, findings
    for line, comment in source.comments():
        about = _COMMENT.search(comment)
        if about is None:
            continue
        ids, reason, problem = _read(about["said"])
        if problem:
            findings.append(found("suppression", source.path, line, problem=problem))
        suppressions += [Suppression(source.path, line, each, reason) for each in ids if not problem]
    return suppressions, findings


def split(
    findings: Iterable[Finding], suppressions: Iterable[Suppression]
) -> tuple[list[Finding], list[Suppression]]:
    """The findings that no comment switches off, and the suppressions that were used."""
    by_place = {(each.path, each.line, each.id): each for each in suppressions}
    kept: list[Finding] = []
    used: dict[Suppression, None] = {}
    for finding in findings:
        suppression = by_place.get((finding.path, finding.line, finding.id))
        if suppression:
            used[suppression] = None
        else:
            kept.append(finding)
    return kept, list(used)


def _read(text: str) -> tuple[list[str], str, str]:
    """The ids and the reason of a comment, and what is wrong with it; empty if nothing is."""
    said = _OK.match(text)
    if said is None:
        return [], "", f"`berth: {text.strip()}` names no row that is ok here"
    ids = [each.strip() for each in said["ids"].split(",")]
    reason = said["reason"].strip(" :-–—")
    unknown = [each for each in ids if each not in row_ids()]
    if unknown:
        return [], "", f"there is no row {unknown[0]}"
    return ids, reason, "" if reason else f"says no reason why {', '.join(ids)} is ok here"
