"""AWS's own runtime gets the events of the contract's table and gives the answers that ours must give."""

from pathlib import Path
from uuid import uuid4

import pytest

from berth.model.invocation import Invocation, InvocationResult
from kit.rows import ROWS, Row, by_place
from kit.runtime_api import Awslambdaric, awslambdaric
from kit.under_test import as_on_lambda, build_function, without_import_frames

GROUPS = [
    pytest.param(rows, id=name)
    for name, rows in by_place(row for row in ROWS if not row.not_awslambdaric).items()
]


@pytest.mark.parametrize("rows", GROUPS)
def test_real_runtime_answers_as_the_table_says(
    rows: list[Row], tmp_path: Path, subtests: pytest.Subtests
) -> None:
    environment = {"SCRATCH": str(tmp_path), **rows[0].environment}
    with awslambdaric(build_function(rows[0].folder, rows[0].handler, environment=environment)) as runtime:
        for row in rows:
            with subtests.test(str(row)):
                _assert_answered(runtime, row)


def _assert_answered(runtime: Awslambdaric, row: Row) -> None:
    for step in row.steps:
        invocation = Invocation(runtime.function, step.event, str(uuid4()), **step.options)
        result = runtime.invoke(invocation)
        payload = as_on_lambda(result.payload, runtime.function, invocation.request_id)
        answered = without_import_frames(InvocationResult(payload, result.function_error))
        assert answered == InvocationResult(step.payload, step.function_error)
