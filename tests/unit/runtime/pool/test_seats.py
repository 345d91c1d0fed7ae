"""Seats that several processes share."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from berth.runtime.pool.seats import Seats
from kit.sources import PACKAGE

NEIGHBOUR = """
import sys
from berth.runtime.pool.seats import Seats

file = open(sys.argv[1], "r+b")
seats = Seats(file.fileno())
for line in sys.stdin:
    act, name, *most = line.split()
    print(seats.take(name, int(*most)) if act == "take" else seats.give_back(name), flush=True)
"""


@pytest.fixture
def neighbour(tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
    """Another process, which takes and gives back what it is told to."""
    (tmp_path / "seats").touch()
    pipe = subprocess.PIPE
    program = [sys.executable, "-c", NEIGHBOUR, str(tmp_path / "seats")]
    environ = {"PYTHONPATH": str(PACKAGE.parent)}
    with subprocess.Popen(program, stdin=pipe, stdout=pipe, text=True, env=environ) as process:
        yield process
        process.kill()


def _ask(process: "subprocess.Popen[str]", *words: object) -> str:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(f"{' '.join(map(str, words))}\n")
    process.stdin.flush()
    return process.stdout.readline().strip()


def test_seats_are_never_more_than_there_are(tmp_path: Path, neighbour: "subprocess.Popen[str]"):
    with (tmp_path / "seats").open("r+b") as file:
        seats = Seats(file.fileno())
        assert _ask(neighbour, "take", "orders", 2) == "True"
        assert [seats.take("orders", 2), seats.take("orders", 2)] == [True, False]
        assert _ask(neighbour, "take", "orders", 2) == "False"
        assert seats.take("others", 1)
        seats.give_back("orders")
        assert _ask(neighbour, "take", "orders", 2) == "True"
        assert not seats.take("orders", 2)
        assert _ask(neighbour, "give_back", "orders") == "None"
        assert seats.take("orders", 2)


def test_seats_of_a_process_that_was_killed_are_free(tmp_path: Path, neighbour: "subprocess.Popen[str]"):
    with (tmp_path / "seats").open("r+b") as file:
        seats = Seats(file.fileno())
        assert _ask(neighbour, "take", "orders", 1) == "True"
        assert not seats.take("orders", 1)
        neighbour.kill()
        neighbour.wait()
        assert seats.take("orders", 1)


def test_one_process_takes_each_seat_once(tmp_path: Path):
    with (tmp_path / "seats").open("w+b") as file:
        seats = Seats(file.fileno())
        assert [seats.take("orders", 3) for _ in range(4)] == [True, True, True, False]
        assert not seats.take("orders", 0)
