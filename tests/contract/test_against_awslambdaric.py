"""AWS's own runtime gets the same events as ours and must give the same answers."""

from collections.abc import Callable
from itertools import groupby
from pathlib import Path
from uuid import uuid4

import pytest

from berth.invoke.invoker import Invoker
from berth.model.function import Function
from berth.model.invocation import Invocation, InvocationResult
from kit.rows import ROWS, Row
from kit.runtime_api import awslambdaric
from kit.under_test import as_on_lambda, build_function


def _place(row: Row) -> tuple[str, str, list[tuple[str, str]]]:
    return row.folder, row.handler, sorted(row.environment.items())


ASKED = sorted((row for row in ROWS if not row.not_awslambdaric), key=_place)
GROUPS = [
    pytest.param(list(rows), id=f"{folder}:{handler}")
    for (folder, handler, _), rows in groupby(ASKED, _place)
]


@pytest.mark.parametrize("rows", GROUPS)
def test_results_equal_those_of_the_real_runtime_for(
    invoker: Invoker, rows: list[Row], tmp_path: Path
) -> None:
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    ours.mkdir()
    theirs.mkdir()
    function, their_function = (_build(rows[0], scratch) for scratch in (ours, theirs))
    with awslambdaric(their_function) as runtime:
        expected = _ask(runtime.invoke, their_function, rows)
    assert _ask(invoker.invoke, function, rows) == expected


def _build(row: Row, scratch: Path) -> Function:
    environment = {"SCRATCH": str(scratch), **row.environment}
    return build_function(row.folder, row.handler, environment=environment)


def _ask(
    invoke: Callable[[Invocation], InvocationResult], function: Function, rows: list[Row]
) -> list[tuple[str, bytes, str | None]]:
    answered = []
    for row in rows:
        for step in row.steps:
            invocation = Invocation(function, step.event, str(uuid4()), **step.options)
            result = invoke(invocation)
            payload = as_on_lambda(result.payload, function, invocation.request_id)
            answered.append((str(row), payload, result.function_error))
    return answered
