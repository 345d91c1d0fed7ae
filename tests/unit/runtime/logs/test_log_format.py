import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from berth.runtime.logs.log_format import (
    LOG_FORMATS,
    JsonFormat,
    LogFormat,
    Outcome,
    Report,
    Source,
    TerminalFormat,
    TextFormat,
    find_format,
)
from kit.tables import for_each

ID = "6bf847fa-296f-43fd-96a9-a0da9fdddc2a"
SOURCE = Source("hello", "0123456789abcdef0123456789abcdef", "on-demand", "python:3.13.9", 128)
TEXT, JSON = TextFormat(), JsonFormat()
SUCCESS, ERROR = Outcome(), Outcome("error")
TIMEOUT = Outcome("timeout", message="Task timed out after 3.00 seconds")
CRASH = Outcome("failure", "Runtime.ExitError", "Runtime exited with error: exit status 1")
BAD_IMPORT = Outcome("error", "Runtime.ImportModuleError")
ORIGIN = '"functionName":"hello","instanceId":"0123456789abcdef0123456789abcdef"'

REPORTS = {
    "warm": (
        Report(ID, 3.01, 36, None, SUCCESS),
        b"\tDuration: 3.01 ms\tBilled Duration: 4 ms\tMemory Size: 128 MB\tMax Memory Used: 36 MB\t\n",
    ),
    "cold": (
        Report(ID, 3.01, 36, 110.1, SUCCESS),
        b"\tDuration: 3.01 ms\tBilled Duration: 4 ms\tMemory Size: 128 MB\tMax Memory Used: 36 MB"
        b"\tInit Duration: 110.10 ms\t\n",
    ),
    "whole milliseconds": (
        Report(ID, 3.0, 36, None, SUCCESS),
        b"\tDuration: 3.00 ms\tBilled Duration: 3 ms\tMemory Size: 128 MB\tMax Memory Used: 36 MB\t\n",
    ),
    "less than can be shown": (
        Report(ID, 0.001, 0, None, SUCCESS),
        b"\tDuration: 0.00 ms\tBilled Duration: 1 ms\tMemory Size: 128 MB\tMax Memory Used: 0 MB\t\n",
    ),
    "error of the handler": (
        Report(ID, 3.01, 36, None, ERROR),
        b"\tDuration: 3.01 ms\tBilled Duration: 4 ms\tMemory Size: 128 MB\tMax Memory Used: 36 MB\t\n",
    ),
    "failed import": (
        Report(ID, 3.01, 36, None, BAD_IMPORT),
        b"\tDuration: 3.01 ms\tBilled Duration: 4 ms\tMemory Size: 128 MB\tMax Memory Used: 36 MB"
        b"\tStatus: error\tError Type: Runtime.ImportModuleError\n",
    ),
    "crash": (
        Report(ID, 12.3, 36, None, CRASH),
        b"\tDuration: 12.30 ms\tBilled Duration: 13 ms\tMemory Size: 128 MB\tMax Memory Used: 36 MB"
        b"\tStatus: error\tError Type: Runtime.ExitError\n"
        b"RequestId: 6bf847fa-296f-43fd-96a9-a0da9fdddc2a Error: "
        b"Runtime exited with error: exit status 1\nRuntime.ExitError\n",
    ),
    "cold crash": (
        Report(ID, 12.3, 36, 110.1, CRASH),
        b"\tDuration: 12.30 ms\tBilled Duration: 13 ms\tMemory Size: 128 MB\tMax Memory Used: 36 MB"
        b"\tInit Duration: 110.10 ms\tStatus: error\tError Type: Runtime.ExitError\n"
        b"RequestId: 6bf847fa-296f-43fd-96a9-a0da9fdddc2a Error: "
        b"Runtime exited with error: exit status 1\nRuntime.ExitError\n",
    ),
}

# What is no JSON object, although it looks like one or nearly.
NO_OBJECTS = [
    b"low stock",
    b"",
    b"5",
    b'"text"',
    b'[{"a": 1}]',
    b"{",
    b"{'a': 1}",
    b'{"a": 1}}',
    b'{"a": 1} {"b": 2}',
    b'{"a": NaN}',
    b'{"a": [Infinity]}',
    b'{"a": -Infinity}',
    b'{"a": ' + b"9" * 5000 + b"}",
    b'{"a": "\xff"}',
    b'\xef\xbb\xbf{"a": 1}',
]

