"""Recordings in a folder: what is in them, and which files are old."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from berth.comparison.recording import is_recording
from berth.tools.migrate.compare.inputs.event_requests import event_method

_PATTERN = "*.jsonl"


@dataclass
class RecordedRoute:
    """What was recorded of one function and one route; times are in ISO 8601."""

    function: str
    route: str
    count: int = 0
    errors: int = 0  # function errors
    first: str = ""
    last: str = ""

    def add(self, line: Mapping[str, Any]) -> None:
        """Count one invocation."""
        time = str(line.get("time", ""))
        self.count += 1
        self.errors += "functionError" in line
        self.first = min(filter(None, (self.first, time)), default="")
        self.last = max(self.last, time)


def recording_files(folder: Path) -> list[Path]:
    """The files of a recording, the oldest first."""
    return sorted((each for each in folder.rglob(_PATTERN) if each.is_file()), key=lambda each: each.name)


def read_routes(folder: Path) -> list[RecordedRoute]:
    """What a folder holds, by function and route; lines of other programs are passed over."""
    routes: dict[tuple[str, str], RecordedRoute] = {}
    for line in _lines(folder):
        key = str(line.get("function")), _route(line["event"])
        routes.setdefault(key, RecordedRoute(*key)).add(line)
    return [routes[key] for key in sorted(routes)]


def prune(folder: Path, before: float) -> list[Path]:
    """Remove the files that were last written before a time, in seconds since 1970; returns their paths."""
    old = [each for each in recording_files(folder) if each.stat().st_mtime < before and _is_ours(each)]
    for each in old:
        each.unlink()
    return old


def _lines(folder: Path) -> Iterator[Mapping[str, Any]]:
    for file in recording_files(folder):
        with file.open("rb") as opened:
            yield from filter(None, map(_read_line, opened))


def _is_ours(file: Path) -> bool:
    """Whether a file is a recording: nothing else is ever removed."""
    with file.open("rb") as opened:
        return _read_line(opened.readline()) is not None


def _read_line(line: bytes) -> Mapping[str, Any] | None:
    try:
        document = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) and is_recording(document) else None


def _route(event: Any) -> str:
    """The route that an event came by: its key, or else its method and its path."""
    method = event_method(event)
    if method is None:
        return "-"
    return str(event.get("routeKey") or f"{method} {event.get('resource') or event.get('path')}")
