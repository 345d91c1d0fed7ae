import socket
import struct
import threading
import time
from collections.abc import Iterator

import pytest

from berth.errors import EnvironmentDied
from berth.runtime.environment import LongResult
from berth.runtime.process.channel import Channel, DeadlinePassed, ProcessEnded
from berth.runtime.process.frames import read_frame, start_frame
from berth.runtime.process.overtime import Overtime
from berth.settings import Settings

LENGTHS = struct.Struct("!II")


class Process:
    """What a channel knows of a process; it ends when a test says so."""

    descriptor = None

    def __init__(self) -> None:
        self.has_ended = False

    def has_exited(self, seconds: float = 0) -> bool:
        return self.has_ended


@pytest.fixture
def process() -> Process:
    return Process()


@pytest.fixture
def ends(process: Process) -> Iterator[tuple[Channel, socket.socket]]:
    ours, theirs = socket.socketpair()
    channel = Channel(ours, process, Overtime(Settings()))  # type: ignore[arg-type]
    yield channel, theirs
    channel.close()
    theirs.close()


def _receive_for_ever(channel: Channel, deadline: float) -> None:
    while True:
        channel.receive(deadline)


def _look_for_ever(channel: Channel) -> None:
    while True:
        channel.look()


def _soon() -> float:
    return time.monotonic() + 10


def test_a_frame_arrives_as_it_was_sent(ends: tuple[Channel, socket.socket]):
    channel, theirs = ends
    theirs.sendall(_frame(b"r", b"\x00\xff"))
    assert channel.receive(_soon()) == (b"r", b"\x00\xff")
    channel.send(b"id", b"{}", _soon())
    assert read_frame(theirs.fileno()) == (b"id", b"{}")


@pytest.mark.parametrize("size", [3, 100_000])
def test_a_frame_keeps_its_bytes_when_another_follows_at_once(ends: tuple[Channel, socket.socket], size: int):
    channel, theirs = ends
    sender = threading.Thread(
        target=theirs.sendall, args=(_frame(b"r", b"a" * size) + _frame(b"r", b"b" * 9),)
    )
    sender.start()
    frames = [channel.receive(_soon()) for _ in range(2)]
    sender.join(10)
    assert frames == [(b"r", b"a" * size), (b"r", b"b" * 9)]


def test_a_large_frame_is_sent_while_the_other_side_reads(ends: tuple[Channel, socket.socket]):
    channel, theirs = ends
    frames: list[tuple[bytes, bytes]] = []
    reader = threading.Thread(target=lambda: frames.append(read_frame(theirs.fileno())))
    reader.start()
    channel.send(b"", b"x" * 6_000_000, _soon())
    reader.join(10)
    assert [len(tail) for _, tail in frames] == [6_000_000]


def test_waiting_ends_at_the_deadline(ends: tuple[Channel, socket.socket]):
    with pytest.raises(DeadlinePassed):
        ends[0].receive(time.monotonic() + 0.01)


def test_frames_without_end_are_no_answer_after_the_deadline(ends: tuple[Channel, socket.socket]):
    channel, theirs = ends
    over = threading.Event()

    def flood() -> None:
        frame = _frame(b"ranother") * 100
        theirs.settimeout(0.05)
        while not over.is_set():
            try:
                theirs.sendall(frame)
            except TimeoutError:
                continue

    sender = threading.Thread(target=flood)
    sender.start()
    deadline = time.monotonic() + 0.1
    with pytest.raises(DeadlinePassed):
        _receive_for_ever(channel, deadline)
    assert time.monotonic() < deadline + 5
    over.set()
    sender.join(10)


def test_waiting_ends_with_the_process(ends: tuple[Channel, socket.socket], process: Process):
    process.has_ended = True
    with pytest.raises(ProcessEnded):
        ends[0].receive(_soon())


def test_an_answer_that_was_sent_before_the_end_counts(ends: tuple[Channel, socket.socket], process: Process):
    ends[1].sendall(_frame(b"r"))
    process.has_ended = True
    assert ends[0].receive(_soon()) == (b"r", b"")


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        (LENGTHS.pack(1 << 20, 0), "Runtime sent a frame that is too large"),
        (LENGTHS.pack(2, 1 << 30) + b"{}", "Runtime sent a frame that is too large"),
    ],
    ids=["large head", "large tail"],
)
def test_frame_that_is_too_large_is_refused(ends: tuple[Channel, socket.socket], sent: bytes, reason: str):
    sender = threading.Thread(target=ends[1].sendall, args=(sent,))
    sender.start()
    with pytest.raises(EnvironmentDied, match=reason):
        ends[0].receive(_soon())
    sender.join(10)


class Debugged(Overtime):
    """Overtime that is granted once."""

    def __init__(self) -> None:
        super().__init__(Settings())
        self.asked = 0

    def is_granted(self, process: object) -> bool:
        self.asked += 1
        return self.asked == 1


def test_a_deadline_counts_no_more_once_overtime_was_granted_for_it(process: Process):
    ours, theirs = socket.socketpair()
    overtime = Debugged()
    channel = Channel(ours, process, overtime)  # type: ignore[arg-type]
    theirs.sendall(_frame(b"r"))
    passed = time.monotonic() - 1
    assert channel.receive(passed) == (b"r", b"")
    assert overtime.asked == 1
    with pytest.raises(DeadlinePassed):
        channel.receive(passed + 0.5)
    channel.close()
    theirs.close()


def test_look_waits_for_nothing(ends: tuple[Channel, socket.socket]):
    channel, theirs = ends
    frame = _frame(b"r", b"x" * 100_000)
    assert channel.look() is None
    for start in range(0, len(frame), 30_000):
        assert channel.look() is None
        theirs.sendall(frame[start : start + 30_000])
    assert channel.look() == (b"r", b"x" * 100_000)
    assert channel.look() is None


def test_look_leaves_a_long_frame_to_receive(ends: tuple[Channel, socket.socket]):
    channel, theirs = ends
    sender = threading.Thread(target=theirs.sendall, args=(_frame(b"r", b"x" * 1_000_000),))
    sender.start()
    with pytest.raises(LongResult):
        _look_for_ever(channel)
    assert channel.receive(_soon()) == (b"r", b"x" * 1_000_000)
    sender.join(10)


def test_look_says_that_nothing_more_will_come(ends: tuple[Channel, socket.socket]):
    ends[1].close()
    with pytest.raises(ProcessEnded):
        ends[0].look()


def test_rest_of_what_was_offered_is_sent_before_anything_is_received(ends: tuple[Channel, socket.socket]):
    channel, theirs = ends
    channel.offer(b"", b"x" * 6_000_000)
    answers: list[bytes] = []

    def answer() -> None:
        answers.append(read_frame(theirs.fileno())[1])
        theirs.sendall(_frame(b"r", b"done"))

    reader = threading.Thread(target=answer)
    reader.start()
    assert channel.receive(_soon()) == (b"r", b"done")
    reader.join(10)
    assert [len(answer) for answer in answers] == [6_000_000]


def _frame(head: bytes, tail: bytes = b"") -> bytes:
    return start_frame(head, len(tail)) + tail