often = settings(deadline=None, max_examples=50, derandomize=True, database=None)
# Whatever comes, and what is nearly JSON.
anything = st.one_of(
    st.binary(),
    st.text().map(str.encode),
    st.sampled_from([*NO_OBJECTS, b"{}", b" {} ", b'{"a":1}\r', b'{"a": "\\ud800"}', b"\xed\xa0\x80"]),
    st.recursive(
        st.one_of(st.none(), st.booleans(), st.floats(), st.text(max_size=5)),
        lambda inner: st.dictionaries(
            st.sampled_from(["a", "", "requestId", "functionName", "instanceId"]), inner
        ),
        max_leaves=5,
    ).map(lambda value: json.dumps(value).encode()),
)


def strict(line: bytes) -> Any:
    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is not JSON")

    return json.loads(line.decode("utf-8"), parse_constant=refuse)


def timeless(line: bytes) -> bytes:
    """A line without its time, which must be one of this century in milliseconds."""
    stripped, count = re.subn(rb"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", b"NOW", line)
    assert count == 1
    return stripped


def test_the_formats_have_the_names_of_the_setting() -> None:
    assert {name: type(each) for name, each in LOG_FORMATS.items()} == {
        "text": TextFormat,
        "json": JsonFormat,
    }


def test_text_of_the_start_names_the_request() -> None:
    assert TEXT.start(SOURCE, ID) == (
        b"START RequestId: 6bf847fa-296f-43fd-96a9-a0da9fdddc2a Version: $LATEST\n"
    )


@pytest.mark.parametrize(("report", "figures"), REPORTS.values(), ids=REPORTS)
def test_text_of_an_end_has_the_figures_and_what_was_wrong(report: Report, figures: bytes) -> None:
    assert TEXT.report(SOURCE, report) == (
        b"END RequestId: 6bf847fa-296f-43fd-96a9-a0da9fdddc2a\n"
        b"REPORT RequestId: 6bf847fa-296f-43fd-96a9-a0da9fdddc2a" + figures
    )


def test_text_of_a_timeout_ends_with_a_dated_line() -> None:
    assert timeless(TEXT.report(SOURCE, Report(ID, 3000.0, 36, None, TIMEOUT))) == (
        b"END RequestId: 6bf847fa-296f-43fd-96a9-a0da9fdddc2a\n"
        b"REPORT RequestId: 6bf847fa-296f-43fd-96a9-a0da9fdddc2a\tDuration: 3000.00 ms"
        b"\tBilled Duration: 3000 ms\tMemory Size: 128 MB\tMax Memory Used: 36 MB\tStatus: timeout\n"
        b"NOW 6bf847fa-296f-43fd-96a9-a0da9fdddc2a Task timed out after 3.00 seconds\n"
    )


def test_text_of_a_timeout_in_the_cold_tells_the_init_phase_before_its_status() -> None:
    text = TEXT.report(SOURCE, Report(ID, 3000.0, 36, 110.1, TIMEOUT))
    assert b"\tMax Memory Used: 36 MB\tInit Duration: 110.10 ms\tStatus: timeout\n" in text


@pytest.mark.parametrize(
    ("phase", "outcome", "ending"),
    [
        ("init", BAD_IMPORT, b"\tPhase: init\tStatus: error\tError Type: Runtime.ImportModuleError\n"),
        ("init", CRASH, b"\tPhase: init\tStatus: error\tError Type: Runtime.ExitError\n"),
        ("invoke", CRASH, b"\tPhase: invoke\tStatus: error\tError Type: Runtime.ExitError\n"),
        ("init", TIMEOUT, b"\tPhase: init\tStatus: timeout\n"),
        ("invoke", TIMEOUT, b"\tPhase: invoke\tStatus: timeout\n"),
    ],
)
def test_text_of_a_failed_init_phase_tells_where_it_ran(phase: str, outcome: Outcome, ending: bytes) -> None:
    assert TEXT.init_report(SOURCE, phase, 9999.5, outcome) == (
        b"INIT_REPORT Init Duration: 9999.50 ms" + ending
    )


def test_text_of_the_start_of_the_init_phase_is_none() -> None:
    assert TEXT.init_start(SOURCE) == b""


@given(st.binary())
@often
def test_text_passes_lines_as_they_are(block: bytes) -> None:
    assert TEXT.lines(SOURCE, ID, block) == block


