"""Logs as JSON, one object a line: `BERTH_LOG_FORMAT=json`.

R81  platform.initStart, platform.start, platform.report
R84  the log tail
R85  records of `logging`: keys, extra keys, exceptions
R86  AWS_LAMBDA_LOG_LEVEL
R87  an empty request id at import
R88  LAMBDA_WARNING goes before the error
"""

import json
import platform
from collections.abc import Callable
from typing import Any

import pytest

from berth.model.function import Function
from kit.logged import LAMBDA_WARNING, LoggedServer
from kit.under_test import build_function

Serve = Callable[..., LoggedServer]

ORIGIN = {"functionName": "writes_logs", "instanceId": "<instance>"}
FIGURES = {"durationMs": "N", "billedDurationMs": "N", "memorySizeMB": 128, "maxMemoryUsedMB": "N"}
INIT_START = {
    "time": "<ms>",
    "type": "platform.initStart",
    "record": {
        "initializationType": "on-demand",
        "phase": "init",
        "runtimeVersion": f"python:{platform.python_version()}",
        "functionName": "writes_logs",
        "functionVersion": "$LATEST",
        "instanceId": "<instance>",
        "instanceMaxMemory": 134217728,
    },
    **ORIGIN,
}


def _start(number: int) -> dict[str, Any]:
    record = {"requestId": f"<{number}>", "version": "$LATEST"}
    return {"time": "<ms>", "type": "platform.start", "record": record, **ORIGIN}


def _report(number: int, *, cold: bool = False, **outcome: str) -> dict[str, Any]:
    metrics = FIGURES | ({"initDurationMs": "N"} if cold else {})
    record = {"requestId": f"<{number}>", "metrics": metrics, **outcome}
    return {"time": "<ms>", "type": "platform.report", "record": record, **ORIGIN}


def _init_report(phase: str, error_type: str) -> dict[str, Any]:
    return {
        "time": "<ms>",
        "type": "platform.initReport",
        "record": {
            "initializationType": "on-demand",
            "phase": phase,
            "status": "error",
            "errorType": error_type,
            "metrics": {"durationMs": "N"},
        },
        **ORIGIN,
    }


def _line(message: str, number: int | None = 1) -> dict[str, Any]:
    request = {} if number is None else {"requestId": f"<{number}>"}
    return {"timestamp": "<ms>", "message": message, **request, **ORIGIN}


def _function(handler: str, timeout: int = 10, **environment: str) -> Function:
    return build_function("writes_logs", f"app.{handler}", timeout=timeout, environment=environment)


def test_invocations_are_platform_events_and_every_printed_line_is_an_object(serve: Serve) -> None:
    server, function = serve(log_format="json"), _function("prints")
    server.invoke(function)
    server.invoke(function)
    assert server.end_objects() == [
        INIT_START,
        _start(1),
        _line("one"),
        _line("two\rstill two"),
        _line("not ended"),
        _report(1, cold=True, status="success"),
        _start(2),
        _line("one", 2),
        _line("two\rstill two", 2),
        _line("not ended", 2),
        _report(2, status="success"),
    ]


def test_records_have_lambdas_keys_in_lambdas_order_and_extra_ones_behind(serve: Serve) -> None:
    server = serve(log_format="json")
    server.invoke(_function("logs_extra"), tenant_id="blue")
    given = {"timestamp": "<s>", "level": "WARNING", "logger": "root", "requestId": "<1>", "tenantId": "blue"}
    records = server.end_objects()[2:-1]
    assert records == [
        given | {"message": "ordered", "order": 7, "items": ["a"], "when": "1j"} | ORIGIN,
        given | {"message": {"kind": "a dict", "size": 2}} | ORIGIN,
        given | {"message": "héllo"} | ORIGIN,
    ]
    assert " ".join(records[0]) == (
        "timestamp level message logger requestId tenantId order items when functionName instanceId"
    )


def test_record_tells_the_exception_and_its_place_when_one_is_logged(serve: Serve) -> None:
    server, function = serve(log_format="json"), _function("logs_an_exception")
    server.invoke(function, b"{}")
    (record,) = server.end_objects()[2:-1]
    (frame,) = record.pop("stackTrace")
    file = f"{function.directory}/app.py"
    assert frame.startswith(f'  File "{file}", line 54, in logs_an_exception\n    event["missing"]\n')
    assert record == {
        "timestamp": "<s>",
        "level": "ERROR",
        "message": "caught",
        "logger": "root",
        "errorType": "KeyError",
        "errorMessage": "'missing'",
        "requestId": "<1>",
        "location": f"{file}:logs_an_exception:56",
        **ORIGIN,
    }


