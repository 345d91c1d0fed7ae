"""One call of one function with one event, and its result."""

import json
from collections.abc import Callable
from dataclasses import field
from typing import Any

from berth.model.api_kind import ALB
from berth.model.function import Function
from berth.model.stamp import Stamp
from berth.model.value_class import value_class

try:
    import orjson
except ImportError:  # the extra `speed`
    orjson = None  # type: ignore[assignment]

Event = dict[str, Any]

# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
MAX_REQUEST_BYTES = 6_291_456
MAX_EVENT_BYTES = 1_048_576  # of an asynchronous invocation
_LONG_TEXT = 512  # characters of a body; a shorter one stays in the JSON
_MOST_ESCAPED = 6  # bytes that JSON takes at most for one byte of a text
# Bytes of a text for which JSON takes one byte, and those for which it takes two.
_NEVER_ESCAPED = bytes(code for code in range(32, 256) if code not in b'"\\')
_ESCAPED_BRIEFLY = b'"\\\b\f\n\r\t'
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


@value_class
class Parted:
    """A JSON object in two parts, because a long text takes long to be written and read as JSON.

    `body` is the text of its key `body` in UTF-8. The document is the object as JSON; unless `body` is empty,
    null is there in its place.

    `value` is the object itself, if it is at hand: exactly what reading its JSON would make. No dict or list
    in it belongs to anything else.
    """

    document: bytes
    body: bytes | memoryview
    most_escaped: int = _MOST_ESCAPED  # bytes that JSON takes at most for one byte of the body
    value: Event | None = field(default=None, compare=False, repr=False)

    def read(self, loads: Callable[[bytes], Any]) -> Any:
        """The object, whose document `loads` parses; raises ValueError, or what `loads` raises."""
        value = loads(self.document)
        if self.body:
            if type(value) is not dict:
                raise ValueError("only an object has a body")
            value["body"] = str(self.body, "utf-8")
        return value

    def joined(self) -> bytes:
        """The object as JSON; parts that are no JSON are joined as they are."""
        try:
            return encode_event(self.read(json.loads)) if self.body else self.document
        except (ValueError, RecursionError):  # a function may have sent anything
            return self.document + self.body

    def exceeds(self, most_bytes: int) -> bool:
        """Whether the object as compact JSON has more bytes; most often that is certain without counting."""
        quotes = len('""') - len("null") if self.body else 0
        least, more = len(self.document) + len(self.body) + quotes, self.most_escaped - 1
        if least > most_bytes or least + more * len(self.body) <= most_bytes:
            return least > most_bytes
        escaped = bytes(self.body).translate(None, _NEVER_ESCAPED)
        longest = escaped.translate(None, _ESCAPED_BRIEFLY)
        return least + len(escaped) + (more - 1) * len(longest) > most_bytes


def split_event(event: Event, *, keeps_value: bool = False) -> Parted:
    """Encode an event in two parts, and keep the event itself for a function that runs in the same process.

    An authorizer's answer is kept for other events, too, so an event that holds one is read from its JSON.
    """
    is_own = keeps_value and "authorizer" not in event.get("requestContext", ())
    body, own = event.get("body"), event if is_own else None
    if type(body) is not str or len(body) < _LONG_TEXT:
        return Parted(encode_event(event), b"", value=own)
    most_escaped = 1 if event.get("isBase64Encoded") is True else _MOST_ESCAPED
    return Parted(encode_event({**event, "body": None}), body.encode(), most_escaped, own)


Content = bytes | Parted  # JSON: an event or a result


def exceeds(content: Content, most_bytes: int) -> bool:
    """Whether an event or a result, as JSON, has more bytes."""
    return content.exceeds(most_bytes) if isinstance(content, Parted) else len(content) > most_bytes


def _whole(content: Content) -> bytes:
    return content.joined() if isinstance(content, Parted) else content


@value_class
class Invocation:
    """One invocation; its content is the event as JSON, empty when the caller sent none.

    API Gateway's events are in two parts. Who sends such an event can read a result in two parts.
    """

    function: Function
    content: Content
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
        # A load balancer counts the bytes of a result as the function has written them.
        if function.api is ALB:
            content: Content = encode_event(event)
        else:
            content = split_event(event, keeps_value=function.isolation == "inline")
        return cls(function, content, stamp.request_id, stamp.trace_id, cause=cause)

    @property
    def payload(self) -> bytes:
        """The event as JSON."""
        return _whole(self.content)

    @property
    def invoked_function_arn(self) -> str:
        """The function's ARN, qualified if the caller qualified it."""
        arn = self.function.arn
        return self.invoked_arn or (f"{arn}:{self.qualifier}" if self.qualifier else arn)

    def seconds(self, now: float) -> float:
        """How long it may run from now on (seconds since 1970): to the function's timeout or the deadline."""
        timeout = self.function.timeout
        return timeout if self.deadline_ms is None else max(0.0, min(timeout, self.deadline_ms / 1000 - now))


@value_class
class InvocationResult:
    """What a function's caller gets: a payload, the kind of function error if any, the end of the log."""

    content: Content  # the payload; in two parts for a gateway alone
    function_error: str | None = None
    log_tail: bytes = field(default=b"", compare=False, repr=False)  # the last 4,096 bytes
    is_cold: bool = field(default=False, compare=False, repr=False)  # the invocation waited for an init phase

    @property
    def payload(self) -> bytes:
        """The payload; if it came in two parts, JSON of the same value."""
        return _whole(self.content)

    @property
    def value(self) -> Any:
        """The payload read as JSON; raises ValueError if it is not JSON."""
        return self.read(json.loads)

    def read(self, loads: Callable[[bytes], Any]) -> Any:
        """The payload as `loads` reads JSON; raises ValueError if it is not JSON, or what `loads` raises."""
        return self.content.read(loads) if isinstance(self.content, Parted) else loads(self.content)


def encode_event(event: object) -> bytes:
    """Encode an event as compact UTF-8 JSON; lone surrogates stay JSON escapes."""
    if orjson is not None:
        try:
            return orjson.dumps(event)
        except TypeError:  # it takes no lone surrogate and no integer beyond 64 bits
            pass
    return _ENCODER.encode(event).encode("utf-8", "backslashreplace")
