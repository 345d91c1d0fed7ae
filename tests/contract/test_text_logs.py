"""Logs in Lambda's plain text.

R81  START, END, REPORT; Init Duration
R82  the format, the levels and the handlers of `logging`
R83  uncaught errors
R84  the log tail
R85  JSON records of a function that asks for them (all of it in `test_json_logs.py`)
R86  AWS_LAMBDA_LOG_LEVEL
R87  no request id at import
R88  LAMBDA_WARNING goes before [ERROR]
R32  context.log (in `test_environment.py`, too)
"""

import math
import re
from collections.abc import Callable

import pytest

from berth.model.function import Function
from berth.model.invocation import InvocationResult
from kit.logged import LAMBDA_WARNING, LoggedServer, worded
from kit.rows.faults import TIMED_OUT
from kit.rows.row import UNHANDLED
from kit.under_test import build_function

Serve = Callable[..., LoggedServer]

REPORT = "Duration: N.NN ms\tBilled Duration: N ms\tMemory Size: 128 MB\tMax Memory Used: N MB"
WARM = "START RequestId: <{0}> Version: $LATEST\n{1}END RequestId: <{0}>\nREPORT RequestId: <{0}>\t" + REPORT
COLD = WARM + "\tInit Duration: N.NN ms"
EXITED = "\tStatus: error\tError Type: Runtime.ExitError\n"
EXIT_STATUS = "RequestId: <{0}> Error: Runtime exited with error: exit status {1}\nRuntime.ExitError\n"


def _function(handler: str, timeout: int = 10, **environment: str) -> Function:
    return build_function("writes_logs", f"app.{handler}", timeout=timeout, environment=environment)


def test_invocation_is_logged_from_start_to_report_and_only_the_first_has_an_init_duration(
    serve: Serve,
) -> None:
    server, function = serve(), _function("prints")
    server.invoke(function)
    server.invoke(function)
    printed = "one\ntwo\rstill two\nnot ended\n"
    assert server.end() == f"{COLD.format(1, printed)}\t\n{WARM.format(2, printed)}\t\n"


def test_figures_of_a_report_agree_with_each_other(serve: Serve) -> None:
    result = serve().invoke(_function("prints_nothing"))
    found = re.search(rb"Duration: (\S+) ms\tBilled Duration: (\d+) ms.* Used: (\d+) MB", result.log_tail)
    assert found is not None
    assert 0 <= int(found[2]) - math.ceil(float(found[1])) <= 1
    assert 5 < int(found[3]) <= 128


@pytest.mark.parametrize(
    ("handler", "lines"),
    [
        (
            "logs",
            [
                "[WARNING]\t<ms>\t<1>\tlow stock: 3",
                "[ERROR]\t<ms>\t<1>\tno stock",
                "[Level 35]\t<ms>\t<1>\todd",
                "[CRITICAL]\t<ms>\t<1>\ton fire",
            ],
        ),
        ("logs_after_basic_config", ["[WARNING]\t<ms>\t<1>\tloud"]),
        ("logs_after_set_level", ["[INFO]\t<ms>\t<1>\tloud"]),
        (
            "logs_lines",
            ["[WARNING]\t<ms>\t<1>\tfirst", "second", "between", "[WARNING]\t<ms>\t<1>\tthird"],
        ),
        ("writes_to_context_log", ["alone", "with its end", "{'any': 'object'}"]),
    ],
)
def test_log_records_have_lambdas_form_when_a_handler(serve: Serve, handler: str, lines: list[str]) -> None:
    server = serve()
    server.invoke(_function(handler))
    assert server.end_lines() == lines


def test_traceback_follows_the_message_when_an_exception_is_logged(serve: Serve) -> None:
    server, function = serve(), _function("logs_an_exception")
    server.invoke(function, b"{}")
    lines = server.end_lines()
    assert lines[:4] == [
        "[ERROR]\t<ms>\t<1>\tcaught",
        "Traceback (most recent call last):",
        f'  File "{function.directory}/app.py", line 54, in logs_an_exception',
        '    event["missing"]',
    ]
    assert lines[-1] == "KeyError: 'missing'"


