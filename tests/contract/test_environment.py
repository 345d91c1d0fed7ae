"""Every row of the contract's table, in both kinds of execution environment.

R32  context.log writes the text alone
R74  no handler sees its timeout: the row of R72, where an `except` or a `finally` would count
"""

import linecache
from collections.abc import Callable
from pathlib import Path

import pytest

from berth.invoke.invoker import Invoker
from berth.model.function import Function
from berth.model.invocation import InvocationResult
from kit.logged import LoggedServer
from kit.rows import ROWS, Row, by_place
from kit.under_test import KINDS, build_function, invoke, without_import_frames

CASES = [
    pytest.param(kind, rows, id=f"{kind}-{name}")
    for kind in KINDS
    for name, rows in by_place(row for row in ROWS if kind == "process" or not row.not_inline).items()
]


@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning")
@pytest.mark.parametrize(("kind", "rows"), CASES)
def test_contract_holds_for(
    invoker: Invoker, kind: str, rows: list[Row], tmp_path: Path, subtests: pytest.Subtests
) -> None:
    first = rows[0]
    environment = {"SCRATCH": str(tmp_path), **first.environment}
    function = build_function(
        first.folder, first.handler, kind, timeout=first.timeout, environment=environment
    )
    for row in rows:
        with subtests.test(str(row)):
            _assert_holds(invoker, function, row)


def _assert_holds(invoker: Invoker, function: Function, row: Row) -> None:
    _forget_commands()
    for step in row.steps:
        result = invoke(invoker, function, step.event, **step.options)
        assert without_import_frames(result) == InvocationResult(step.payload, step.function_error)


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


def _forget_commands() -> None:
    """Forget the text of `python -c`, by which pytest-xdist starts.

    Since Python 3.13, tracebacks show this text for all code that is called "<string>".
    """
    for cache in ("cache", "_interactive_cache"):
        vars(linecache).get(cache, {}).clear()
