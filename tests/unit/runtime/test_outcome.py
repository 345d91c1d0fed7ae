import platform

import pytest

from berth.errors import EnvironmentDied, HandlerTimedOut, InvocationFault, OutOfMemory
from berth.model.invocation import InvocationResult
from berth.runtime.environment import Instance
from berth.runtime.logs.log_format import Outcome, Source
from berth.runtime.outcome import fault_result, final_result, init_outcome, invocation_outcome, log_source
from berth.testing.values import make_function

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


@pytest.mark.parametrize(
    ("ending", "outcome"),
    [
        (
            InvocationResult(b'{"errorMessage":"m","errorType":"Runtime.ImportModuleError"}', "Unhandled"),
            Outcome("error", "Runtime.ImportModuleError"),
        ),
        (HandlerTimedOut(3), Outcome("timeout", None, "Task timed out after 3.00 seconds")),
        (EnvironmentDied(EXIT), Outcome("failure", "Runtime.ExitError", EXIT)),
    ],
)
def test_an_init_phase_that_failed_has_the_errors_type(
    ending: InvocationResult | InvocationFault, outcome: Outcome
):
    assert init_outcome(ending) == outcome


def test_too_much_memory_is_a_failure_of_its_own_type():
    killed = "Runtime exited with error: signal: killed"
    assert invocation_outcome(OutOfMemory()) == Outcome("failure", "Runtime.OutOfMemory", killed)


def test_a_result_stays_as_it_is_and_gains_its_log():
    result = InvocationResult(b'{"errorType":"KeyError"}', "Unhandled")
    final = final_result(result, "i", b"START\nEND\n")
    assert (final.payload, final.function_error) == (b'{"errorType":"KeyError"}', "Unhandled")
    assert final.log_tail == b"START\nEND\n"
    assert result.log_tail == b""


@pytest.mark.parametrize(
    ("is_provisioned", "initialization_type"), [(False, "on-demand"), (True, "provisioned-concurrency")]
)
def test_a_log_tells_where_it_comes_from(is_provisioned: bool, initialization_type: str):
    function = make_function("hello", memory_size=512)
    assert log_source(function, Instance("0a1b", is_provisioned)) == Source(
        "hello", "0a1b", initialization_type, f"python:{platform.python_version()}", 512
    )
