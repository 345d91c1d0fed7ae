"""The one door to every function."""

import json
import logging

from app.errors import InvocationFault, PayloadTooLarge, Throttled
from app.model.invocation import MAX_REQUEST_BYTES, Invocation, InvocationResult
from app.runtime.pool import Pool

log = logging.getLogger("berth")


class Invoker:
    """Runs invocations in the pool's environments."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def invoke(self, invocation: Invocation) -> InvocationResult:
        """Run one invocation and wait for its result; a function error is a result too.

        Raises Throttled and PayloadTooLarge: then no function was run.
        """
        if len(invocation.payload) > MAX_REQUEST_BYTES:
            raise PayloadTooLarge(len(invocation.payload), MAX_REQUEST_BYTES)
        try:
            with self._pool.environment(invocation.function) as environment:
                return environment.invoke(invocation)
        except Throttled:
            raise
        except InvocationFault as fault:
            # Lambda's supervisor logs these; what a handler raises is logged by the runtime.
            log.warning("%s: %s: %s", invocation.request_id, invocation.function.name, fault.reason)
            return _fault_result(fault, invocation.request_id)


def _fault_result(fault: InvocationFault, request_id: str) -> InvocationResult:
    """The payload with which Lambda reports a fault: two keys, this order, this wording."""
    message = f"RequestId: {request_id} Error: {fault.reason}"
    document = {"errorType": fault.error_type, "errorMessage": message}
    return InvocationResult(json.dumps(document, separators=(",", ":")).encode(), "Unhandled")
