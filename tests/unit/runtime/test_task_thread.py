import threading
import time
from functools import partial

from berth.runtime import task_thread
from berth.runtime.task_thread import TaskThread


def test_tasks_run_in_their_order_in_one_thread() -> None:
    thread, ran = TaskThread("berth-test"), []
    for number in range(100):
        thread.begin(lambda number=number: ran.append((number, threading.current_thread().name)))
    thread.close()
    assert ran == [(number, "berth-test") for number in range(100)]


def test_no_thread_is_there_before_the_first_task() -> None:
    before = threading.active_count()
    thread = TaskThread("berth-test")
    assert threading.active_count() == before
    thread.close()


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


def test_close_leaves_a_task_that_goes_on() -> None:
    task_thread_seconds, goes_on = task_thread._CLOSE_SECONDS, threading.Event()
    thread = TaskThread("berth-test")
    thread.begin(partial(goes_on.wait, 60))
    began = time.monotonic()
    thread.close()
    assert time.monotonic() - began >= task_thread_seconds
    goes_on.set()
    thread.close()
