from app.runtime.logs.environment_log import EnvironmentLog
from app.runtime.logs.log_format import LOG_FORMATS, Outcome, Report, Source

SOURCE = Source("hello", "i", "on-demand", "python:3.13.1", 128)
START, END = b"START RequestId: id Version: $LATEST\n", b"END RequestId: id\n"


def _log(written: list[bytes]) -> EnvironmentLog:
    return EnvironmentLog(LOG_FORMATS["text"], SOURCE, written.append)


def _report() -> Report:
    return Report("id", 1, 14, None, Outcome())


def test_start_is_written_with_what_comes_next():
    written: list[bytes] = []
    log = _log(written)
    log.start("id")
    assert written == []
    log.lines(b"one\n")
    assert written == [START + b"one\n"]


def test_start_is_shown_alone_when_nothing_comes():
    written: list[bytes] = []
    log = _log(written)
    log.start("id")
    log.show_start()
    log.show_start()
    assert written == [START]


def test_tail_begins_with_start_and_has_this_invocation_only():
    log = _log([])
    log.lines(b"imported\n")
    log.start("other")
    log.report(_report())
    log.start("id")
    log.record(b"[INFO] one")
    tail = log.report(_report())
    assert tail.startswith(START + b"[INFO] one\n" + END)


def test_tail_is_the_last_4096_bytes():
    log = _log([])
    log.start("id")
    for _ in range(100):
        log.lines(b"x" * 99 + b"\n")
    tail = log.report(_report())
    assert len(tail) == 4096
    assert tail.startswith(b"x")
    assert END in tail


def test_lines_before_the_first_invocation_have_no_request_id():
    written: list[bytes] = []
    log = EnvironmentLog(LOG_FORMATS["json"], SOURCE, written.append)
    log.lines(b"imported\n")
    log.start("id")
    log.lines(b"called\n")
    assert b"requestId" not in written[0]
    assert b'"message":"called","requestId":"id"' in written[1]
