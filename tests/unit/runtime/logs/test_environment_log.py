import threading

from berth.runtime.logs.environment_log import EnvironmentLog
from berth.runtime.logs.log_format import LOG_FORMATS, Outcome, Report, Source, TerminalFormat

SOURCE = Source("hello", "i", "on-demand", "python:3.13.1", 128)
START, END = b"START RequestId: id Version: $LATEST\n", b"END RequestId: id\n"
REPORT = (
    b"REPORT RequestId: id\tDuration: 1.00 ms\tBilled Duration: 1 ms\tMemory Size: 128 MB"
    b"\tMax Memory Used: 14 MB\t\n"
)


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
    log.lines(b"two\n")
    assert written == [START + b"one\n", b"two\n"]


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
    assert log.report(_report()) == START + b"[INFO] one\n" + END + REPORT


def test_tail_is_the_last_4096_bytes():
    log = _log([])
    log.start("id")
    for _ in range(100):
        log.lines(b"x" * 99 + b"\n")
    tail = log.report(_report())
    assert tail == (START + (b"x" * 99 + b"\n") * 100 + END + REPORT)[-4096:]


def test_lines_before_the_first_invocation_have_no_request_id():
    written: list[bytes] = []
    log = EnvironmentLog(LOG_FORMATS["json"], SOURCE, written.append)
    log.lines(b"imported\n")
    log.start("id")
    log.lines(b"called\n")
    assert b"requestId" not in written[0]
    assert b'"message":"called","requestId":"id"' in written[1]


def test_an_invocation_that_writes_nothing_is_written_at_once():
    written: list[bytes] = []
    log = _log(written)
    log.start("id")
    tail = log.report(_report())
    assert written == [tail] == [START + END + REPORT]


def test_start_is_not_shown_again_after_something_was_written():
    written: list[bytes] = []
    log = _log(written)
    log.show_start()
    log.start("id")
    log.lines(b"one\n")
    log.show_start()
    assert written == [START + b"one\n"]


def test_tail_is_whole_when_it_is_just_short_enough():
    log = _log([])
    log.start("id")
    size = 4096 - len(START + END + REPORT)
    log.lines(b"x" * (size - 1) + b"\n")
    assert log.report(_report()) == START + b"x" * (size - 1) + b"\n" + END + REPORT


def test_tail_is_the_end_of_one_block_that_is_longer():
    log = _log([])
    log.start("id")
    log.lines(b"x" * 99_999 + b"\n")
    assert log.report(_report()) == (b"x" * 5000 + b"\n" + END + REPORT)[-4096:]


def test_tail_has_the_supervisors_last_word():
    log = _log([])
    log.start("id")
    tail = log.report(Report("id", 1, 14, None, Outcome("failure", "Runtime.ExitError", "Runtime exited")))
    assert tail.endswith(b"\nRequestId: id Error: Runtime exited\nRuntime.ExitError\n")


def test_tail_has_an_init_phase_that_failed_within_the_invocation():
    log = _log([])
    log.start("id")
    log.init_report("invoke", 5, Outcome("timeout"))
    assert log.report(_report()).startswith(
        START + b"INIT_REPORT Init Duration: 5.00 ms\tPhase: invoke\tStatus: timeout\n" + END
    )


def test_an_init_phase_belongs_to_no_invocation():
    written: list[bytes] = []
    log = EnvironmentLog(LOG_FORMATS["json"], SOURCE, written.append)
    log.start("id")
    log.report(_report())
    log.init_start()
    log.lines(b"importing again\n")
    assert b'"message":"importing again","functionName":"hello"' in written[-1]


def test_lines_of_another_thread_are_never_before_start_or_within_a_report():
    written: list[bytes] = []
    log = _log(written)
    over = threading.Event()

    def print_without_end() -> None:
        while not over.is_set():
            log.lines(b"noise\n")

    log.start("id")
    thread = threading.Thread(target=print_without_end)
    thread.start()
    tails = []
    for _ in range(100):
        tails.append(log.report(_report()))
        log.start("id")
    over.set()
    thread.join(10)
    text = b"".join(written)
    assert text.startswith(START)
    assert text.count(END + REPORT) == 100
    assert all(tail.startswith(START) or len(tail) == 4096 for tail in tails)
    assert all(END + REPORT in tail for tail in tails)


def test_preface_is_written_before_the_start_and_is_not_in_the_tail():
    written: list[bytes] = []
    log = EnvironmentLog(TerminalFormat(), SOURCE, written.append)
    log.start("id", ("GET", "/hello"))
    tail = log.report(_report())
    log.start("id")
    log.show_start()
    assert tail == START + END + REPORT
    assert written == [b"hello: GET /hello\n" + tail, START]


def test_tail_is_told_only_for_the_invocation_that_logged_it():
    log = _log([])
    log.start("id")
    log.lines(b"secret\n")
    log.report(_report())
    assert b"secret" in log.tail("id")
    assert log.tail("next") == b""
    log.start("next")
    log.lines(b"mine\n")
    assert log.tail("next") == b"START RequestId: next Version: $LATEST\nmine\n"
    assert log.tail("id") == b""
