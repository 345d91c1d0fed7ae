"""How an invocation ended, in the words of Lambda's supervisor."""

import json
import sys
from dataclasses import replace

from berth.errors import HandlerTimedOut, InvocationFault
from berth.model.function import Function
from berth.model.invocation import InvocationResult
from berth.runtime.environment import Instance
from berth.runtime.logs.log_format import Outcome, Source


def fault_result(fault: InvocationFault, request_id: str) -> InvocationResult:
    """The payload with which Lambda reports a fault: two keys, this order, this wording."""
    message = f"RequestId: {request_id} Error: {fault.reason}"
    document = {"errorType": fault.error_type, "errorMessage": message}
    return InvocationResult(json.dumps(document, separators=(",", ":")).encode(), "Unhandled")


def final_result(
    ending: InvocationResult | InvocationFault, request_id: str, log_tail: bytes
) -> InvocationResult:
    """What the caller gets, however the invocation ended."""
    if isinstance(ending, InvocationFault):
        ending = fault_result(ending, request_id)
    return replace(ending, log_tail=log_tail)


def invocation_outcome(ending: InvocationResult | InvocationFault) -> Outcome:
    """How an invocation ended."""
    if isinstance(ending, InvocationResult):
        return Outcome("error" if ending.function_error else "success")
    if isinstance(ending, HandlerTimedOut):
        return Outcome("timeout", message=ending.reason)
    return Outcome("failure", ending.error_type, ending.reason)


def init_outcome(ending: InvocationResult | InvocationFault) -> Outcome:
    """How an init phase ended that did not succeed; an import error has its type in the payload."""
    if isinstance(ending, InvocationFault):
        return invocation_outcome(ending)
    return Outcome("error", str(ending.value["errorType"]))


def log_source(function: Function, instance: Instance) -> Source:
    """What the log says about the environment."""
    version = ".".join(map(str, sys.version_info[:3]))
    return Source(
        function_name=function.name,
        instance_id=instance.id,
        initialization_type=instance.initialization_type,
        runtime_version=f"python:{version}",
        memory_size=function.memory_size,
    )
