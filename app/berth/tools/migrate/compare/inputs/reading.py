"""Reads files of events and requests. What a file is shows in what it holds, not in its name."""

import gzip
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from berth.comparison.recording import recorded_event
from berth.comparison.redaction import Redactor
from berth.tools.migrate.compare.inputs.access_log import take_access_record
from berth.tools.migrate.compare.inputs.execution_log import ExecutionLog
from berth.tools.migrate.compare.inputs.har import har_entries, take_har
from berth.tools.migrate.compare.inputs.log_text import take_text
from berth.tools.migrate.compare.inputs.samples import (
    InputUnreadable,
    Samples,
    looks_like_event,
    parse_object,
)

RULES_FILE = "compare.json"  # beside events, and none of them
_MOST_BYTES = 256 * 1024 * 1024
_MOST_FILES = 20_000
# Where loggers put what they are given.
_LOGGED = ("message", "event", "msg", "log", "data", "payload", "input", "lambda_event")


def read_samples(paths: Iterable[Path], redactor: Redactor) -> Samples:
    """Read files, and all files of folders; raises InputUnreadable."""
    samples = Samples(redactor)
    for path in paths:
        for file in _files(path):
            _Reading(str(file), samples).take_file(_text_of(file))
    return samples


def _files(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    found = sorted(each for each in path.rglob("*") if each.is_file() and not _is_hidden(each, path))
    if len(found) > _MOST_FILES:
        raise InputUnreadable(f"{path}: has more than {_MOST_FILES} files")
    yield from (each for each in found if each.name != RULES_FILE)


def _is_hidden(file: Path, folder: Path) -> bool:
    return any(part.startswith(".") for part in file.relative_to(folder).parts)


def _text_of(file: Path) -> str:
    """The text of a file, unpacked if it is packed by gzip, as AWS delivers logs to S3."""
    try:
        with file.open("rb") as opened:
            is_packed = opened.read(2) == b"\x1f\x8b"
        with gzip.open(file) if is_packed else file.open("rb") as opened:
            content = opened.read(_MOST_BYTES + 1)
    except (OSError, EOFError, zlib.error) as wrong:
        raise InputUnreadable(
            f"{file}: cannot be read: {getattr(wrong, 'strerror', None) or wrong}"
        ) from wrong
    if len(content) > _MOST_BYTES:
        raise InputUnreadable(f"{file}: is larger than {_MOST_BYTES // 1024 // 1024} MB")
    if content[:4] == b"PAR1":
        raise InputUnreadable(f"{file}: is Parquet: convert it to JSON first")
    return content.decode("utf-8-sig", "replace")


class _Reading:
    """The reading of one file."""

    def __init__(self, place: str, samples: Samples) -> None:
        self._place = place
        self._samples = samples
        self._log = ExecutionLog()

    def take_file(self, text: str) -> None:
        """Add what a file holds."""
        before = len(self._samples.found), self._samples.skipped.total()
        document = parse_object(text)
        if isinstance(document, dict | list):
            self._take_document(document)
        else:
            take_text(text, self._place, self._samples, self._log, self._take_object)
        self._log.finish(self._samples)
        if before == (len(self._samples.found), self._samples.skipped.total()):
            self._samples.skip("a file without an event or a request")

    def _take_document(self, document: dict[str, Any] | list[Any]) -> None:
        """Add a file that is one JSON document; if nothing in it is anything else, it is events."""
        named = {self._place: document}
        if isinstance(document, list):
            named = {f"{self._place}#{number}": value for number, value in enumerate(document)}
        others = [place for place, value in named.items() if not self._take_object(value, place)]
        for place in others:
            if len(others) == len(named) and not _is_log_record(named[place]):
                self._samples.add_event(place, named[place])
            else:
                self._samples.skip("a record without an event")

    def _take_object(self, value: Any, place: str) -> bool:
        """Add what a JSON object is; returns whether it was recognised."""
        if not isinstance(value, dict):
            return False
        if (event := recorded_event(value)) is not None:
            self._samples.add_event(place, event)
        elif (entries := har_entries(value)) is not None:
            take_har(entries, place, self._samples)
        elif messages := list(_messages(value)):
            for number, message in enumerate(messages):
                self._take_message(message, f"{place}#{number}")
        elif events := _test_events(value):
            for name, event in events.items():
                self._samples.add_event(f"{place}#{name}", event)
        elif looks_like_event(value):
            self._samples.add_event(place, value)
        else:
            return (
                self._log.take_record(value, place)
                or self._take_logged(value, place)
                or take_access_record(value, place, self._samples)
            )
        return True

    def _take_message(self, message: str, place: str) -> None:
        """Add what one message of a log group holds."""
        take_text(message, place, self._samples, self._log, self._take_object)

    def _take_logged(self, record: dict[str, Any], place: str) -> bool:
        """Add the event that a logger was given, as an object or as text."""
        before = len(self._samples.found), self._samples.skipped.total()
        for value in (record[name] for name in _LOGGED if name in record):
            if looks_like_event(value):
                self._samples.add_event(place, value)
                return True
            if isinstance(value, str) and "{" in value:
                take_text(value, place, self._samples, ExecutionLog(), self._take_object)
        return before != (len(self._samples.found), self._samples.skipped.total())


def _messages(document: dict[str, Any]) -> Iterator[str]:
    """The messages that a command or a subscription has fetched from CloudWatch Logs."""
    for each in (*_listed(document.get("events")), *_listed(document.get("logEvents"))):
        if isinstance(each, dict) and isinstance(each.get("message"), str):
            yield each["message"]
    for row in _listed(document.get("results")):  # of Logs Insights
        for cell in _listed(row):
            if isinstance(cell, dict) and cell.get("field") == "@message":
                yield str(cell.get("value"))


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _is_log_record(value: Any) -> bool:
    """Whether a value is what a logger has written."""
    return isinstance(value, dict) and "message" in value and bool(value.keys() & {"level", "timestamp"})


def _test_events(document: dict[str, Any]) -> dict[str, Any]:
    """The shareable test events of the console, which are examples of a schema in EventBridge's registry."""
    if isinstance(document.get("Content"), str) and "SchemaName" in document:
        return _test_events(parse_object(document["Content"]) or {})
    components = document.get("components") if "openapi" in document else None
    examples = components.get("examples") if isinstance(components, dict) else None
    return {
        name: example["value"]
        for name, example in (examples.items() if isinstance(examples, dict) else ())
        if isinstance(example, dict) and "value" in example
    }
