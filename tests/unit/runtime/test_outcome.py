import pytest

from app.errors import EnvironmentDied, HandlerTimedOut, InvocationFault, OutOfMemory
from app.model.invocation import InvocationResult
from app.runtime.logs.log_format import Outcome
from app.runtime.outcome import fault_result, final_result, init_outcome, invocation_outcome

EXIT = "Runtime exited with error: exit status 3"


@pytest.mark.parametrize(
    ("fault", "payload"),
    [
        (
            EnvironmentDied(EXIT),
            f'{{"errorType":"Runtime.ExitError","errorMessage":"RequestId: i Error: {EXIT}"}}',
        ),
        (
            HandlerTimedOut(1),
            '{"errorType":"Sandbox.Timedout",'
            '"errorMessage":"RequestId: i Error: Task timed out after 1.00 seconds"}',
        ),
        (
            OutOfMemory(),
            '{"errorType":"Runtime.OutOfMemory",'
            '"errorMessage":"RequestId: i Error: Runtime exited with error: signal: killed"}',
        ),
    ],
)
def test_a_fault_is_a_payload_of_two_keys(fault: InvocationFault, payload: str):
    assert fault_result(fault, "i") == InvocationResult(payload.encode(), "Unhandled")
    final = final_result(fault, "i", b"tail")
    assert (final.payload, final.log_tail) == (payload.encode(), b"tail")


@pytest.mark.parametrize(
    ("ending", "outcome"),
    [
        (InvocationResult(b"1"), Outcome("success")),
        (InvocationResult(b"{}", "Unhandled"), Outcome("error")),
        (HandlerTimedOut(3), Outcome("timeout", None, "Task timed out after 3.00 seconds")),
        (EnvironmentDied(EXIT), Outcome("failure", "Runtime.ExitError", EXIT)),
    ],
)
def test_an_invocation_ends_in_the_supervisors_words(
    ending: InvocationResult | InvocationFault, outcome: Outcome
):
    assert invocation_outcome(ending) == outcome


def test_an_init_phase_that_failed_has_the_errors_type():
    failure = InvocationResult(b'{"errorMessage":"m","errorType":"Runtime.ImportModuleError"}', "Unhandled")
    assert init_outcome(failure) == Outcome("error", "Runtime.ImportModuleError")
