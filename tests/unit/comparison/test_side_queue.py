"""The queue that delays nobody."""

import threading

from berth.comparison.side_queue import SideQueue


def _nothing():
    pass


def _queue(work, tick=_nothing, **limits):
    return SideQueue("test", work, tick, **{"most_items": 2, "most_bytes": 100} | limits)


def test_items_are_worked_on_in_order_and_the_rest_at_the_end():
    seen = []
    queue = _queue(seen.append, most_items=9)
    assert all(queue.offer(item, 1) for item in "abc")
    queue.close(10)
    assert (seen, queue.dropped) == (["a", "b", "c"], 0)


def test_full_queue_drops_and_counts():
    begun, may_go_on, seen = threading.Event(), threading.Event(), []

    def work(item):
        begun.set()
        assert may_go_on.wait(10)
        seen.append(item)

    queue = _queue(work)
    assert queue.offer("a", 1)
    assert begun.wait(10)
    assert [queue.offer(item, 1) for item in "bcd"] == [True, True, False]
    assert queue.dropped == 1
    may_go_on.set()
    queue.close(10)
    assert seen == ["a", "b", "c"]


def test_bytes_count_too():
    begun, may_go_on = threading.Event(), threading.Event()

    def work(item):
        begun.set()
        may_go_on.wait(10)

    queue = _queue(work)
    assert queue.offer("a", 100)
    assert begun.wait(10)  # what is worked on does not wait
    assert [queue.offer("b", 60), queue.offer("c", 60), queue.offer("d", 40)] == [True, False, True]
    may_go_on.set()
    queue.close(10)


def test_item_that_fails_ends_nothing(caplog):
    seen = []

    def work(item):
        seen.append(item)
        raise ValueError(item)

    queue = _queue(work, most_items=9)
    queue.offer("a", 1)
    queue.offer("b", 1)
    queue.close(10)
    assert seen == ["a", "b"]
    assert "test: an item failed" in caplog.text


def test_closed_queue_takes_nothing_and_hurries_what_hangs():
    begun, hurried = threading.Event(), threading.Event()

    def work(item):
        begun.set()
        assert hurried.wait(10)

    queue = _queue(work)
    queue.offer("a", 1)
    assert begun.wait(10)
    queue.offer("b", 1)
    queue.close(0.01, hurried.set)
    assert queue.dropped == 1
    assert not queue.offer("c", 1)


def test_tick_comes_without_an_item():
    ticked = threading.Event()
    queue = _queue(lambda item: None, ticked.set, tick_seconds=0.01)
    queue.offer("a", 1)
    assert ticked.wait(10)
    ticked.clear()
    assert ticked.wait(10)
    queue.close(10)


def test_no_thread_without_an_item():
    before = threading.active_count()
    queue = _queue(lambda item: None)
    assert threading.active_count() == before
    queue.close(0)
