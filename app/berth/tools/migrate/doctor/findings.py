"""What the doctor finds: a row's text about one place. The rows themselves are in rows.toml."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path

from berth.errors import printable


class Severity(StrEnum):
    """What a finding means for a move: an error stops it, a warning wants a look, a note is to know."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True)
class Case:
    """One text of a row, with `{names}` for the facts of a finding."""

    id: str
    severity: Severity
    text: str
    advice: str


@dataclass(frozen=True)
class Finding:
    """One thing that was found: where, which row, what it says and what to do."""

    path: Path
    line: int  # 0: the whole file or folder
    id: str
    severity: Severity
    text: str
    advice: str


@cache
def cases() -> Mapping[str, Case]:
    """All cases by their names."""
    document = tomllib.loads(Path(__file__).with_name("rows.toml").read_text("utf-8"))
    return {
        name: Case(**entry | {"severity": Severity(entry["severity"])}) for name, entry in document.items()
    }


@cache
def row_ids() -> frozenset[str]:
    """The ids of all rows."""
    return frozenset(case.id for case in cases().values())


def found(case_name: str, path: Path, line: int = 0, **facts: object) -> Finding:
    """Make a finding of a case; what facts hold that cannot be printed is escaped."""
    case = cases()[case_name]
    shown = {name: printable(str(fact), 300) for name, fact in facts.items()}
    return Finding(path, line, case.id, case.severity, case.text.format(**shown), case.advice.format(**shown))
