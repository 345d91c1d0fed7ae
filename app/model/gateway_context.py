"""What the gateway knows about one request beside the request itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from app.model.authorizer import IamCredential


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
    """Who the gateway found the caller to be, and by which kind of authorizer."""

    api_key: str | None = None
    api_key_id: str | None = None
    kind: str | None = None  # lambda, cognito, jwt or iam
    principal_id: str = ""
    context: Mapping[str, Any] = field(default_factory=dict)  # of a Lambda authorizer
    latency: int = 0  # milliseconds a Lambda authorizer took
    claims: Mapping[str, Any] = field(default_factory=dict)  # of a token
    scopes: tuple[str, ...] | None = None
    credential: IamCredential | None = None
    iam: Mapping[str, str] = field(default_factory=dict)  # what API Gateway tells of a signature


ANONYMOUS = Identity()
