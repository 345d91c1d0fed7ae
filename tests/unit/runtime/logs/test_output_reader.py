import os
import threading

from berth.runtime.logs.environment_log import EnvironmentLog
from berth.runtime.logs.log_format import LOG_FORMATS, Source
from berth.runtime.logs.output_pipe import OutputPipe
from berth.runtime.logs.output_reader import OutputReader

SOURCE = Source("hello", "i", "on-demand", "python:3.13.1", 128)


def _pipe(reader: OutputReader) -> OutputPipe:
    pipe = OutputPipe(EnvironmentLog(LOG_FORMATS["text"], SOURCE, reader.writer.write))
    pipe.open()
    return pipe


def test_every_pipe_is_read_and_written_on():
    reading, writing = os.pipe()
    reader = OutputReader(writing)
    pipes = [_pipe(reader) for _ in range(3)]
    for number, pipe in enumerate(pipes):
        reader.add(pipe)
        os.write(pipe.writing, b"%d\n" % number)
    found = b""
    while len(found) < 6:
        found += os.read(reading, 100)
    assert sorted(found.split()) == [b"0", b"1", b"2"]
    for pipe in pipes:
        reader.remove(pipe)
    reader.close()
    os.close(reading)
    os.close(writing)


def test_a_flood_waits_for_the_reader_of_stdout_and_others_do_not():
    reading, writing = os.pipe()
    reader = OutputReader(writing)
    loud, quiet = _pipe(reader), _pipe(reader)
    reader.add(loud)
    flood = threading.Thread(target=_write_all, args=(loud.writing, b"x" * 99 + b"\n", 20_000))
    flood.start()
    os.write(quiet.writing, b"quiet\n")
    quiet.finish()  # as the request's own thread does: it does not block though nobody reads stdout
    found = b""
    while len(found) < 2_000_006:
        found += os.read(reading, 65_536)
    flood.join(10)
    assert found.count(b"quiet\n") == 1
    assert found.replace(b"quiet\n", b"") == (b"x" * 99 + b"\n") * 20_000
    reader.remove(loud)
    quiet.close()
    reader.close()
    os.close(reading)
    os.close(writing)


def test_closing_writes_what_waits():
    reading, writing = os.pipe()
    reader = OutputReader(writing)
    pipe = _pipe(reader)
    reader.add(pipe)
    os.write(pipe.writing, b"last words")
    reader.remove(pipe)
    reader.close()
    assert os.read(reading, 100) == b"last words\n"
    os.close(reading)
    os.close(writing)


def _write_all(descriptor: int, line: bytes, count: int) -> None:
    for _ in range(count):
        os.write(descriptor, line)


def test_lines_of_several_threads_keep_their_order_while_stdout_is_slow():
    reading, writing = os.pipe()
    reader = OutputReader(writing)
    numbers = range(100)

    def write(name: bytes) -> None:
        for number in numbers:
            reader.writer.write(b"%s %d %s\n" % (name, number, b"x" * (number * 37 % 5000)))

    threads = [threading.Thread(target=write, args=(name,)) for name in (b"a", b"b", b"c")]
    for thread in threads:
        thread.start()
    found = b""
    while found.count(b"\n") < 300:
        found += os.read(reading, 1000)
    for thread in threads:
        thread.join(10)
    lines = found.decode().splitlines()
    for name in "abc":
        assert [int(line.split()[1]) for line in lines if line[0] == name] == list(numbers)
    reader.close()
    os.close(reading)
    os.close(writing)


def test_what_is_not_ended_stays_until_its_invocation_ends():
    reading, writing = os.pipe()
    reader = OutputReader(writing)
    pipe = _pipe(reader)
    reader.add(pipe)
    os.write(pipe.writing, b"one\ntw")
    assert os.read(reading, 100) == b"one\n"
    os.write(pipe.writing, b"o")
    pipe.finish()
    assert os.read(reading, 100) == b"two\n"
    reader.remove(pipe)
    reader.close()
    os.close(reading)
    os.close(writing)


def test_nothing_is_started_before_there_is_something_to_read():
    reading, writing = os.pipe()
    before = threading.active_count()
    reader = OutputReader(writing)
    reader.writer.write(b"one\n")
    assert threading.active_count() == before
    reader.close()
    reader.close()
    assert os.read(reading, 100) == b"one\n"
    os.close(reading)
    os.close(writing)


def test_a_pipe_may_be_removed_after_the_end():
    reading, writing = os.pipe()
    reader = OutputReader(writing)
    pipe = _pipe(reader)
    reader.add(pipe)
    reader.close()
    reader.remove(pipe)
    os.close(reading)
    os.close(writing)
