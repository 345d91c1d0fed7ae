"""Asynchronous invocations: what is queued, what its page says, and how a function wants it to be run."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum
from typing import Any

from berth.model.value_class import value_class

_KEY_PREFIX = "whsec_"


@value_class(kw_only=True)
class AsyncConfig:
    """How a function's asynchronous invocations are retried, and who is told how they ended.

    A destination is the ARN of a queue, topic, event bus, bucket or function, or an https address.
    https://docs.aws.amazon.com/lambda/latest/api/API_PutFunctionEventInvokeConfig.html
    """

    maximum_retry_attempts: int = 2
    maximum_event_age_seconds: int = 21_600
    on_success: str | None = None
    on_failure: str | None = None
    dead_letter_queue: str | None = None
    # Whether a run that a planned stop of the server cuts off may begin again with no retry left.
    retry_safe: bool = False


DEFAULT_ASYNC_CONFIG = AsyncConfig()


@value_class
class Callback:
    """Whom a route tells of the end of each of its invocations."""

    url: str
    secret: str = field(repr=False)
    allow_private_addresses: bool = False

    def read_key(self) -> bytes:
        """The key in `whsec_...` that signs; raises ValueError, which holds nothing of the secret.

        https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
        """
        try:
            key = base64.b64decode(self.secret.removeprefix(_KEY_PREFIX), validate=True)
        except binascii.Error as wrong:
            raise ValueError(f"must be {_KEY_PREFIX} and base64") from wrong
        if not self.secret.startswith(_KEY_PREFIX) or not 24 <= len(key) <= 64:
            raise ValueError(f"must be {_KEY_PREFIX} and the base64 of 24 to 64 bytes")
        return key


@value_class(kw_only=True)
class Origin:
    """Who made an asynchronous invocation, and by which route: who else may read its page."""

    route: str | None = None  # the route's key; None for the Invoke API
    authorizer: str | None = None  # the route's authorizer, which a reader of the page is asked by, too
    identity: str | None = None  # of the caller; None for a route that anybody may call

    @classmethod
    def of(cls, known: Mapping[str, Any]) -> "Origin":
        """Read what was stored; keys that a later version has written are passed over."""
        return cls(**{name: known[name] for name in cls.__dataclass_fields__ if name in known})


NO_ORIGIN = Origin()


@value_class(kw_only=True)
class QueuedEvent:
    """One event in the queue; every attempt to run it has its request id."""

    request_id: str
    function: str  # the function's name
    payload: bytes = field(repr=False)
    created_at: float  # seconds since 1970
    trace_id: str | None = None
    qualifier: str | None = None
    origin: Origin = NO_ORIGIN


class InvocationState(StrEnum):
    """The states of an asynchronous invocation."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        """Whether nothing will change any more."""
        return self not in {InvocationState.QUEUED, InvocationState.RUNNING}


class Condition(StrEnum):
    """Why an asynchronous invocation ended, in the words of Lambda's destination records."""

    SUCCESS = "Success"
    RETRIES_EXHAUSTED = "RetriesExhausted"
    EVENT_AGE_EXCEEDED = "EventAgeExceeded"


@value_class(kw_only=True)
class InvocationPage:
    """What is known of one asynchronous invocation; times are seconds since 1970."""

    request_id: str
    function: str
    created_at: float
    origin: Origin = NO_ORIGIN
    state: InvocationState = InvocationState.QUEUED
    condition: Condition | None = None  # once it is final and was not cancelled
    attempts: int = 0  # runs that have begun; a run that was lost with its server is begun again, not counted
    failures: int = 0  # runs that ended in a function error
    throttles: int = 0  # times that no execution environment could be had
    losses: int = 0  # runs that were lost with their server
    started_at: float | None = None
    finished_at: float | None = None
    result: Any = None  # what the handler returned
    error: Any = None  # the error of the last run, as Lambda writes it
    is_cut: bool = False  # the result was too large for the store
    log_tail: str = ""
    delivered: tuple[str, ...] = ()  # who was told of the end, or cannot be told
    delivery_tries: int = 0  # that left somebody to be told later