@pytest.mark.parametrize(
    ("level", "shown"),
    [
        ("TRACE", ["DEBUG", "INFO", "WARNING", "ERROR", "Level 25", "Level 35", "CRITICAL"]),
        ("DEBUG", ["DEBUG", "INFO", "WARNING", "ERROR", "Level 25", "Level 35", "CRITICAL"]),
        ("INFO", ["INFO", "WARNING", "ERROR", "Level 25", "Level 35", "CRITICAL"]),
        ("WARN", ["WARNING", "ERROR", "Level 35", "CRITICAL"]),
        ("ERROR", ["ERROR", "CRITICAL"]),
        ("FATAL", ["CRITICAL"]),
    ],
)
def test_log_level_decides_what_is_logged_when_it_is(serve: Serve, level: str, shown: list[str]) -> None:
    server = serve()
    server.invoke(_function("logs", AWS_LAMBDA_LOG_LEVEL=level))
    assert [line.partition("]")[0] for line in server.end_lines()] == [f"[{name}" for name in shown]


def test_root_logger_has_the_one_handler_that_libraries_look_for(serve: Serve) -> None:
    assert serve().invoke(_function("looks_at_root")).payload == b'["LambdaLoggerHandler", true]'


@pytest.mark.parametrize(
    ("handler", "words", "raised"),
    [
        ("raises", ["[ERROR] ValueError: boom"], 'raise ValueError("boom")'),
        ("raises_without_words", ["[ERROR] ValueError"], "raise ValueError"),
        ("raises_lines", ["[ERROR] ValueError: first", "second"], 'raise ValueError("first\\nsecond")'),
    ],
)
def test_uncaught_error_is_logged_with_its_traceback_when_a_handler(
    serve: Serve, handler: str, words: list[str], raised: str
) -> None:
    server, function = serve(), _function(handler)
    server.invoke(function)
    *described, frame, source = server.end_lines()
    assert described == [*words, "Traceback (most recent call last):"]
    assert re.fullmatch(rf'\u00a0\u00a0File "{function.directory}/app\.py", line \d+, in {handler}', frame)
    assert source == f"\u00a0\u00a0\u00a0\u00a0{raised}"


def test_report_is_that_of_a_success_when_the_handler_raised(serve: Serve) -> None:
    result = serve().invoke(_function("raises"))
    assert worded(result.log_tail.decode()).endswith(f"\t{REPORT}\tInit Duration: N.NN ms\t\n")


def test_log_tail_is_the_invocations_own_log(serve: Serve) -> None:
    server, function = serve(), _function("prints")
    server.invoke(function)
    tail = server.invoke(function).log_tail.decode()
    assert worded(tail) == WARM.format(1, "one\ntwo\rstill two\nnot ended\n") + "\t\n"
    assert server.close().decode().endswith(tail)


def test_log_tail_is_the_last_4096_bytes_when_there_are_more(serve: Serve) -> None:
    server = serve()
    tail = server.invoke(_function("prints_much"), b"5000").log_tail
    assert len(tail) == 4096
    assert tail.startswith(b"xxx")
    assert server.close().endswith(tail)


def test_log_tail_begins_with_start_when_there_are_fewer_than_4096_bytes(serve: Serve) -> None:
    server, function = serve(), _function("prints_much")
    server.invoke(function, b"1")
    tail = server.invoke(function, b"3700").log_tail
    assert 3900 < len(tail) < 4096
    assert tail.startswith(b"START RequestId: ")


def test_module_is_logged_before_start_and_without_request_id_when_it_is_imported(serve: Serve) -> None:
    server = serve()
    tail = server.invoke(_function("prints_nothing", AT_IMPORT="log")).log_tail
    assert tail.startswith(b"START ")
    assert server.end() == f"[WARNING]\t<ms>\t\tlogged at import\nprinted at import\n{COLD.format(1, '')}\t\n"


def test_log_tail_is_without_the_import_when_it_preceded_the_invocation(serve: Serve) -> None:
    tail = serve().invoke(_function("prints_nothing", AT_IMPORT="log")).log_tail.decode()
    assert worded(tail) == f"{COLD.format(1, '')}\t\n"


