"""The init phase has a time limit of its own; after ten seconds it starts over within the invocation.

R21  an init phase of more than 10 s
R26  the remaining time is that of the invocation
R81  how it is reported
"""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from berth.model.function import Function
from berth.model.invocation import InvocationResult
from kit.logged import LoggedServer, worded
from kit.rows.faults import TIMED_OUT
from kit.rows.row import UNHANDLED
from kit.under_test import build_function

Serve = Callable[..., LoggedServer]

REPORT = "Duration: N.NN ms\tBilled Duration: N ms\tMemory Size: 128 MB\tMax Memory Used: N MB"


def _function(scratch: Path, seconds: str, timeout: int) -> Function:
    """Its imports take these seconds, one after the other."""
    scratch.mkdir()
    environment = {"SCRATCH": str(scratch), "SECONDS": seconds}
    return build_function("slow_to_import", "app.handler", timeout=timeout, environment=environment)


def test_time_of_the_init_phase_is_not_the_invocations(serve: Serve, tmp_path: Path) -> None:
    server, function = serve(), _function(tmp_path / "one", "1.2", timeout=1)
    assert server.invoke(function, b"0") == InvocationResult(b"[1, 0, true]")
    assert server.end() == (
        "importing\nimported\nSTART RequestId: <1> Version: $LATEST\nEND RequestId: <1>\n"
        f"REPORT RequestId: <1>\t{REPORT}\tInit Duration: N.NN ms\t\n"
    )


def test_init_phase_starts_over_in_the_invocation_when_it_takes_more_than_10_seconds(
    serve: Serve, tmp_path: Path
) -> None:
    server = serve()
    quick = _function(tmp_path / "quick", "60 0.6", timeout=5)
    slow = replace(_function(tmp_path / "slow", "60 60", timeout=1), name="slow")
    began = time.monotonic()
    with ThreadPoolExecutor(2) as threads:
        second = threads.submit(server.invoke, slow, b"0")
        first = server.invoke(quick, b"4500")
        assert time.monotonic() - began > 10
        assert first == InvocationResult(b"[2, 0, false]")  # its timeout has been running for 0.6 s
        assert second.result(60) == InvocationResult(TIMED_OUT, UNHANDLED)
    assert time.monotonic() - began > 11
    assert server.invoke(quick, b"4500") == InvocationResult(b"[2, 1, true]")
    assert worded(first.log_tail.decode()) == (
        "START RequestId: <1> Version: $LATEST\nimporting\nimported\n"
        f"END RequestId: <1>\nREPORT RequestId: <1>\t{REPORT}\t\n"
    )
    assert worded(second.result().log_tail.decode()) == (
        "START RequestId: <1> Version: $LATEST\nimporting\n"
        "INIT_REPORT Init Duration: N.NN ms\tPhase: invoke\tStatus: timeout\n"
        f"END RequestId: <1>\nREPORT RequestId: <1>\t{REPORT}\tStatus: timeout\n"
        "<ms> <1> Task timed out after 1.00 seconds\n"
    )
    log = server.end()
    assert log.count("INIT_REPORT Init Duration: N.NN ms\tPhase: init\tStatus: timeout\n") == 2
    assert log.index("\tPhase: init\t") < log.index("START ")


@pytest.mark.parametrize("isolation", ["process", "inline"])
def test_invocation_is_cold_when_it_waits_for_an_init_phase(serve: Serve, isolation: str) -> None:
    server, function = serve(), build_function("plain", "app.handler", isolation)
    assert [server.invoke(function).is_cold for _ in range(2)] == [True, False]


def test_invocation_is_cold_again_after_the_process_ended(serve: Serve) -> None:
    server, function = serve(), build_function("writes_logs", "app.dies")
    assert [server.invoke(function).is_cold for _ in range(2)] == [True, True]