@pytest.mark.parametrize(
    ("message", "text"),
    [
        (b"[INFO]\tlow stock", b"[INFO]\tlow stock\n"),
        (b"[INFO]\tlow stock\n", b"[INFO]\tlow stock\n"),
        (b"[INFO]\tlow stock\n\n", b"[INFO]\tlow stock\n\n"),
        (b"[ERROR]\tno\n  stock", b"[ERROR]\tno\n  stock\n"),
        (b"\xff\0\r", b"\xff\0\r\n"),
    ],
)
def test_text_of_a_record_ends_its_last_line_only(message: bytes, text: bytes) -> None:
    assert TEXT.record(SOURCE, ID, message) == text


def test_json_wraps_a_plain_line() -> None:
    assert timeless(JSON.lines(SOURCE, ID, b"low stock\n")).decode() == (
        f'{{"timestamp":"NOW","message":"low stock","requestId":"{ID}",{ORIGIN}}}\n'
    )


def test_json_wraps_each_line_of_a_block() -> None:
    lines = JSON.lines(SOURCE, ID, b"one\n\n{}\nfour\r\n").splitlines()
    assert [strict(line).get("message") for line in lines] == ["one", "", None, "four\r"]


def test_json_of_the_init_phase_names_no_request() -> None:
    assert timeless(JSON.lines(SOURCE, "", b"importing\n")).decode() == (
        f'{{"timestamp":"NOW","message":"importing",{ORIGIN}}}\n'
    )


def test_json_keeps_letters_and_escapes_what_is_no_utf_8() -> None:
    (line,) = JSON.lines(SOURCE, ID, "größe ☕ ".encode() + b"\xff\n").splitlines()
    assert "größe ☕ " in line.decode()
    assert strict(line)["message"] == "größe ☕ \\xff"


def test_json_keeps_the_line_ends_of_a_record_in_its_message() -> None:
    line = JSON.record(SOURCE, ID, b"no\n  stock\n")
    assert line.count(b"\n") == 1
    assert strict(line)["message"] == "no\n  stock"


@pytest.mark.parametrize(
    ("written", "line"),
    [
        ('{"level": "INFO"}', f'{{"level": "INFO","requestId":"{ID}",{ORIGIN}}}\n'),
        ("{}", f'{{"requestId":"{ID}",{ORIGIN}}}\n'),
        (' {"a":1.50, "a":"\\u00e9"} \r', f'{{"a":1.50, "a":"\\u00e9","requestId":"{ID}",{ORIGIN}}}\n'),
        ('{"requestId":"mine"}', f'{{"requestId":"mine",{ORIGIN}}}\n'),
        (
            '{"functionName":null,"instanceId":7}',
            f'{{"functionName":null,"instanceId":7,"requestId":"{ID}"}}\n',
        ),
        (
            '{"functionName": "f", "instanceId": "i", "requestId": "r"} ',
            '{"functionName": "f", "instanceId": "i", "requestId": "r"}\n',
        ),
        ('{"a":{"requestId":"deep"}}', f'{{"a":{{"requestId":"deep"}},"requestId":"{ID}",{ORIGIN}}}\n'),
        ('{"a":1e999}', f'{{"a":1e999,"requestId":"{ID}",{ORIGIN}}}\n'),
    ],
)
def test_json_leaves_the_text_of_an_object_and_adds_what_it_lacks(written: str, line: str) -> None:
    assert JSON.lines(SOURCE, ID, f"{written}\n".encode()).decode() == line
    assert JSON.record(SOURCE, ID, written.encode()).decode() == line


@for_each("line", [*NO_OBJECTS, b"{" * 100_000, b'{"a":' * 100_000])
def test_json_wraps_what_is_no_object(line: bytes) -> None:
    document = strict(JSON.record(SOURCE, ID, line))
    assert list(document) == ["timestamp", "message", "requestId", "functionName", "instanceId"]
    assert document["message"] == line.decode("utf-8", "backslashreplace")


def test_json_wraps_an_object_that_spans_lines() -> None:
    assert strict(JSON.record(SOURCE, ID, b'{"a":\n1}'))["message"] == '{"a":\n1}'


@given(st.lists(anything, min_size=1), st.sampled_from(["", ID]))
@often
def test_json_of_whatever_lines_is_one_object_each(rows: list[bytes], request_id: str) -> None:
    block = b"".join(row.replace(b"\n", b"") + b"\n" for row in rows)
    text = JSON.lines(SOURCE, request_id, block)
    assert text.endswith(b"\n")
    documents = [strict(line) for line in text.removesuffix(b"\n").split(b"\n")]
    assert len(documents) == len(rows)
    for document in documents:
        assert isinstance(document, dict)
        assert {"functionName", "instanceId"} <= document.keys()