def test_import_error_is_logged_before_its_report_when_the_init_phase_fails(serve: Serve) -> None:
    server = serve()
    assert server.invoke(_function("prints", AT_IMPORT="raise")).function_error == UNHANDLED
    assert _without_frames(server.end()) == [
        "[WARNING]\t<ms>\t\tlogged at import",
        "printed at import",
        f"[WARNING]\t<ms>\t\t{LAMBDA_WARNING}",
        "[ERROR] ValueError: no such table",
        "Traceback (most recent call last):",
        "INIT_REPORT Init Duration: N.NN ms\tPhase: init\tStatus: error\tError Type: ValueError",
        "START RequestId: <1> Version: $LATEST",
        "END RequestId: <1>",
        f"REPORT RequestId: <1>\t{REPORT}\tStatus: error\tError Type: ValueError",
    ]


def test_import_error_is_logged_in_the_invocation_when_the_init_phase_failed_before(serve: Serve) -> None:
    server, function = serve(), _function("prints", AT_IMPORT="raise")
    server.invoke(function)
    tail = server.invoke(function).log_tail.decode()
    assert _without_frames(worded(tail)) == [
        "START RequestId: <1> Version: $LATEST",
        "[WARNING]\t<ms>\t\tlogged at import",
        "printed at import",
        f"[WARNING]\t<ms>\t\t{LAMBDA_WARNING}",
        "[ERROR] ValueError: no such table",
        "Traceback (most recent call last):",
        "INIT_REPORT Init Duration: N.NN ms\tPhase: invoke\tStatus: error\tError Type: ValueError",
        "END RequestId: <1>",
        f"REPORT RequestId: <1>\t{REPORT}\tStatus: error\tError Type: ValueError",
    ]


def test_exit_at_import_is_an_init_phase_that_failed(serve: Serve) -> None:
    server = serve()
    server.invoke(_function("prints", AT_IMPORT="exit"))
    assert server.end() == (
        "[WARNING]\t<ms>\t\tlogged at import\nprinted at import\n"
        "INIT_REPORT Init Duration: N.NN ms\tPhase: init\tStatus: error\tError Type: Runtime.ExitError\n"
        f"{WARM.format(1, '')}{EXITED}{EXIT_STATUS.format(1, 2)}"
    )


@pytest.mark.parametrize(
    ("handler", "printed", "status"), [("leaves", "leaving\n", 3), ("dies", "dying\n", 7)]
)
def test_exit_is_told_after_the_report_when_a_handler(
    serve: Serve, handler: str, printed: str, status: int
) -> None:
    server, function = serve(), _function(handler)
    server.invoke(function)
    server.invoke(function)
    assert server.end() == (
        f"{COLD.format(1, printed)}{EXITED}{EXIT_STATUS.format(1, status)}"
        f"{WARM.format(2, printed)}{EXITED}{EXIT_STATUS.format(2, status)}"
    )


def test_timeout_is_told_after_the_report(serve: Serve) -> None:
    server = serve()
    assert server.invoke(_function("sleeps", timeout=1)) == InvocationResult(TIMED_OUT, UNHANDLED)
    log = server.close().decode()
    assert worded(log) == (
        COLD.format(1, "sleeping\n") + "\tStatus: timeout\n<ms> <1> Task timed out after 1.00 seconds\n"
    )
    assert "\tDuration: 1000.00 ms\tBilled Duration: 1000 ms\t" in log


def test_inline_function_prints_to_stdout_between_its_own_start_and_report(
    serve: Serve, capsys: pytest.CaptureFixture[str]
) -> None:
    server = serve()
    result = server.invoke(build_function("writes_logs", "app.prints", "inline"))
    assert capsys.readouterr().out == "one\ntwo\rstill two\nnot ended"
    report = WARM.format(1, "") + "\t\n"
    assert worded(result.log_tail.decode()) == server.end() == report


@pytest.mark.parametrize("log_format", ["JSON", "json"])
def test_records_are_lambdas_json_alone_when_the_function_asks_for_it(serve: Serve, log_format: str) -> None:
    server = serve()
    server.invoke(_function("logs", AWS_LAMBDA_LOG_FORMAT=log_format))
    assert server.end_lines()[0] == (
        '{"timestamp": "<s>", "level": "WARNING", "message": "low stock: 3", "logger": "root", '
        '"requestId": "<1>"}'
    )


def _without_frames(log: str) -> list[str]:
    return [line for line in log.split("\n") if line and not line.startswith("\u00a0")]
