"""What every kind of execution environment promises."""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from functools import cached_property
from typing import Any, Protocol

from berth.model.function import Function
from berth.model.invocation import Invocation, InvocationResult


class State(Enum):
    """The life of an execution environment, in order."""

    NEW = "new"
    STARTED = "started"  # the interpreter runs, the function is not imported yet
    READY = "ready"  # warm: waits for an invocation or runs one
    DEAD = "dead"


@dataclass(frozen=True)
class Instance:
    """The identity of one execution environment."""

    id: str  # 32 hexadecimal digits
    is_provisioned: bool = False

    @property
    def initialization_type(self) -> str:
        """Why the environment was started, in Lambda's word."""
        return "provisioned-concurrency" if self.is_provisioned else "on-demand"

    @cached_property
    def log_stream_name(self) -> str:
        """The log stream that Lambda would write to."""
        return f"{datetime.now(UTC):%Y/%m/%d}/[$LATEST]{self.id}"


class ExecutionEnvironment(Protocol):
    """One warm place that runs one invocation at a time."""

    function: Function

    def is_alive(self) -> bool:
        """Whether it can take an invocation; its process may have ended by itself."""
        ...

    def is_ready(self) -> bool:
        """Whether the init phase is over."""
        ...

    def start(self) -> None:
        """Start the interpreter; raises EnvironmentDied if none can be had."""
        ...

    def invoke(self, invocation: Invocation) -> InvocationResult:
        """Run one invocation, the init phase before it if it is the first.

        What a fault makes of it is a result, too, in Lambda's words.
        """
        ...

    def initialize(self) -> InvocationResult | None:
        """Run the init phase alone: None, or the error it ended with; raises InvocationFault."""
        ...

    def kill(self) -> None:
        """Stop what it is doing from another thread: its invocation ends as if it had died.

        An environment that is no process cannot be stopped, and goes on to the end.
        """
        ...

    def retire(self) -> None:
        """End the environment and everything it started; harmless when it is DEAD."""
        ...


def runtime_headers(invocation: Invocation, deadline_ms: int) -> dict[str, Any]:
    """What the Runtime API tells about an invocation beside its event; epoch milliseconds."""
    return {
        "requestId": invocation.request_id,
        "traceId": invocation.trace_id,
        "arn": invocation.invoked_function_arn,
        "deadlineMs": deadline_ms,
        "clientContext": invocation.client_context,
        "cognitoIdentity": invocation.cognito_identity,
        "tenantId": invocation.tenant_id,
    }
