"""Hand-written fakes of the few protocols, for tests below the process."""

import threading

from berth.errors import EnvironmentDied
from berth.model.function import Function
from berth.model.invocation import Invocation, InvocationResult
from berth.runtime.environment import State
from berth.runtime.outcome import fault_result


class FakeEnvironment:
    """An execution environment without a process: echoes its payload, ends when told to.

    A payload of `b"die"` ends it; with `released` cleared, an invocation waits until it is set.
    """

    def __init__(self, function: Function) -> None:
        self.function = function
        self.state = State.NEW
        self.invocations = 0
        self.entered = threading.Event()
        self.released = threading.Event()
        self.released.set()

    def is_alive(self) -> bool:
        """Whether it is not DEAD."""
        return self.state is not State.DEAD

    def is_ready(self) -> bool:
        """Whether it is READY."""
        return self.state is State.READY

    def start(self) -> None:
        """Become STARTED."""
        self.state = State.STARTED

    def initialize(self) -> InvocationResult | None:
        """Become READY."""
        self.state = State.READY
        return None

    def invoke(self, invocation: Invocation) -> InvocationResult:
        """Echo the payload, once released."""
        self.state = State.READY
        self.invocations += 1
        self.entered.set()
        self.released.wait(10)
        if invocation.payload == b"die" or self.state is State.DEAD:
            self.retire()
            fault = EnvironmentDied("Runtime exited with error: exit status 1")
            return fault_result(fault, invocation.request_id)
        return InvocationResult(invocation.payload)

    def log_tail(self, request_id: str) -> bytes:
        """Nothing: it logs nothing."""
        return b""

    def kill(self) -> None:
        """End a waiting invocation as if the process had died."""
        self.state = State.DEAD
        self.released.set()

    def retire(self) -> None:
        """Become DEAD."""
        self.state = State.DEAD
        self.released.set()
