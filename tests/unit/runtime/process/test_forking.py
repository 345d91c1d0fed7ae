import logging
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from berth.runtime.process.forking import ForkedChild, NoTemplate, Template, has_room
from berth.runtime.process.launching import PROGRAM
from berth.runtime.search import server_packages
from kit.processes import children, is_template
from kit.tables import for_each

INTERPRETER = [sys.executable, "-P", "-S"]
PLACE = {
    "server": os.getpid(),
    "server_packages": server_packages(),
    "folders": [],
    "given": [],
    "child_path": "",
    "sandbox": None,
    "advice": "",
    "debugging": None,
}


# The copy exits with 7 if raise_signal() reaches it: the C library signals the number that it has noted.
COPIED = """
import ctypes, os, signal
from berth.runtime.process.template import Forks

libc = ctypes.PyDLL(None, use_errno=True)
{}
pid = Forks(libc).fork()
if pid == 0:
    signal.signal(signal.SIGUSR1, lambda *_: os._exit(7))
    signal.raise_signal(signal.SIGUSR1)
    os._exit(1)
print(pid)
"""
# Since glibc 2.43 the kernel clears another field than the number at the end of a program's first thread.
CLEARED_ELSEWHERE = """
SET_TID_ADDRESS = {"x86_64": 218, "aarch64": 96}[os.uname().machine]
elsewhere = ctypes.c_int()
libc.syscall(SET_TID_ADDRESS, ctypes.byref(elsewhere))
"""


def _child(program: str) -> ForkedChild:
    return ForkedChild(os.posix_spawn("/bin/sh", ["sh", "-c", program], {}))


@pytest.fixture
def template() -> Iterator[Template]:
    template = Template([*INTERPRETER, PROGRAM], server_packages(), {"LANG": "C.UTF-8"})
    yield template
    template.close()


@for_each("program, status", [("exit 0", 0), ("exit 3", 3), ("kill -9 $$", -9)])
def test_end_of_a_child_is_told_as_often_as_somebody_asks(program: str, status: int) -> None:
    child = _child(program)
    with ThreadPoolExecutor(4) as threads:
        assert [each.result(20) for each in [threads.submit(child.wait) for _ in range(4)]] == [status] * 4
    assert child.returncode == child.wait(0) == status


def test_child_that_goes_on_is_waited_for_no_longer_than_asked() -> None:
    child = _child("exec sleep 60")
    with pytest.raises(subprocess.TimeoutExpired):
        child.wait(0.02)
    os.kill(child.pid, signal.SIGTERM)
    assert child.wait(20) == -signal.SIGTERM


def test_child_that_somebody_else_has_collected_ended_well() -> None:
    child = _child("exit 3")
    os.waitpid(child.pid, 0)
    assert child.wait() == 0


def test_folder_that_is_not_there_is_an_error_and_leaves_no_process(template: Template) -> None:
    before = children(os.getpid())
    with open(os.devnull, "wb") as sink, pytest.raises(FileNotFoundError):
        template.fork(PLACE, Path("/nowhere"), {}, sink.fileno(), {"connection": sink.fileno()})
    assert children(os.getpid()) == before


def test_template_that_ended_makes_no_copy(template: Template) -> None:
    for pid in filter(is_template, children(os.getpid())):
        os.kill(pid, signal.SIGKILL)
    with open(os.devnull, "wb") as sink, pytest.raises(NoTemplate):
        template.fork(PLACE, Path("/"), {}, sink.fileno(), {"connection": sink.fileno()})


def test_template_that_is_late_leaves_no_copy() -> None:
    before = children(os.getpid())
    template = Template([*INTERPRETER, PROGRAM], server_packages(), {})
    (pid,) = filter(is_template, children(os.getpid()))
    os.kill(pid, signal.SIGSTOP)
    template._control.settimeout(0.05)
    with open(os.devnull, "wb") as sink, pytest.raises(NoTemplate):
        template.fork(PLACE, Path("/"), {}, sink.fileno(), {"connection": sink.fileno()})
    os.kill(pid, signal.SIGCONT)
    assert select.select([template._control], [], [], 20)[0]  # it has told of the copy
    template.close()
    assert children(os.getpid()) == before


def test_program_that_cannot_be_a_template_says_why(caplog: pytest.LogCaptureFixture) -> None:
    program = [*INTERPRETER, "-c", "raise OSError('no means')"]
    with caplog.at_level(logging.INFO, "berth"), pytest.raises(NoTemplate):
        Template(program, (), {})
    assert caplog.messages == ["a process is started without a template: OSError: no means"]


def test_room_is_for_all_variables_together() -> None:
    assert has_room({"A": "x" * 16_381})
    assert not has_room({"A": "x" * 16_382})
    assert not has_room({f"VARIABLE_{number}": "é" * 100 for number in range(90)})


@for_each("before", ["", CLEARED_ELSEWHERE])
def test_copy_has_a_thread_number_of_its_own(before: str) -> None:
    program = [sys.executable, "-c", COPIED.format(before)]
    told = subprocess.run(program, capture_output=True, text=True, check=True)
    assert ForkedChild(int(told.stdout)).wait(20) == 7
