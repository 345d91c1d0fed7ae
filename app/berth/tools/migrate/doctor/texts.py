"""Reading files of a project that may be anything: what cannot be read is empty."""

import re
from pathlib import Path

_LARGEST = 8 * 1024 * 1024  # bytes


def read_text(file: Path) -> str:
    """The text of a file; empty if there is none, if it cannot be read or if it is very large."""
    try:
        return file.read_text("utf-8", errors="replace") if file.stat().st_size <= _LARGEST else ""
    except (OSError, ValueError):
        return ""


def key_line(file: Path, key: str) -> int:
    """The number of the first line of a JSON file that has a key; 0 if there is none."""
    form = re.compile(rf'"{re.escape(key)}"\s*:')
    lines = enumerate(read_text(file).splitlines(), 1)
    return next((number for number, line in lines if form.search(line)), 0)
