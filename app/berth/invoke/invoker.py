"""The one door to every function."""

import logging
import socket
from collections.abc import Callable
from contextlib import AbstractContextManager

from berth.errors import EnvironmentDied, PayloadTooLarge
from berth.model.function import Function
from berth.model.invocation import MAX_REQUEST_BYTES, Invocation, InvocationResult, exceeds
from berth.runtime.environment import ExecutionEnvironment
from berth.runtime.environments import Environments
from berth.runtime.outcome import breakpoint_advice, fault_result, has_quit_debugger

log = logging.getLogger("berth")

# Around a run: entered with the environment before it runs, left before another invocation gets it.
Watch = Callable[[ExecutionEnvironment], AbstractContextManager[None]]


class Loan:
    """A warm environment for one invocation, which runs while no thread waits for it.

    After begin() one thread at a time may call look() and wait(); the first result ends the loan.
    """

    def __init__(self, environment: ExecutionEnvironment, give_back: Callable[[], None]) -> None:
        self._environment = environment
        self._give_back = give_back
        self._invocation: Invocation | None = None
        self._result: InvocationResult | None = None

    def begin(self, invocation: Invocation) -> socket.socket:
        """Begin it; returns the socket that is ready for reading once look() may find a result."""
        connection = self._environment.begin(invocation)
        self._invocation = invocation
        return connection

    def look(self) -> InvocationResult | None:
        """The result, if it is there; raises an exception if only wait() can tell what has happened."""
        if self._result is None and (result := self._environment.look()) is not None:
            self._end(result)
        return self._result

    def wait(self) -> InvocationResult:
        """Wait for the result; a function error is a result too. An exception ends the loan as well."""
        if self._result is None:
            try:
                result = self._environment.await_result()
            except BaseException:
                self._give_back()
                raise
            self._end(result)
        assert self._result is not None
        return self._result

    def cancel(self) -> None:
        """Give the environment back without a result: none was begun, or the server ends."""
        self._give_back()

    def _end(self, result: InvocationResult) -> None:
        assert self._invocation is not None
        self._result = result
        self._give_back()
        _advise(self._invocation, result)


class Invoker:
    """Runs invocations in execution environments."""

    def __init__(self, environments: Environments) -> None:
        self._environments = environments

    def invoke(self, invocation: Invocation, watch: Watch | None = None) -> InvocationResult:
        """Run one invocation and wait for its result; a function error is a result too.

        Events come with a `watch`; requests have none.
        Raises Throttled and PayloadTooLarge: then no function was run.
        """
        if exceeds(invocation.content, MAX_REQUEST_BYTES):
            raise PayloadTooLarge(len(invocation.payload), MAX_REQUEST_BYTES)
        environments, function = self._environments, invocation.function
        try:
            if watch is None:
                with environments.environment(function) as environment:
                    result = environment.invoke(invocation)
            else:
                with environments.environment(function, is_event=True) as environment, watch(environment):
                    result = environment.invoke(invocation)
        except EnvironmentDied as fault:  # no environment could be had; else its log tells
            log.warning("%s: %s: %s", invocation.request_id, function.name, fault.reason)
            return fault_result(fault, invocation.request_id)
        _advise(invocation, result)
        return result

    def borrow(self, function: Function) -> Loan | None:
        """A warm environment for an invocation that no thread waits for; None if it needs to wait."""
        warm = self._environments.take_warm(function)
        return Loan(*warm) if warm else None


def _advise(invocation: Invocation, result: InvocationResult) -> None:
    """Say in the log what to do, if the function failed because pdb had no terminal."""
    if result.function_error and has_quit_debugger(result) and invocation.function.isolation == "process":
        log.warning("%s: %s", invocation.request_id, breakpoint_advice(invocation.function))
