"""D102: versions of Python that do not fit; removed modules are in missing_modules.py."""

import re
from collections.abc import Iterator

from berth.tools.migrate.doctor.findings import Finding, found
from berth.tools.migrate.doctor.subject import Subject


def find_other_versions(subject: Subject) -> Iterator[Finding]:
    """Tell that a function was written for another Python, and which files this one cannot read."""
    target, runtime = subject.target, subject.document.get("runtime")
    written_for = re.fullmatch(r"python(\d+)\.(\d+)", runtime) if isinstance(runtime, str) else None
    version = (int(written_for[1]), int(written_for[2])) if written_for else target.python
    if version != target.python:
        case, line = (
            "older-runtime" if version < target.python else "newer-runtime",
            subject.manifest_line("runtime"),
        )
        yield found(case, subject.manifest, line, runtime=runtime, python=target.python_version)
    for path, line, reason in subject.unreadable:
        yield found("syntax", path, line, reason=reason, python=target.python_version)
