"""What the gateway knows about one request beside the request itself."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Stamp:
    """When a request arrived and the identifiers it was given."""

    request_id: str
    extended_request_id: str
    epoch_ms: int
    time: str  # as in an access log, UTC
    trace_header: str  # X-Amzn-Trace-Id as the event shows it
    trace_id: str  # the same, completed: what X-Ray and the response see


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the gateway found the caller to be."""

    api_key: str | None = None
    api_key_id: str | None = None


ANONYMOUS = Identity()
