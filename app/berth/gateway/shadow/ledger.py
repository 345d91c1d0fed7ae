"""What a shadow has found: counts, and examples of differences without secrets. Nothing else is kept."""

import json
import os
import re
import threading
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from berth.comparison.comparer import describe_difference
from berth.comparison.difference import Comparison
from berth.comparison.redaction import Redactor

COPIED, NOT_ANSWERED, TOO_LARGE, DROPPED = "copies", "not answered", "too large", "dropped"

_SECONDS = 60.0  # between two lines of the log
_MOST_DIFFERENCES = 200
_INDEX = re.compile(r"\[\d+\]")


class Ledger:
    """Counts for one server process. `write` takes a line of the log, `clock` counts seconds."""

    def __init__(
        self,
        redactor: Redactor,
        report: Path | None,
        write: Callable[[str, dict[str, Any]], None],
        clock: Callable[[], float],
    ) -> None:
        self._redactor = redactor
        self._write = write
        self._clock = clock
        self._began = datetime.now(UTC)
        self._file = report / f"shadow-{self._began:%Y%m%dT%H%M%S}-{os.getpid()}.json" if report else None
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()
        self._routes: dict[str, Counter[str]] = {}
        self._differences: dict[tuple[str, str, str], dict[str, Any]] = {}
        self._told_at = clock()
        self._told: Counter[str] = Counter()

    def count(self, what: str, number: int = 1) -> None:
        """Count something that was not compared."""
        with self._lock:
            self._counts[what] += number

    def add(self, route: str, comparison: Comparison) -> None:
        """Count one comparison, and keep one example of each of its differences."""
        with self._lock:
            self._counts[comparison.verdict] += 1
            self._routes.setdefault(route, Counter())[comparison.verdict] += 1
            for difference in comparison.differences:
                # Which item of an array it was does not matter.
                key = route, _INDEX.sub("[*]", difference.place), difference.known or ""
                if key not in self._differences:
                    if len(self._differences) >= _MOST_DIFFERENCES:
                        self._counts["differences without an example"] += 1
                        continue
                    example = describe_difference(difference, self._redactor)
                    self._differences[key] = {"route": route, "count": 0, **example, "path": key[1]}
                self._differences[key]["count"] += 1

    def tick(self) -> None:
        """Tell of what is new, if a minute is over."""
        if self._clock() - self._told_at >= _SECONDS:
            self.tell()

    def tell(self) -> None:
        """Write a line of the log and the report, if there is anything new."""
        with self._lock:
            self._told_at = self._clock()
            if self._counts == self._told:
                return
            self._told = self._counts.copy()
            document = self._document()
        self._write(_words(document["counts"], len(document["routes"])), document["counts"])
        if self._file:
            _replace_file(self._file, json.dumps(document, indent=2, ensure_ascii=False))

    def _document(self) -> dict[str, Any]:
        return {
            "since": self._began.isoformat(timespec="seconds"),
            "until": datetime.now(UTC).isoformat(timespec="seconds"),
            "counts": dict(self._counts),
            "routes": {route: dict(counts) for route, counts in sorted(self._routes.items())},
            "differences": sorted(self._differences.values(), key=lambda each: -each["count"]),
        }


def _words(counts: dict[str, int], routes: int) -> str:
    """`200 copies of 3 routes: 198 equal, 2 different`."""
    rest = ", ".join(f"{number} {what}" for what, number in sorted(counts.items()) if what != COPIED)
    return f"{counts.get(COPIED, 0)} copies of {routes} routes: {rest or 'none compared'}"


def _replace_file(file: Path, text: str) -> None:
    """Write a file that nobody else can read, and that is whole whenever it is read."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    new = file.with_suffix(".new")
    with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as opened:
        opened.write(f"{text}\n")
    os.replace(new, file)