@given(anything)
@example(b'{"a": 1}\n')
@example(b"\n")
@often
def test_json_of_whatever_record_is_one_object(message: bytes) -> None:
    line = JSON.record(SOURCE, ID, message)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert strict(line).keys() >= {"requestId", "functionName", "instanceId"}


def test_json_of_the_start_of_the_init_phase_tells_what_was_started() -> None:
    assert timeless(JSON.init_start(SOURCE)).decode() == (
        '{"time":"NOW","type":"platform.initStart","record":{"initializationType":"on-demand",'
        '"phase":"init","runtimeVersion":"python:3.13.9","functionName":"hello",'
        '"functionVersion":"$LATEST","instanceId":"0123456789abcdef0123456789abcdef",'
        f'"instanceMaxMemory":134217728}},{ORIGIN}}}\n'
    )


@pytest.mark.parametrize(
    ("phase", "outcome", "told"),
    [
        ("init", BAD_IMPORT, '"phase":"init","status":"error","errorType":"Runtime.ImportModuleError"'),
        ("invoke", CRASH, '"phase":"invoke","status":"failure","errorType":"Runtime.ExitError"'),
        ("init", TIMEOUT, '"phase":"init","status":"timeout"'),
    ],
)
def test_json_of_a_failed_init_phase_tells_where_it_ran(phase: str, outcome: Outcome, told: str) -> None:
    assert timeless(JSON.init_report(SOURCE, phase, 110.12345, outcome)).decode() == (
        '{"time":"NOW","type":"platform.initReport","record":{"initializationType":"on-demand",'
        f'{told},"metrics":{{"durationMs":110.123}}}},{ORIGIN}}}\n'
    )


def test_json_of_the_start_names_the_request() -> None:
    assert timeless(JSON.start(SOURCE, ID)).decode() == (
        f'{{"time":"NOW","type":"platform.start","record":{{"requestId":"{ID}","version":"$LATEST"}},{ORIGIN}}}\n'
    )


@pytest.mark.parametrize(
    ("init_ms", "outcome", "told"),
    [
        (None, SUCCESS, '"maxMemoryUsedMB":36},"status":"success"'),
        (110.1, SUCCESS, '"maxMemoryUsedMB":36,"initDurationMs":110.1},"status":"success"'),
        (None, ERROR, '"maxMemoryUsedMB":36},"status":"error"'),
        (None, TIMEOUT, '"maxMemoryUsedMB":36},"status":"timeout"'),
        (None, CRASH, '"maxMemoryUsedMB":36},"status":"failure","errorType":"Runtime.ExitError"'),
    ],
)
def test_json_of_an_end_has_the_figures(init_ms: float | None, outcome: Outcome, told: str) -> None:
    assert timeless(JSON.report(SOURCE, Report(ID, 3.0104, 36, init_ms, outcome))).decode() == (
        f'{{"time":"NOW","type":"platform.report","record":{{"requestId":"{ID}","metrics":'
        f'{{"durationMs":3.01,"billedDurationMs":4,"memorySizeMB":128,{told}}},{ORIGIN}}}\n'
    )


def test_terminal_shows_function_method_and_path_before_the_start() -> None:
    assert TerminalFormat().preface(SOURCE, ("GET", "/orders/7")) == b"hello: GET /orders/7\n"


def test_terminal_shows_no_line_when_nobody_asked() -> None:
    assert TerminalFormat().preface(SOURCE, ()) == b""


def test_terminal_is_told_a_clients_path_in_one_line_and_not_without_end() -> None:
    path = "/\x1b[2J\r\nREPORT\u202e" + "x" * 300
    shown = TerminalFormat().preface(SOURCE, ("GET", path)).decode()
    assert shown == "hello: GET /\\x1b[2J\\r\\nREPORT\\u202e" + "x" * 186 + "...\n"


@pytest.mark.parametrize("log_format", [TEXT, JSON])
def test_log_that_no_terminal_shows_is_lambdas_alone(log_format: LogFormat) -> None:
    assert log_format.preface(SOURCE, ("GET", "/orders/7")) == b""


def test_text_is_for_people_when_it_is_written_to_a_terminal() -> None:
    shown, terminal = os.openpty()
    try:
        assert isinstance(find_format("text", terminal), TerminalFormat)
        assert find_format("json", terminal) is LOG_FORMATS["json"]
    finally:
        os.close(shown)
        os.close(terminal)


def test_text_is_lambdas_when_it_is_written_elsewhere(tmp_path: Path) -> None:
    with (tmp_path / "log").open("w") as file:
        assert find_format("text", file.fileno()) is LOG_FORMATS["text"]
