import fcntl
import os
import threading
import time
from collections.abc import Collection, Iterator
from itertools import pairwise

import pytest
from awslambdaric.bootstrap import FramedTelemetryLogSink
from hypothesis import given, settings
from hypothesis import strategies as st

from berth.runtime.logs.environment_log import EnvironmentLog
from berth.runtime.logs.log_format import LOG_FORMATS, Source
from berth.runtime.logs.output_pipe import PIPE_BYTES, OutputPipe
from kit.tables import for_each

SOURCE = Source("hello", "i", "on-demand", "python:3.13.1", 128)
MIB = 1_048_576


class Piped:
    """A pipe with the chunks that came out of it."""

    def __init__(self) -> None:
        self.chunks: list[bytes] = []
        self.pipe = OutputPipe(EnvironmentLog(LOG_FORMATS["text"], SOURCE, self.chunks.append))
        self.pipe.open()

    def write(self, data: bytes) -> None:
        """Write it all, reading whenever the pipe is full."""
        for start in range(0, len(data), PIPE_BYTES):
            os.write(self.pipe.writing, data[start : start + PIPE_BYTES])
            self.pipe.read()


@pytest.fixture
def piped() -> Iterator[Piped]:
    made = Piped()
    yield made
    made.pipe.close()


def _frame(message: bytes, microseconds: int = 0, kind: int = 0x17) -> bytes:
    microseconds = microseconds or time.time_ns() // 1000
    head = b"\xa5\x5a\x00" + bytes([kind])
    return head + len(message).to_bytes(4, "big") + microseconds.to_bytes(8, "big") + message


def test_whole_lines_come_at_once_and_the_rest_when_it_is_whole(piped: Piped):
    piped.write(b"one\ntwo\nth")
    piped.write(b"ree\n")
    assert piped.chunks == [b"one\ntwo\n", b"three\n"]


def test_a_line_that_was_not_ended_ends_with_the_invocation(piped: Piped):
    piped.write(b"abc")
    piped.pipe.finish()
    assert piped.chunks == [b"abc\n"]


def test_a_record_is_one_chunk_and_ends_the_line_before_it(piped: Piped):
    piped.write(b"abc" + _frame(b"[ERROR] a\nTraceback") + b"def\n" + _frame(b"5"))
    assert piped.chunks == [b"abc\n", b"[ERROR] a\nTraceback\n", b"def\n", b"5\n"]


def test_a_record_that_is_cut_off_is_written_when_its_process_has_ended(piped: Piped):
    piped.write(_frame(b"[ERROR] a")[:-3])
    piped.pipe.finish()
    assert piped.chunks == []
    piped.pipe.finish(has_ended=True)
    assert piped.chunks == [b"[ERROR\n"]


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xfe\x00 bytes\n",
        b"a\xa5\x5a\x00b\n",
        b"\xa5\x5a\x00\x17\x00\x00\x00\x02" + b"\x00" * 8 + b"no frame\n",
        b"a\rb\n\n",
        b"x" * MIB + b"\n",
    ],
    ids=["not UTF-8", "a mark", "a frame of 1970", "line ends", "1 MiB"],
)
def test_what_is_printed_passes_unaltered(piped: Piped, data: bytes):
    piped.write(data)
    piped.pipe.finish()
    assert piped.chunks == [data]


def test_a_longer_line_leaves_in_pieces(piped: Piped):
    piped.write(b"x" * (3 * MIB) + b"\n")
    pieces = b"".join(piped.chunks).splitlines()
    assert b"".join(pieces) == b"x" * (3 * MIB)
    assert max(map(len, pieces)) < MIB + 100_000


def test_a_longer_record_leaves_in_pieces(piped: Piped):
    piped.write(_frame(b"y" * (2 * MIB)) + _frame(b"next"))
    pieces = b"".join(piped.chunks).splitlines()
    assert b"".join(pieces) == b"y" * (2 * MIB) + b"next"
    assert pieces[-1] == b"next"


class Recorder(EnvironmentLog):
    """A log that keeps what it is told; lines that follow each other are joined."""

    def __init__(self) -> None:
        self.told: list[tuple[str, bytes]] = []

    def lines(self, block: bytes) -> None:
        assert block.endswith(b"\n")
        if self.told and self.told[-1][0] == "lines":
            block = self.told.pop()[1] + block
        self.told.append(("lines", block))

    def record(self, message: bytes) -> None:
        self.told.append(("record", message))


def _told(stream: bytes, cuts: Collection[int] = ()) -> list[tuple[str, bytes]]:
    """What comes of a stream that is read at each of these places, and at its end."""
    log = Recorder()
    pipe = OutputPipe(log)
    pipe.open()
    places = sorted({0, *(cut % (len(stream) + 1) for cut in cuts), len(stream)})
    for start, end in pairwise(places):
        os.write(pipe.writing, stream[start:end])
        pipe.read()
    pipe.close()
    return log.told


