import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from berth.runtime.process.os_process import OsProcess, spawn


def _spawn(code: str) -> tuple[OsProcess, int]:
    """A process that runs the code, and the end of a pipe that it holds open."""
    reading, writing = os.pipe()
    program = [sys.executable, "-S", "-E", "-c", f"import os, signal, sys\n{code}", str(writing)]
    with open(os.devnull, "wb") as sink:
        process = spawn(program, folder=Path("/"), environ={}, output=sink.fileno(), inherited=[writing])
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
        ("os.kill(os.getpid(), signal.SIGTERM)", "with error: signal: terminated"),
        ("os.kill(os.getpid(), signal.SIGBUS)", "with error: signal: bus error"),
        ("os.kill(os.getpid(), signal.SIGFPE)", "with error: signal: floating point exception"),
        ("signal.signal(2, signal.SIG_DFL); os.kill(os.getpid(), 2)", "with error: signal: interrupt"),
        ("sys.exit('a message')", "with error: exit status 1"),
        ("os._exit(255)", "with error: exit status 255"),
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


def test_one_that_was_killed_ends_so_though_it_would_go_on():
    process, reading = _spawn("os.write(int(sys.argv[1]), b'!')\nsignal.pause()")
    assert os.read(reading, 1) == b"!"
    assert not process.has_exited()
    process.kill_group()
    assert process.has_exited(20)
    assert process.ending() == "with error: signal: killed"
    os.close(reading)


def test_whoever_it_started_is_killed_when_it_ends_by_itself():
    process, reading = _spawn("os.fork() or (os.write(int(sys.argv[1]), b'!'), signal.pause())")
    assert os.read(reading, 1) == b"!"
    assert process.ending() in {"without providing a reason", "with error: signal: killed"}
    assert os.read(reading, 1) == b""
    os.close(reading)


def test_its_end_closes_its_descriptor():
    process, reading = _spawn("pass")
    descriptor = process.descriptor
    process.collect()
    assert process.descriptor is None
    if descriptor is not None:
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(descriptor)
    os.close(reading)


def test_several_threads_may_see_to_its_end():
    process, reading = _spawn("os.write(int(sys.argv[1]), b'!')\nsignal.pause()")
    assert os.read(reading, 1) == b"!"
    with ThreadPoolExecutor(4) as threads:
        for each in [
            threads.submit(process.collect),
            *(threads.submit(process.kill_group) for _ in range(8)),
        ]:
            each.result(20)
    assert process.has_exited()
    os.close(reading)


def test_it_has_the_place_and_the_variables_it_is_given_and_nothing_else(tmp_path: Path):
    inherited, other = os.pipe()
    reading, writing = os.pipe()
    code = (
        "import os, sys\n"
        "print(os.getcwd(), sorted(os.environ), sys.argv[1:], os.read(0, 1))\n"
        "print('stderr', file=sys.stderr, flush=True)\n"
        "print([each for each in range(3, 256) if os.path.exists(f'/dev/fd/{each}')])\n"
    )
    program = [sys.executable, "-S", "-c", code, "argument"]
    environ = {"LC_ALL": "C.UTF-8", "PYTHONUNBUFFERED": "1"}
    process = spawn(program, folder=tmp_path, environ=environ, output=writing, inherited=[inherited])
    os.close(writing)
    process.has_exited(20)
    assert process.ending() == "without providing a reason"
    with open(reading, encoding="utf-8") as output:
        assert output.read().splitlines() == [
            f"{tmp_path} ['LC_ALL', 'PYTHONUNBUFFERED'] ['argument'] b''",
            "stderr",
            f"[{inherited}]",
        ]
    os.close(inherited)
    os.close(other)


def test_a_program_that_is_not_there_is_an_error():
    with open(os.devnull, "wb") as sink, pytest.raises(FileNotFoundError):
        spawn(["/no/such/program"], folder=Path("/"), environ={}, output=sink.fileno(), inherited=[2])


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path):
    folder = tmp_path / "nowhere"
    with open(os.devnull, "wb") as sink, pytest.raises(FileNotFoundError):
        spawn([sys.executable], folder=folder, environ={}, output=sink.fileno(), inherited=[2])


def test_hidden_process_is_nobody_elses_to_read() -> None:
    """PR_GET_DUMPABLE is 3; another process has to ask, since there is no way back for this one."""
    program = """
import ctypes
from berth.runtime.process.os_process import hide_process
hide_process()
print(ctypes.CDLL(None).prctl(3))
"""
    asked = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert asked.stdout == "0\n"