@pytest.mark.parametrize(
    ("environment", "shown"),
    [
        ({}, ["INFO", "WARNING", "ERROR", "INFO", "WARNING", "CRITICAL"]),
        (
            {"AWS_LAMBDA_LOG_LEVEL": "DEBUG"},
            ["DEBUG", "INFO", "WARNING", "ERROR", "INFO", "WARNING", "CRITICAL"],
        ),
        ({"AWS_LAMBDA_LOG_LEVEL": "FATAL"}, ["CRITICAL"]),
    ],
    ids=str,
)
def test_levels_are_tens_and_the_log_level_decides_which_are_shown(
    serve: Serve, environment: dict[str, str], shown: list[str]
) -> None:
    server = serve(log_format="json")
    server.invoke(_function("logs", **environment))
    assert [record["level"] for record in server.end_objects()[2:-1]] == shown


def test_records_are_messages_when_the_function_asks_for_text(serve: Serve) -> None:
    server = serve(log_format="json")
    server.invoke(_function("logs_lines", AWS_LAMBDA_LOG_FORMAT="Text"))
    assert server.end_objects()[2:-1] == [
        _line("[WARNING]\t<ms>\t<1>\tfirst\nsecond"),
        _line("between"),
        _line("[WARNING]\t<ms>\t<1>\tthird"),
    ]


def test_uncaught_error_is_one_object(serve: Serve) -> None:
    server, function = serve(log_format="json"), _function("raises")
    server.invoke(function)
    _, _, error, report = server.end_objects()
    assert error == {
        "timestamp": "<s>",
        "level": "ERROR",
        "errorMessage": "boom",
        "errorType": "ValueError",
        "requestId": "<1>",
        "stackTrace": [
            f'  File "{function.directory}/app.py", line 77, in raises\n    raise ValueError("boom")\n'
        ],
        **ORIGIN,
    }
    assert report == _report(1, cold=True, status="error")


def test_import_is_logged_before_start_and_with_no_request_id(serve: Serve) -> None:
    server = serve(log_format="json")
    server.invoke(_function("prints_nothing", AT_IMPORT="log"))
    record = {"timestamp": "<s>", "level": "WARNING", "message": "logged at import", "logger": "root"}
    assert server.end_objects() == [
        INIT_START,
        {**record, "requestId": "", **ORIGIN},
        _line("printed at import", None),
        _start(1),
        _report(1, cold=True, status="success"),
    ]


def test_import_error_precedes_its_report_when_the_init_phase_fails(serve: Serve) -> None:
    server = serve(log_format="json")
    server.invoke(_function("prints_nothing", AT_IMPORT="raise"))
    written = server.end_objects()
    assert [document.get("message") or document.get("type") for document in written] == [
        "platform.initStart",
        "logged at import",
        "printed at import",
        LAMBDA_WARNING,
        None,
        "platform.initReport",
        "platform.start",
        "platform.report",
    ]
    error = written[4]
    assert [error["level"], error["errorType"], error["errorMessage"], error["requestId"]] == [
        "ERROR",
        "ValueError",
        "no such table",
        "",
    ]
    assert written[5] == _init_report("init", "ValueError")
    assert written[7] == _report(1, status="error", errorType="ValueError")


def test_exit_is_a_failure_in_the_report(serve: Serve) -> None:
    server = serve(log_format="json")
    server.invoke(_function("leaves"))
    assert server.end_objects() == [
        INIT_START,
        _start(1),
        _line("leaving"),
        _report(1, cold=True, status="failure", errorType="Runtime.ExitError"),
    ]


def test_timeout_is_told_in_the_report(serve: Serve) -> None:
    server = serve(log_format="json")
    server.invoke(_function("sleeps", timeout=1))
    assert server.end_objects() == [
        INIT_START,
        _start(1),
        _line("sleeping"),
        _report(1, cold=True, status="timeout"),
    ]


def test_printed_objects_keep_their_keys_and_gain_what_they_lack(serve: Serve) -> None:
    server = serve(log_format="json")
    server.invoke(_function("prints_json"))
    origin = {"requestId": "<1>", **ORIGIN}
    assert server.end_objects()[2:-1] == [
        {"own": 1, **origin},
        {"requestId": "mine", "functionName": "mine", "instanceId": "mine"},
        origin,
        _line("[1]"),
        _line('{"open": '),
        _line('{"a": NaN}'),
        _line('{"two": 1} {"objects": 2}'),
        _line("\x1b[31mred\x00"),
        _line("\\xff\\xfe"),
        _line("not ended"),
    ]


def test_log_tail_is_made_of_the_same_objects(serve: Serve) -> None:
    server = serve(log_format="json")
    tail = server.invoke(_function("prints")).log_tail
    types = [json.loads(line).get("type", "a line") for line in tail.splitlines()]
    assert types == ["platform.start", "a line", "a line", "a line", "platform.report"]
    assert server.close().endswith(tail)


def test_log_tail_is_at_most_4096_bytes(serve: Serve) -> None:
    tail = serve(log_format="json").invoke(_function("prints_much"), b"5000").log_tail
    assert len(tail) == 4096
