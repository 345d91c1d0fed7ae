import ctypes
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from functools import partial

import pytest

from berth.runtime.task_thread import TaskThread


class Interrupted(BaseException):
    """Sent to a thread by another one."""


@pytest.fixture
def thread() -> Iterator[TaskThread]:
    with closing(TaskThread("berth-test")) as thread:
        yield thread


def test_tasks_run_in_their_order_in_one_thread() -> None:
    thread, ran = TaskThread("berth-test"), []
    for number in range(100):
        thread.begin(lambda number=number: ran.append((number, threading.current_thread().name)))
    thread.close()
    assert ran == [(number, "berth-test") for number in range(100)]


def test_no_thread_is_there_before_the_first_task(thread: TaskThread) -> None:
    before = threading.active_count()
    assert thread.call(threading.active_count) == before + 1


def test_many_threads_that_begin_the_first_task_start_one_thread() -> None:
    thread, names = TaskThread("berth-test"), set()
    everyone = threading.Barrier(8)

    def begin() -> None:
        everyone.wait()
        thread.begin(lambda: names.add(threading.get_ident()))

    beginners = [threading.Thread(target=begin) for _ in range(8)]
    for each in beginners:
        each.start()
    for each in beginners:
        each.join()
    thread.close()
    assert len(names) == 1


def test_a_call_returns_or_raises_what_its_task_does(thread: TaskThread) -> None:
    assert thread.call(lambda: threading.current_thread().name) == "berth-test"
    for error in (ValueError, SystemExit):
        with pytest.raises(error, match="wrong"):
            thread.call(partial(_raise, error("wrong")))


def test_a_task_may_call_another_one(thread: TaskThread) -> None:
    assert thread.call(lambda: thread.call(lambda: threading.current_thread().name)) == "berth-test"


def test_a_thread_that_cannot_be_started_is_started_by_the_next_task(
    thread: TaskThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        refusal = RuntimeError("can't start new thread")
        patch.setattr(threading.Thread, "start", lambda _: _raise(refusal))
        with pytest.raises(RuntimeError, match="can't start new thread"):
            thread.begin(list)
    assert thread.call(lambda: "ran") == "ran"


def test_an_exception_that_another_thread_sends_late_costs_no_task(thread: TaskThread) -> None:
    number = thread.call(threading.get_ident)
    for _ in range(50):  # the thread waits for its next task when the exception comes
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(number), ctypes.py_object(Interrupted))
        assert thread.call(threading.get_ident) == number


def test_close_waits_for_no_task_that_goes_on(thread: TaskThread) -> None:
    goes_on, began = threading.Event(), time.monotonic()
    thread.begin(partial(goes_on.wait, 60))
    thread.close()
    assert time.monotonic() - began < 30
    goes_on.set()


def _raise(error: BaseException, *_: object) -> None:
    raise error
