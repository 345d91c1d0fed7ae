import os
import sys
from pathlib import Path

import pytest

from app.runtime.os_process import OsProcess, spawn


def _spawn(code: str) -> tuple[OsProcess, int]:
    """A process that runs the code, and the end of a pipe that it holds open."""
    reading, writing = os.pipe()
    program = [sys.executable, "-S", "-E", "-c", f"import os, signal, sys\n{code}", str(writing)]
    with open(os.devnull, "wb") as sink:
        process = spawn(program, folder=Path("/"), environ={}, output=sink.fileno(), inherited=writing)
    os.close(writing)
    return process, reading


@pytest.mark.parametrize(
    ("code", "ending"),
    [
        ("pass", "without providing a reason"),
        ("sys.exit(3)", "with error: exit status 3"),
        ("os.kill(os.getpid(), signal.SIGSEGV)", "with error: signal: segmentation fault"),
        ("os.kill(os.getpid(), signal.SIGKILL)", "with error: signal: killed"),
        ("os.kill(os.getpid(), signal.SIGABRT)", "with error: signal: aborted"),
        ("signal.signal(2, signal.SIG_DFL); os.kill(os.getpid(), 2)", "with error: signal: interrupt"),
    ],
)
def test_an_ending_is_told_in_lambdas_words(code: str, ending: str):
    process, reading = _spawn(code)
    assert process.has_exited(20)
    assert process.ending() == ending
    process.collect()  # once more is harmless
    assert process.has_exited()
    os.close(reading)


def test_the_whole_group_is_killed():
    process, reading = _spawn("os.fork() or os.write(int(sys.argv[1]), b'!')\nsignal.pause()")
    assert os.read(reading, 1) == b"!"
    process.kill_group()
    process.kill_group()
    assert os.read(reading, 1) == b""  # nobody holds the pipe any more
    process.collect()
    os.close(reading)


def test_it_leads_a_group_of_its_own():
    process, reading = _spawn("os.write(int(sys.argv[1]), b'!')\nsignal.pause()")
    assert os.read(reading, 1) == b"!"
    assert not process.has_exited()
    assert os.getpgid(process.pid) == os.getsid(process.pid) == process.pid
    process.collect()
    os.close(reading)
