import fcntl
import os
import threading
import time
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.runtime.logs.environment_log import EnvironmentLog
from app.runtime.logs.log_format import LOG_FORMATS, Source
from app.runtime.logs.output_pipe import OutputPipe

SOURCE = Source("hello", "i", "on-demand", "python:3.13.1", 128)
MIB = 1_048_576


class Piped:
    """A pipe with the chunks that came out of it."""

    def __init__(self) -> None:
        self.chunks: list[bytes] = []
        self.pipe = OutputPipe(EnvironmentLog(LOG_FORMATS["text"], SOURCE, self.chunks.append))

    def write(self, data: bytes) -> None:
        """Write it all, reading whenever the pipe is full."""
        for start in range(0, len(data), 4096):
            os.write(self.pipe.writing, data[start : start + 4096])
            self.pipe.read()


@pytest.fixture
def piped() -> Iterator[Piped]:
    made = Piped()
    yield made
    made.pipe.close()


def _frame(message: bytes, kind: int = 0x17) -> bytes:
    microseconds = time.time_ns() // 1000
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


PARTS = st.lists(
    st.one_of(
        st.binary(max_size=20).map(lambda line: line.replace(b"\xa5", b"") + b"\n"),
        st.binary(max_size=20).map(lambda message: _frame(message.replace(b"\xa5", b""))),
    ),
    max_size=6,
)


@settings(max_examples=60)
@given(PARTS, st.lists(st.integers(1, 40), min_size=1))
def test_it_does_not_matter_how_the_output_is_cut(parts: list[bytes], sizes: list[int]):
    stream = b"".join(parts)
    whole, cut = Piped(), Piped()
    whole.write(stream)
    position = 0
    while position < len(stream):
        size = sizes[position % len(sizes)]
        cut.write(stream[position : position + size])
        position += size
    for each in (whole, cut):
        each.pipe.finish()
        each.pipe.close()
    assert b"".join(cut.chunks) == b"".join(whole.chunks)


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
