"""Every row of the contract's table, in both kinds of execution environment."""

import time
from pathlib import Path

import pytest
from rows import ROWS, Row
from under_test import KINDS, build_function, invoke, without_import_frames

from app.invoke import Invoker
from app.model.invocation import InvocationResult

CASES = [(kind, row) for kind in KINDS for row in ROWS if kind == "process" or not row.not_inline]


@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning")
@pytest.mark.parametrize(("kind", "row"), CASES, ids=str)
def test_contract_holds_for(invoker: Invoker, kind: str, row: Row, tmp_path: Path) -> None:
    environment = {"SCRATCH": str(tmp_path)}
    function = build_function(row.folder, row.handler, kind, timeout=row.timeout, environment=environment)
    for step in row.steps:
        started = time.monotonic()
        result = invoke(invoker, function, step.event, **step.options)
        assert without_import_frames(result) == InvocationResult(step.payload, step.function_error)
        assert time.monotonic() - started < row.timeout + 2


@pytest.mark.parametrize("kind", KINDS)
def test_context_log_writes_the_text_alone_when_given_a_number(
    invoker: Invoker, kind: str, capfd: pytest.CaptureFixture[str]
) -> None:
    result = invoke(invoker, build_function("asks_context", "app.log", kind))
    assert result == InvocationResult(b"null")
    assert capfd.readouterr().out == "5"
