"""How Lambda's supervisor words what happens to an environment: as text, or as JSON objects."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol


@dataclass(frozen=True)
class Source:
    """Which environment writes."""

    function_name: str
    instance_id: str
    initialization_type: str
    runtime_version: str
    memory_size: int  # MB


@dataclass(frozen=True)
class Outcome:
    """How a phase ended, in the words of platform events: success, error, failure or timeout."""

    status: str = "success"
    error_type: str | None = None
    message: str | None = None  # the supervisor's own word on it


@dataclass(frozen=True)
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
    """What an environment's log is made of; everything returned ends with a newline, or is empty."""

    def lines(self, source: Source, request_id: str, block: bytes) -> bytes:
        """Whole lines that the function printed."""
        ...

    def record(self, source: Source, request_id: str, message: bytes) -> bytes:
        """One log record of the function, which may have line ends within."""
        ...

    def init_start(self, source: Source) -> bytes:
        """The init phase starts."""
        ...

    def init_report(self, source: Source, phase: str, duration_ms: float, outcome: Outcome) -> bytes:
        """The init phase did not succeed."""
        ...

    def start(self, source: Source, request_id: str) -> bytes:
        """An invocation starts."""
        ...

    def report(self, source: Source, report: Report) -> bytes:
        """An invocation has ended."""
        ...


class TextFormat:
    """Lambda's plain text; what the function writes passes unaltered.

    https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html
    """

    def lines(self, source: Source, request_id: str, block: bytes) -> bytes:
        """Whole lines, as they are."""
        return block

    def record(self, source: Source, request_id: str, message: bytes) -> bytes:
        """One log record; CloudWatch takes it as one event, stdout needs the line's end."""
        return message if message.endswith(b"\n") else message + b"\n"

    def init_start(self, source: Source) -> bytes:
        """Nothing: Lambda's line names the ARN of a runtime version, and there is none."""
        return b""

    def init_report(self, source: Source, phase: str, duration_ms: float, outcome: Outcome) -> bytes:
        """INIT_REPORT."""
        return f"INIT_REPORT Init Duration: {duration_ms:.2f} ms\tPhase: {phase}{_status(outcome)}\n".encode()

    def start(self, source: Source, request_id: str) -> bytes:
        """START."""
        return f"START RequestId: {request_id} Version: $LATEST\n".encode()

    def report(self, source: Source, report: Report) -> bytes:
        """END, REPORT, and what the supervisor adds when the runtime was ended."""
        cold = report.init_duration_ms
        init = "" if cold is None else f"\tInit Duration: {cold:.2f} ms"
        outcome = report.outcome
        # An error that the handler raised is the function's own affair: it has no type here.
        end = _status(outcome) if outcome.error_type or outcome.status == "timeout" else "\t"
        return (
            f"END RequestId: {report.request_id}\n"
            f"REPORT RequestId: {report.request_id}\tDuration: {report.duration_ms:.2f} ms"
            f"\tBilled Duration: {report.billed_ms} ms\tMemory Size: {source.memory_size} MB"
            f"\tMax Memory Used: {report.max_memory_used} MB{init}"
            f"{end}\n"
            f"{_last_word(report)}"
        ).encode()


def _status(outcome: Outcome) -> str:
    if outcome.error_type is None:
        return f"\tStatus: {outcome.status}"
    return f"\tStatus: error\tError Type: {outcome.error_type}"


def _last_word(report: Report) -> str:
    outcome = report.outcome
    if outcome.message is None:
        return ""
    if outcome.status == "timeout":
        return f"{_now()} {report.request_id} {outcome.message}\n"
    return f"RequestId: {report.request_id} Error: {outcome.message}\n{outcome.error_type}\n"


class JsonFormat:
    """One JSON object a line: platform events as Lambda's, and what the function writes with its keys.

    https://docs.aws.amazon.com/lambda/latest/dg/telemetry-schema-reference.html
    """

    def lines(self, source: Source, request_id: str, block: bytes) -> bytes:
        """One object for each line."""
        time, origin = _now(), _origin(source, request_id)
        rows = block.removesuffix(b"\n").split(b"\n")
        return b"".join(_record(row, time, origin) for row in rows)

    def record(self, source: Source, request_id: str, message: bytes) -> bytes:
        """One object; one that the function wrote keeps its text and gains what it lacks."""
        return _record(message, _now(), _origin(source, request_id))

    def init_start(self, source: Source) -> bytes:
        """platform.initStart."""
        record = {
            "initializationType": source.initialization_type,
            "phase": "init",
            "runtimeVersion": source.runtime_version,
            "functionName": source.function_name,
            "functionVersion": "$LATEST",
            "instanceId": source.instance_id,
            "instanceMaxMemory": source.memory_size * 1024 * 1024,
        }
        return _event("initStart", record)

    def init_report(self, source: Source, phase: str, duration_ms: float, outcome: Outcome) -> bytes:
        """platform.initReport."""
        record = {
            "initializationType": source.initialization_type,
            "phase": phase,
            **_outcome(outcome),
            "metrics": {"durationMs": round(duration_ms, 3)},
        }
        return _event("initReport", record)

    def start(self, source: Source, request_id: str) -> bytes:
        """platform.start."""
        return _event("start", {"requestId": request_id, "version": "$LATEST"})

    def report(self, source: Source, report: Report) -> bytes:
        """platform.report."""
        metrics: dict[str, float] = {
            "durationMs": round(report.duration_ms, 3),
            "billedDurationMs": report.billed_ms,
            "memorySizeMB": source.memory_size,
            "maxMemoryUsedMB": report.max_memory_used,
        }
        if report.init_duration_ms is not None:
            metrics["initDurationMs"] = round(report.init_duration_ms, 3)
        record = {"requestId": report.request_id, "metrics": metrics, **_outcome(report.outcome)}
        return _event("report", record)


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


def _event(kind: str, record: Mapping[str, Any]) -> bytes:
    return _line({"time": _now(), "type": f"platform.{kind}", "record": record})


def _line(document: Mapping[str, Any]) -> bytes:
    return f"{_dumps(document)}\n".encode("utf-8", "backslashreplace")


def _dumps(document: Mapping[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


def _read_object(text: str) -> dict[str, Any] | None:
    """The JSON object a line is, or None; NaN and Infinity are not JSON."""
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