NOW = time.time_ns() // 1000
PARTS = st.one_of(
    st.binary(max_size=12),
    st.sampled_from([b"line\n", b"\n", b"\xa5", b"\x5a", b"\x00", b"\xa5\x5a\x00", b"\xa5\x5a\x00\x17"]),
    st.binary(max_size=20).map(lambda message: _frame(message, NOW)),
    st.binary(max_size=20).map(lambda message: _frame(message, 1970)),
    st.sampled_from([_frame(_frame(b"inner", NOW), NOW), _frame(b"", NOW), _frame(b"a\nb\n", NOW)]),
)


@settings(max_examples=100, deadline=None, derandomize=True, database=None)
@given(st.lists(PARTS, max_size=8).map(b"".join), st.lists(st.integers(0, 200), max_size=30))
def test_it_does_not_matter_how_the_output_is_cut(stream: bytes, cuts: list[int]):
    assert _told(stream, cuts) == _told(stream)


@pytest.mark.parametrize("before", [b"", b"line\n", b"partial", b"\xa5\x5a\x00"])
def test_a_record_may_be_cut_at_any_byte(before: bytes):
    stream = before + _frame(b"a\nb") + b"after\n"
    ended = before if before.endswith(b"\n") or not before else before + b"\n"
    lines = [("lines", ended)] if before else []
    for cut in range(len(stream)):
        assert _told(stream, [cut]) == [*lines, ("record", b"a\nb"), ("lines", b"after\n")]


def test_what_lambdas_runtime_writes_is_a_record():
    log = Recorder()
    pipe = OutputPipe(log)
    pipe.open()
    with FramedTelemetryLogSink(os.dup(pipe.writing)) as sink:
        sink.log("[WARNING]\tgröße ☕\n")
        sink.log_error(["[ERROR] KeyError: 'a'", "Traceback (most recent call last):"])
        sink.log("")
    pipe.close()
    assert log.told == [
        ("record", "[WARNING]\tgröße ☕\n".encode()),
        ("record", b"[ERROR] KeyError: 'a'\nTraceback (most recent call last):"),
        ("record", b""),
    ]


@for_each("kind", [0x02, 0x03, 0x0A, 0x0B, 0x0E, 0x0F, 0x12, 0x13, 0x16, 0x17, 0x1A, 0x1B])
def test_a_record_of_any_level_is_one(kind: int):
    assert _told(_frame(b"message", kind=kind)) == [("record", b"message")]


def test_a_frame_within_a_record_is_its_text():
    inner = _frame(b"inner")
    assert _told(_frame(b"a" + inner)) == [("record", b"a" + inner)]


def test_a_record_of_1_mib_stays_whole():
    message = b"y" * MIB
    piped = Piped()
    piped.write(_frame(message))
    piped.pipe.close()
    assert piped.chunks == [message + b"\n"]


def test_a_record_goes_on_in_the_next_invocation(piped: Piped):
    frame = _frame(b"[INFO] of another thread")
    piped.write(b"abc\n" + frame[:-3])
    piped.pipe.finish()
    piped.write(frame[-3:])
    assert piped.chunks == [b"abc\n", b"[INFO] of another thread\n"]


def test_closing_takes_what_is_left():
    assert _told(b"no newline") == [("lines", b"no newline\n")]
    assert _told(b"\xa5\x5a\x00") == [("lines", b"\xa5\x5a\x00\n")]


def test_reading_tells_how_much_there_was(piped: Piped):
    assert piped.pipe.read() == 0
    os.write(piped.pipe.writing, b"abc\n")
    assert piped.pipe.read() == 4
    assert piped.pipe.read() == 0


def test_finish_does_not_wait_for_a_writer_without_end(piped: Piped):
    over = threading.Event()

    def flood() -> None:
        while not over.is_set():
            os.write(piped.pipe.writing, b"x" * 4095 + b"\n")

    writer = threading.Thread(target=flood)
    writer.start()
    while not piped.chunks:
        piped.pipe.finish()
    over.set()
    while writer.is_alive():
        piped.pipe.read()


def test_finish_takes_all_of_a_pipe_that_was_made_larger(piped: Piped):
    fcntl.fcntl(piped.pipe.writing, fcntl.F_SETPIPE_SZ, MIB)
    os.write(piped.pipe.writing, b"x" * 99 + b"\n" + b"y" * 500_000)
    piped.pipe.finish()
    assert sum(map(len, piped.chunks)) == 500_101


def test_many_marks_that_are_none_cost_little(piped: Piped):
    marks = b"\xa5\x5a\x00" * 300_000
    began = time.monotonic()
    piped.write(marks)
    piped.pipe.finish()
    assert piped.chunks == [marks + b"\n"]
    assert time.monotonic() - began < 5


def test_a_closed_pipe_gives_nothing(piped: Piped):
    piped.pipe.close()
    assert piped.pipe.read() == 0
    piped.pipe.finish()
    assert piped.chunks == []


def test_a_pipe_that_was_never_opened_has_nothing_to_read_or_close():
    pipe = OutputPipe(Recorder())
    assert pipe.read() == 0
    pipe.finish(has_ended=True)
    pipe.close()
    assert pipe.writing == -1
