"""One invocation in a recording: a line of JSON with the event and the result, without secrets."""

import json
from collections.abc import Mapping
from typing import Any

from berth.comparison.redaction import Redactor
from berth.model.value_class import value_class

_VERSION = "berthRecording"


@value_class
class RecordedInvocation:
    """An invocation as it was; `time` is in ISO 8601."""

    function: str
    time: str
    event: bytes
    result: bytes
    function_error: str | None = None


def write_recording(invocation: RecordedInvocation, redactor: Redactor) -> bytes:
    """The line of an invocation. Event and result are redacted; what is not JSON stays text."""
    document = {
        _VERSION: 1,
        "time": invocation.time,
        "function": invocation.function,
        "event": redactor.document(_read(invocation.event)),
        "result": redactor.document(_read(invocation.result)),
    }
    if invocation.function_error is not None:
        document["functionError"] = invocation.function_error
    return f"{json.dumps(document, ensure_ascii=False)}\n".encode("utf-8", "backslashreplace")


def is_recording(document: Mapping[str, Any]) -> bool:
    """Whether a JSON object is a line of a recording."""
    return document.get(_VERSION) == 1 and "event" in document


def recorded_event(document: Mapping[str, Any]) -> Any:
    """The event of a line of a recording; None if the object is none."""
    return document["event"] if is_recording(document) else None


def _read(payload: bytes) -> Any:
    try:
        return json.loads(payload or b"null")
    except (ValueError, RecursionError):
        return payload.decode("utf-8", "backslashreplace")
