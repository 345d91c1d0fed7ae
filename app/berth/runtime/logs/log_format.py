"""The two formats of an environment's log, in the words of Lambda's supervisor: text and JSON."""

import json
import math
import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol

from berth.errors import printable
from berth.model.value_class import value_class

_LONGEST_WORD = 200  # characters of a client's own words, such as a path


@value_class
class Source:
    """The environment that a log line comes from."""

    function_name: str
    instance_id: str
    initialization_type: str
    runtime_version: str
    memory_size: int  # MB


@value_class
class Outcome:
    """How a phase ended, in the words of platform events: success, error, failure or timeout."""

    status: str = "success"
    error_type: str | None = None
    message: str | None = None  # what the supervisor writes about it


@value_class
class Report:
    """The figures of one invocation."""

    request_id: str
    duration_ms: float
    max_memory_used: int  # MB
    init_duration_ms: float | None  # None unless the init phase ran before this invocation
    outcome: Outcome

    @property
    def billed_ms(self) -> int:
        """The duration as Lambda bills it."""
        return math.ceil(self.duration_ms)


class LogFormat(Protocol):
    """Formats the parts of an environment's log; every returned value ends with a newline or is empty."""

    def lines(self, source: Source, request_id: str, block: bytes) -> bytes:
        """Format whole lines that the function printed."""
        ...

    def record(self, source: Source, request_id: str, message: bytes) -> bytes:
        """Format one log record of the function; it may contain line ends."""
        ...

    def init_start(self, source: Source) -> bytes:
        """Format the start of the init phase."""
        ...

    def init_report(self, source: Source, phase: str, duration_ms: float, outcome: Outcome) -> bytes:
        """Format the report of an init phase that failed."""
        ...

    def preface(self, source: Source, cause: Sequence[str]) -> bytes:
        """Format what people read before an invocation: its function, and what asked for it."""
        ...

    def start(self, source: Source, request_id: str) -> bytes:
        """Format the start of an invocation."""
        ...

    def report(self, source: Source, report: Report) -> bytes:
        """Format the end of an invocation with its figures."""
        ...


class TextFormat:
    """Lambda's plain text; what the function writes is left unchanged.

    https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html
    """

    def lines(self, source: Source, request_id: str, block: bytes) -> bytes:
        """Leave whole lines unchanged."""
        return block

    def record(self, source: Source, request_id: str, message: bytes) -> bytes:
        """End a log record with a newline, because on stdout only a line end separates records."""
        return message if message.endswith(b"\n") else message + b"\n"

    def init_start(self, source: Source) -> bytes:
        """Write no line: Lambda's names the ARN of a runtime version, and Berth has no such ARN."""
        return b""

    def init_report(self, source: Source, phase: str, duration_ms: float, outcome: Outcome) -> bytes:
        """Write Lambda's INIT_REPORT line."""
        return f"INIT_REPORT Init Duration: {duration_ms:.2f} ms\tPhase: {phase}{_status(outcome)}\n".encode()

    def preface(self, source: Source, cause: Sequence[str]) -> bytes:
        """Write no line that Lambda would not write."""
        return b""

    def start(self, source: Source, request_id: str) -> bytes:
        """Write Lambda's START line."""
        return f"START RequestId: {request_id} Version: $LATEST\n".encode()

    def report(self, source: Source, report: Report) -> bytes:
        """Write the END and REPORT lines, and what Lambda adds if the runtime was ended."""
        cold = report.init_duration_ms
        init = "" if cold is None else f"\tInit Duration: {cold:.2f} ms"
        outcome = report.outcome
        # Lambda reports no type for an error that the handler raised.
        end = _status(outcome) if outcome.error_type or outcome.status == "timeout" else "\t"
        return (
            f"END RequestId: {report.request_id}\n"
            f"REPORT RequestId: {report.request_id}\tDuration: {report.duration_ms:.2f} ms"
            f"\tBilled Duration: {report.billed_ms} ms\tMemory Size: {source.memory_size} MB"
            f"\tMax Memory Used: {report.max_memory_used} MB{init}"
            f"{end}\n"
            f"{_closing_lines(report)}"
        ).encode()


def _status(outcome: Outcome) -> str:
    if outcome.error_type is None:
        return f"\tStatus: {outcome.status}"
    return f"\tStatus: error\tError Type: {outcome.error_type}"


def _closing_lines(report: Report) -> str:
    outcome = report.outcome
    if outcome.message is None:
        return ""
    if outcome.status == "timeout":
        return f"{_now()} {report.request_id} {outcome.message}\n"
    return f"RequestId: {report.request_id} Error: {outcome.message}\n{outcome.error_type}\n"


