import fcntl
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from berth.runtime.logs.log_writer import LogWriter


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    yield reading, writing
    os.close(writing)
    os.close(reading)


def _fill(writing: int) -> int:
    capacity = fcntl.fcntl(writing, fcntl.F_GETPIPE_SZ)
    return os.write(writing, b"." * capacity)


def test_a_chunk_is_written_at_once(pipe: tuple[int, int]):
    wakes: list[None] = []
    writer = LogWriter(pipe[1], lambda: wakes.append(None))
    writer.write(b"one\n")
    assert os.read(pipe[0], 100) == b"one\n"
    assert wakes == []


def test_a_full_pipe_blocks_nobody_and_keeps_the_order(pipe: tuple[int, int]):
    woken = threading.Event()
    writer = LogWriter(pipe[1], woken.set)
    filled = _fill(pipe[1])
    writer.write(b"one\n")
    writer.write(b"two\n")
    assert woken.is_set()
    assert os.read(pipe[0], filled) == b"." * filled
    writer.flush()
    assert os.read(pipe[0], 100) == b"one\ntwo\n"


def test_flush_gives_up_when_nobody_reads_and_loses_nothing(pipe: tuple[int, int]):
    writer = LogWriter(pipe[1], lambda: None)
    filled = _fill(pipe[1])
    writer.write(b"one\n")
    writer.flush(0.01)
    writer.write(b"two\n")
    writer.flush(0)
    assert os.read(pipe[0], filled) == b"." * filled
    writer.flush(0)
    assert os.read(pipe[0], 100) == b"one\ntwo\n"


def test_who_writes_also_writes_what_other_threads_bring_meanwhile(tmp_path: Path):
    wakes: list[None] = []
    with (tmp_path / "log").open("wb") as file:
        writer = LogWriter(file.fileno(), lambda: wakes.append(None))
        threads = [threading.Thread(target=_write_many, args=[writer, b"%d\n" % n]) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    lines = (tmp_path / "log").read_bytes().split()
    assert [lines.count(b"%d" % n) for n in range(4)] == [2000] * 4
    assert wakes == []


def _write_many(writer: LogWriter, chunk: bytes) -> None:
    for _ in range(2000):
        writer.write(chunk)


def test_lines_of_several_threads_are_not_mixed(tmp_path: Path):
    with (tmp_path / "log").open("wb") as file:
        writer = LogWriter(file.fileno(), lambda: None)

        def write(letter: bytes) -> None:
            for _ in range(200):
                writer.write(letter * 100 + b"\n")

        threads = [threading.Thread(target=write, args=(letter,)) for letter in (b"a", b"b", b"c")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        writer.flush()
    lines = (tmp_path / "log").read_bytes().splitlines()
    assert sorted(set(lines)) == [b"a" * 100, b"b" * 100, b"c" * 100]
    assert len(lines) == 600


def test_a_pipe_is_given_whole_lines(pipe: tuple[int, int]):
    writer = LogWriter(pipe[1], lambda: None)
    filled = _fill(pipe[1])
    writer.write((b"x" * 2999 + b"\n") * 3)
    os.read(pipe[0], 4096)
    writer.write(b"y\n")  # writes what fits of what waits
    assert os.read(pipe[0], filled)[-3000:] == b"x" * 2999 + b"\n"
    writer.flush()


def test_nothing_is_nothing_to_write(pipe: tuple[int, int]):
    writer = LogWriter(pipe[1], _must_not_wake)
    writer.write(b"")
    writer.flush()
    with pytest.raises(BlockingIOError):
        os.read(pipe[0], 100)


def test_a_file_takes_any_chunk_at_once(tmp_path: Path):
    chunk = b"x" * 1_000_000 + b"\n" + b"\xff\0"
    with (tmp_path / "log").open("wb") as file:
        writer = LogWriter(file.fileno(), _must_not_wake)
        writer.write(chunk)
        writer.write(b"next\n")
        assert (tmp_path / "log").read_bytes() == chunk + b"next\n"


def test_a_long_line_goes_out_in_pieces_and_nothing_between_them(pipe: tuple[int, int]):
    woken = threading.Event()
    writer = LogWriter(pipe[1], woken.set)
    fcntl.fcntl(pipe[1], fcntl.F_SETPIPE_SZ, 4096)
    writer.write(b"x" * 9999 + b"\n")
    writer.write(b"next\n")
    assert woken.is_set()
    found = b""
    while not found.endswith(b"next\n"):
        writer.flush(0)
        found += os.read(pipe[0], 4096)
    assert found == b"x" * 9999 + b"\nnext\n"


def test_a_descriptor_that_does_not_block_is_waited_for_as_well(pipe: tuple[int, int]):
    os.set_blocking(pipe[1], False)
    woken = threading.Event()
    writer = LogWriter(pipe[1], woken.set)
    filled = _fill(pipe[1])
    writer.write(b"one\n")
    assert woken.is_set()
    reader = threading.Thread(target=_read_until, args=(pipe[0], filled + 4))
    reader.start()
    writer.flush()
    reader.join(10)
    assert not reader.is_alive()


def test_a_full_disk_is_no_error():
    try:
        descriptor = os.open("/dev/full", os.O_WRONLY)
    except OSError:
        pytest.skip("this system has no /dev/full")
    writer = LogWriter(descriptor, _must_not_wake)
    writer.write(b"one\n")
    writer.flush()
    os.close(descriptor)


def test_nobody_at_the_other_end_is_no_error():
    reading, writing = os.pipe()
    os.close(reading)
    writer = LogWriter(writing, lambda: None)
    writer.write(b"one\n")
    writer.flush()
    os.close(writing)


def test_what_is_lost_is_told_once(pipe: tuple[int, int], caplog: pytest.LogCaptureFixture):
    writer = LogWriter(pipe[1], lambda: None)
    filled = _fill(pipe[1])
    for _ in range(20):
        writer.write(b"x" * 1_048_576)
    reader = threading.Thread(target=_read_until, args=(pipe[0], filled + 17 * 1_048_576))
    reader.start()
    writer.flush()
    reader.join(10)
    writer.flush()
    message = "3145728 bytes of function logs were lost: nobody reads the server's output"
    assert [record.getMessage() for record in caplog.records] == [message]


def _must_not_wake() -> None:
    raise AssertionError("nothing waits")


def _read_until(reading: int, size: int) -> None:
    os.set_blocking(reading, True)
    while size > 0:
        size -= len(os.read(reading, min(size, 65_536)))


def test_what_is_held_is_written_at_once_when_it_is_released(pipe: tuple[int, int]):
    writer = LogWriter(pipe[1], lambda: None)
    writer.hold()
    writer.write(b"one\n")
    writer.write(b"two\n")
    with pytest.raises(BlockingIOError):
        os.read(pipe[0], 100)
    writer.release()
    assert os.read(pipe[0], 100) == b"one\ntwo\n"
    writer.write(b"three\n")
    assert os.read(pipe[0], 100) == b"three\n"
