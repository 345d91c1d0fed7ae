"""One call of one function with one event, and its result."""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from berth.model.function import Function
from berth.model.stamp import Stamp

try:
    import orjson
except ImportError:  # the extra `speed`
    orjson = None  # type: ignore[assignment]

Event = Mapping[str, Any]

# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
MAX_REQUEST_BYTES = 6_291_456
MAX_EVENT_BYTES = 1_048_576  # of an asynchronous invocation
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class Invocation:
    """One invocation; `payload` is the event as JSON, empty when the caller sent none."""

    function: Function
    payload: bytes
    request_id: str
    trace_id: str | None = None
    client_context: str | None = None
    cognito_identity: str | None = None
    tenant_id: str | None = None
    qualifier: str | None = None
    invoked_arn: str | None = None  # as a bridge on Lambda was invoked by; None: the function's own
    deadline_ms: int | None = None  # since 1970: when the caller's own time is over; None: never
    cause: tuple[str, ...] = ()  # what asked for it, in words for a reader of the log: `GET`, `/orders/7`

    @classmethod
    def of_event(cls, function: Function, event: Event, stamp: Stamp, *cause: str) -> "Invocation":
        """The invocation that a gateway makes for one event."""
        return cls(function, encode_event(event), stamp.request_id, stamp.trace_id, cause=cause)

    @property
    def invoked_function_arn(self) -> str:
        """The function's ARN, qualified if the caller qualified it."""
        arn = self.function.arn
        return self.invoked_arn or (f"{arn}:{self.qualifier}" if self.qualifier else arn)

    def seconds(self, now: float) -> float:
        """How long it may run from now on (seconds since 1970): to the function's timeout or the deadline."""
        timeout = self.function.timeout
        return timeout if self.deadline_ms is None else max(0.0, min(timeout, self.deadline_ms / 1000 - now))


@dataclass(frozen=True, slots=True)
class InvocationResult:
    """What a function's caller gets: a payload, the kind of function error if any, the end of the log."""

    payload: bytes
    function_error: str | None = None
    log_tail: bytes = field(default=b"", compare=False, repr=False)  # the last 4,096 bytes
    is_cold: bool = field(default=False, compare=False, repr=False)  # the invocation waited for an init phase

    @property
    def value(self) -> Any:
        """The payload read as JSON; raises ValueError if it is not JSON."""
        return json.loads(self.payload)


def encode_event(event: object) -> bytes:
    """Encode an event as compact UTF-8 JSON; lone surrogates stay JSON escapes."""
    if orjson is not None:
        with suppress(TypeError):  # it takes no lone surrogate and no integer beyond 64 bits
            return orjson.dumps(event)
    return _ENCODER.encode(event).encode("utf-8", "backslashreplace")
