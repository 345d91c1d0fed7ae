"""The one door to every function."""

import logging
from collections.abc import Callable

from berth.errors import EnvironmentDied, PayloadTooLarge
from berth.model.invocation import MAX_REQUEST_BYTES, Invocation, InvocationResult
from berth.runtime.environment import ExecutionEnvironment
from berth.runtime.environments import Environments
from berth.runtime.outcome import breakpoint_advice, fault_result, has_quit_debugger

log = logging.getLogger("berth")

Watch = Callable[[ExecutionEnvironment], None]


class Invoker:
    """Runs invocations in execution environments."""

    def __init__(self, environments: Environments) -> None:
        self._environments = environments

    def invoke(self, invocation: Invocation, watch: Watch | None = None) -> InvocationResult:
        """Run one invocation and wait for its result; a function error is a result too.

        `watch` is called with the environment before it runs the invocation.
        Raises Throttled and PayloadTooLarge: then no function was run.
        """
        if len(invocation.payload) > MAX_REQUEST_BYTES:
            raise PayloadTooLarge(len(invocation.payload), MAX_REQUEST_BYTES)
        try:
            with self._environments.environment(invocation.function) as environment:
                if watch is not None:
                    watch(environment)
                result = environment.invoke(invocation)
        except EnvironmentDied as fault:  # no environment could be had; else its log tells
            log.warning("%s: %s: %s", invocation.request_id, invocation.function.name, fault.reason)
            return fault_result(fault, invocation.request_id)
        if result.function_error and has_quit_debugger(result) and invocation.function.isolation == "process":
            log.warning("%s: %s", invocation.request_id, breakpoint_advice(invocation.function))
        return result
