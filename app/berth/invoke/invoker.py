"""The one door to every function."""

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager

from berth.errors import EnvironmentDied, PayloadTooLarge
from berth.model.invocation import MAX_REQUEST_BYTES, Invocation, InvocationResult
from berth.runtime.environment import ExecutionEnvironment
from berth.runtime.environments import Environments
from berth.runtime.outcome import breakpoint_advice, fault_result, has_quit_debugger

log = logging.getLogger("berth")

# Around a run: entered with the environment before it runs, left before another invocation gets it.
Watch = Callable[[ExecutionEnvironment], AbstractContextManager[None]]


class Invoker:
    """Runs invocations in execution environments."""

    def __init__(self, environments: Environments) -> None:
        self._environments = environments

    def invoke(self, invocation: Invocation, watch: Watch | None = None) -> InvocationResult:
        """Run one invocation and wait for its result; a function error is a result too.

        Events come with a `watch`; requests have none.
        Raises Throttled and PayloadTooLarge: then no function was run.
        """
        if len(invocation.payload) > MAX_REQUEST_BYTES:
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
        if result.function_error and has_quit_debugger(result) and invocation.function.isolation == "process":
            log.warning("%s: %s", invocation.request_id, breakpoint_advice(invocation.function))
        return result
