"""What every kind of execution environment offers, and what identifies one of them."""

import socket
from datetime import UTC, datetime
from enum import Enum
from functools import cached_property
from typing import Protocol

from berth.model.function import Function
from berth.model.invocation import Invocation, InvocationResult
from berth.model.value_class import value_class

# What the Runtime API tells of an invocation: its id, its trace, the function's ARN, the deadline in
# milliseconds since 1970, the client context, the Cognito identity and the tenant.
InvocationHead = tuple[str, str | None, str, int, str | None, str | None, str | None]


LONG_BYTES = 128 * 1024  # of a result


class LongResult(Exception):
    """Raised by look() for a result of more than LONG_BYTES, which a thread of its own should read."""


class State(Enum):
    """The states of an execution environment, in the order of its life."""

    NEW = "new"
    STARTED = "started"  # the interpreter runs; the function has not been imported
    READY = "ready"  # the function has been imported; the environment runs an invocation or waits for one
    DEAD = "dead"


# Python 3.11 takes long to find a member of an Enum by its name.
NEW, STARTED, READY, DEAD = State


@value_class
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
    """A place where one function runs, one invocation at a time."""

    function: Function

    def is_alive(self) -> bool:
        """Whether the environment can take an invocation; its process may have ended by itself."""
        ...

    def is_ready(self) -> bool:
        """Whether the init phase has succeeded."""
        ...

    def start(self) -> None:
        """Start the interpreter; raises EnvironmentDied if it cannot be started."""
        ...

    def invoke(self, invocation: Invocation) -> InvocationResult:
        """Run one invocation; before the first one, run the init phase.

        A fault, such as a timeout, is returned as a result that describes it in Lambda's words.
        """
        ...

    def initialize(self) -> InvocationResult | None:
        """Run the init phase alone.

        Returns None if the function was imported, or else the error that its import raised. Raises
        InvocationFault if the environment itself failed.
        """
        ...

    def log_tail(self, request_id: str) -> bytes:
        """The last 4,096 bytes of what an invocation has logged so far; nothing before it runs."""
        ...

    def kill(self) -> None:
        """End the running invocation from another thread, as if the process had died.

        An inline environment has no process: its invocation runs to its end.
        """
        ...

    def retire(self) -> None:
        """End the environment and every process that it started; does nothing if it is DEAD."""
        ...

    def begin(self, invocation: Invocation) -> socket.socket:
        """Begin an invocation of the function, which must have been imported; no thread has to wait for it.

        Returns the socket that is ready for reading once look() may find a result. Raises an exception if the
        environment has died.
        """
        ...

    def look(self) -> InvocationResult | None:
        """Take the result of the invocation that was begun; None if it is not there yet.

        Raises an exception if only await_result() can tell what has happened.
        """
        ...

    def await_result(self) -> InvocationResult:
        """Wait for the result of the invocation that was begun."""
        ...


def runtime_headers(invocation: Invocation, deadline_ms: int) -> InvocationHead:
    """What the Runtime API sends with an event; `deadline_ms` counts milliseconds since 1970."""
    return (
        invocation.request_id,
        invocation.trace_id,
        invocation.invoked_function_arn,
        deadline_ms,
        invocation.client_context,
        invocation.cognito_identity,
        invocation.tenant_id,
    )
