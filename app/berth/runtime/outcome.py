"""How an invocation or an init phase ended, in the words of Lambda's supervisor."""

import json
import sys

from berth.errors import HandlerTimedOut, InitFailed, InvocationFault
from berth.host.command_line import typed_command
from berth.model.function import Function
from berth.model.invocation import InvocationResult
from berth.runtime.environment import Instance
from berth.runtime.logs.log_format import Outcome, Source

_SUCCESS, _ERROR = Outcome("success"), Outcome("error")


def fault_result(fault: InvocationFault, request_id: str) -> InvocationResult:
    """The result with which Lambda reports a fault: two keys, in this order and wording."""
    message = f"RequestId: {request_id} Error: {fault.reason}"
    document = {"errorType": fault.error_type, "errorMessage": message}
    return InvocationResult(json.dumps(document, separators=(",", ":")).encode(), "Unhandled")


def breakpoint_advice(function: Function) -> str:
    """What to do where `breakpoint()` finds no terminal."""
    command = typed_command(f"run --inline {function.name}")
    return f"pdb has no terminal in a process of its own; to stop here: {command}"


def has_quit_debugger(result: InvocationResult) -> bool:
    """Whether the function failed because pdb had no terminal, and nobody has said yet what to do."""
    return result.payload.startswith(b'{"errorMessage": "", "errorType": "BdbQuit"')


def final_result(
    ending: InvocationResult | InvocationFault, request_id: str, log_tail: bytes, is_cold: bool = False
) -> InvocationResult:
    """The result that the caller receives, with the last bytes of the log."""
    if isinstance(ending, InvocationFault):
        ending = fault_result(ending, request_id)
    return InvocationResult(ending.content, ending.function_error, log_tail, is_cold)


def invocation_outcome(ending: InvocationResult | InvocationFault) -> Outcome:
    """How an invocation ended, for its report in the log."""
    if isinstance(ending, InvocationResult):
        return _ERROR if ending.function_error else _SUCCESS
    if isinstance(ending, HandlerTimedOut):
        return Outcome("timeout", message=ending.reason)
    return Outcome("failure", ending.error_type, ending.reason)


def init_outcome(ending: InvocationResult | InvocationFault) -> Outcome:
    """How an init phase failed, for its report in the log; an import error names its type in the payload."""
    if isinstance(ending, InvocationFault):
        return invocation_outcome(ending)
    return Outcome("error", str(ending.value["errorType"]))


def init_error(failure: InvocationResult) -> InitFailed:
    """The error that a function's import raised."""
    return InitFailed(str(failure.value["errorType"]), str(failure.value["errorMessage"]))


def log_source(function: Function, instance: Instance) -> Source:
    """How an environment is named in its log."""
    version = ".".join(map(str, sys.version_info[:3]))
    return Source(
        function_name=function.name,
        instance_id=instance.id,
        initialization_type=instance.initialization_type,
        runtime_version=f"python:{version}",
        memory_size=function.memory_size,
    )