class TerminalFormat(TextFormat):
    """Lambda's plain text for people at a terminal: each invocation's function is named before it."""

    def preface(self, source: Source, cause: Sequence[str]) -> bytes:
        """Write a line such as `orders: GET /orders/7`."""
        words = (printable(word, _LONGEST_WORD) for word in cause)
        return f"{source.function_name}: {' '.join(words)}\n".encode() if cause else b""


class JsonFormat:
    """One JSON object for each line: Lambda's platform events, and what the function writes.

    https://docs.aws.amazon.com/lambda/latest/dg/telemetry-schema-reference.html
    """

    def lines(self, source: Source, request_id: str, block: bytes) -> bytes:
        """Make one object of each line."""
        time, origin = _now(), _origin(source, request_id)
        rows = block.removesuffix(b"\n").split(b"\n")
        return b"".join(_record(row, time, origin) for row in rows)

    def record(self, source: Source, request_id: str, message: bytes) -> bytes:
        """Make one object of a record; a JSON object keeps its text and gets the keys that it lacks."""
        return _record(message, _now(), _origin(source, request_id))

    def init_start(self, source: Source) -> bytes:
        """Write the event platform.initStart."""
        record = {
            "initializationType": source.initialization_type,
            "phase": "init",
            "runtimeVersion": source.runtime_version,
            "functionName": source.function_name,
            "functionVersion": "$LATEST",
            "instanceId": source.instance_id,
            "instanceMaxMemory": source.memory_size * 1024 * 1024,
        }
        return _event("initStart", record, source)

    def init_report(self, source: Source, phase: str, duration_ms: float, outcome: Outcome) -> bytes:
        """Write the event platform.initReport."""
        record = {
            "initializationType": source.initialization_type,
            "phase": phase,
            **_outcome(outcome),
            "metrics": {"durationMs": round(duration_ms, 3)},
        }
        return _event("initReport", record, source)

    def preface(self, source: Source, cause: Sequence[str]) -> bytes:
        """Write no line: every object names its function."""
        return b""

    def start(self, source: Source, request_id: str) -> bytes:
        """Write the event platform.start."""
        return _event("start", {"requestId": request_id, "version": "$LATEST"}, source)

    def report(self, source: Source, report: Report) -> bytes:
        """Write the event platform.report."""
        metrics: dict[str, float] = {
            "durationMs": round(report.duration_ms, 3),
            "billedDurationMs": report.billed_ms,
            "memorySizeMB": source.memory_size,
            "maxMemoryUsedMB": report.max_memory_used,
        }
        if report.init_duration_ms is not None:
            metrics["initDurationMs"] = round(report.init_duration_ms, 3)
        record = {"requestId": report.request_id, "metrics": metrics, **_outcome(report.outcome)}
        return _event("report", record, source)


def _origin(source: Source, request_id: str) -> dict[str, str]:
    origin = {"functionName": source.function_name, "instanceId": source.instance_id}
    return {"requestId": request_id, **origin} if request_id else origin


def _record(message: bytes, time: str, origin: Mapping[str, str]) -> bytes:
    text = message.decode("utf-8", "backslashreplace").removesuffix("\n")
    written = _read_object(text)
    if written is None:
        return _line({"timestamp": time, "message": text, **origin})
    added = {key: value for key, value in origin.items() if key not in written}
    if not added:
        return f"{text.strip()}\n".encode()
    joint = "," if written else ""
    return f"{text.rstrip()[:-1]}{joint}{_dumps(added)[1:]}\n".lstrip().encode()


def _outcome(outcome: Outcome) -> dict[str, str]:
    record = {"status": outcome.status}
    if outcome.error_type is not None:
        record["errorType"] = outcome.error_type
    return record


def _event(kind: str, record: Mapping[str, Any], source: Source) -> bytes:
    """A platform event; as one log holds all functions, it names its own beside Lambda's three keys."""
    return _line({"time": _now(), "type": f"platform.{kind}", "record": record, **_origin(source, "")})


def _line(document: Mapping[str, Any]) -> bytes:
    return f"{_dumps(document)}\n".encode("utf-8", "backslashreplace")


def _dumps(document: Mapping[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


def _read_object(text: str) -> dict[str, Any] | None:
    """Read a line that is one JSON object, or return None; NaN and Infinity are not JSON."""
    if not text.lstrip().startswith("{"):
        return None
    try:
        document = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) and "\n" not in text else None


def _refuse(constant: str) -> None:
    raise ValueError(constant)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


LOG_FORMATS: Mapping[str, LogFormat] = {"text": TextFormat(), "json": JsonFormat()}
_TERMINAL = TerminalFormat()


def find_format(name: str, descriptor: int) -> LogFormat:
    """The format that BERTH_LOG_FORMAT names, for a log that is written to this descriptor."""
    return _TERMINAL if name == "text" and os.isatty(descriptor) else LOG_FORMATS[name]
