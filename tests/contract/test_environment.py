"""Every row of the contract's table, in both kinds of execution environment.

R32  context.log writes the text alone
R74  no handler sees its timeout: the row of R72, where an `except` or a `finally` would count
"""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from berth.invoke.invoker import Invoker
from berth.model.invocation import InvocationResult
from kit.logged import LoggedServer
from kit.rows import ROWS, Row
from kit.under_test import KINDS, build_function, invoke, without_import_frames

CASES = [(kind, row) for kind in KINDS for row in ROWS if kind == "process" or not row.not_inline]


@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning")
@pytest.mark.parametrize(("kind", "row"), CASES, ids=str)
def test_contract_holds_for(invoker: Invoker, kind: str, row: Row, tmp_path: Path) -> None:
    environment = {"SCRATCH": str(tmp_path), **row.environment}
    function = build_function(row.folder, row.handler, kind, timeout=row.timeout, environment=environment)
    for step in row.steps:
        started = time.monotonic()
        result = invoke(invoker, function, step.event, **step.options)
        assert without_import_frames(result) == InvocationResult(step.payload, step.function_error)
        assert time.monotonic() - started < row.timeout + 2


def test_context_log_is_a_line_of_the_environments_log_when_given_a_number(
    serve: Callable[..., LoggedServer],
) -> None:
    server = serve()
    assert server.invoke(build_function("asks_context", "app.log")) == InvocationResult(b"null")
    assert server.end_lines() == ["5"]


def test_context_log_writes_the_text_alone_to_stdout_when_the_function_is_inline(
    serve: Callable[..., LoggedServer], capsys: pytest.CaptureFixture[str]
) -> None:
    server = serve()
    assert server.invoke(build_function("asks_context", "app.log", "inline")) == InvocationResult(b"null")
    assert capsys.readouterr().out == "5"
    assert server.end_lines() == []
