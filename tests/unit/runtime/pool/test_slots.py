import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from berth.errors import Throttled
from berth.model.function import Function
from berth.runtime.pool.slots import Limits, Slots
from berth.testing.values import make_function
from kit.tables import for_each

LOUD, QUIET, OTHER = make_function("loud"), make_function("quiet"), make_function("other")
Wait = Callable[[Slots, Function], queue.SimpleQueue[str]]


@pytest.fixture
def wait() -> Iterator[Wait]:
    """Ask for a slot in another thread that has to wait for it; what comes of it is put into the queue."""
    threads: list[threading.Thread] = []

    def wait(slots: Slots, function: Function) -> queue.SimpleQueue[str]:
        outcome: queue.SimpleQueue[str] = queue.SimpleQueue()
        before = slots._waiting

        def call() -> None:
            try:
                with slots.slot(function):
                    outcome.put("served")
            except Throttled as throttled:
                outcome.put(str(throttled))

        threads.append(threading.Thread(target=call))
        threads[-1].start()
        while slots._waiting == before and outcome.empty():
            pass
        return outcome

    yield wait
    for thread in threads:
        thread.join(10)


@for_each(
    "concurrency, environments, functions, shared, most",
    [
        (16, 187, 1, 16, 16),
        (16, 187, 4, 16, 19),
        (4, 4, 1, 4, 4),
        (4, 4, 3, 2, 4),
        (16, 16, 200, 8, 16),
        (1, 1, 3, 1, 1),
        (2, 3, 2, 2, 3),
        (4, 5, 3, 3, 5),
        (16, 5, 4, 3, 5),
        (1, 100, 1, 1, 1),
        (1, 100, 5, 1, 5),
    ],
)
def test_slots_are_shared_and_one_each(
    concurrency: int, environments: int, functions: int, shared: int, most: int
):
    limits = Limits(concurrency, environments, 1, 0, functions=functions)
    assert (limits.shared, limits.most) == (shared, most)


def test_a_flood_leaves_another_function_its_first_slot():
    slots = Slots(Limits(2, 10, 1, 0, functions=3))
    with slots.slot(LOUD), slots.slot(LOUD):
        with pytest.raises(Throttled, match="loud was throttled by the server's limit of 2 invocations"):
            slots.slot(LOUD).__enter__()
        with slots.slot(QUIET), slots.slot(OTHER), pytest.raises(Throttled, match="quiet was throttled"):
            slots.slot(QUIET).__enter__()


def test_one_function_alone_has_no_slot_more_than_the_limit():
    slots = Slots(Limits(1, 10, 1, 0))
    with slots.slot(LOUD), pytest.raises(Throttled):
        slots.slot(QUIET).__enter__()


def test_reserved_concurrency_zero_throttles_every_invocation():
    never = make_function("never", reserved_concurrency=0)
    with pytest.raises(Throttled, match="its reserved concurrency of 0"):
        Slots(Limits(4, 4, 1, 60)).slot(never).__enter__()


def test_work_in_the_background_takes_only_what_is_spare():
    slots = Slots(Limits(2, 2, 1, 0))
    assert slots.spare()
    with slots.slot(LOUD):
        assert not slots.spare()
    slots.give_spare_back()
    assert slots.spare()
    slots.close()
    slots.give_spare_back()
    assert not slots.spare()


def test_closing_throttles_those_who_wait(wait: Wait):
    slots = Slots(Limits(2, 2, 1, 60))
    with slots.slot(LOUD), slots.slot(LOUD):
        outcomes = [wait(slots, QUIET), wait(slots, LOUD)]
        slots.close()
        told = sorted(outcome.get(timeout=10) for outcome in outcomes)
    assert told == [
        "loud was throttled by the end of the server",
        "quiet was throttled by the end of the server",
    ]


def test_a_slot_is_given_back_when_the_invocation_raises():
    slots = Slots(Limits(1, 1, 1, 0))
    for _ in range(2):
        with pytest.raises(KeyError), slots.slot(LOUD):
            raise KeyError
    with slots.slot(QUIET):
        pass


@pytest.mark.parametrize("reserved", [1, 2])
def test_reserved_concurrency_throttles_what_is_beyond_it_at_once(reserved: int):
    function = make_function("kept", reserved_concurrency=reserved)
    slots = Slots(Limits(4, 4, 1, 60))
    with ExitStack() as held:
        for _ in range(reserved):
            held.enter_context(slots.slot(function))
        with pytest.raises(Throttled) as throttled:
            held.enter_context(slots.slot(function))
        held.enter_context(slots.slot(LOUD))
    assert str(throttled.value) == f"kept was throttled by its reserved concurrency of {reserved}"
    with slots.slot(function):
        pass


def test_reserved_concurrency_keeps_no_slot_for_its_function():
    kept = make_function("kept", reserved_concurrency=1)
    slots = Slots(Limits(1, 1, 1, 0))
    with slots.slot(LOUD), pytest.raises(Throttled, match="the server's limit of 1 invocations"):
        slots.slot(kept).__enter__()


def test_one_who_waits_is_served_when_a_slot_falls_free(wait: Wait):
    slots = Slots(Limits(1, 1, 1, 60))
    with slots.slot(LOUD):
        outcome = wait(slots, QUIET)
    assert outcome.get(timeout=10) == "served"


def test_one_who_waits_is_served_when_work_in_the_background_ends(wait: Wait):
    slots = Slots(Limits(1, 1, 1, 60))
    assert slots.spare()
    outcome = wait(slots, QUIET)
    slots.give_spare_back()
    assert outcome.get(timeout=10) == "served"


def test_one_who_waited_in_vain_waits_no_more(wait: Wait):
    slots = Slots(Limits(1, 1, 1, 0.01))
    with slots.slot(LOUD):
        for _ in range(3):  # each is told the limit, none that others wait
            told = "quiet was throttled by the server's limit of 1 invocations at one time"
            assert wait(slots, QUIET).get(timeout=10) == told


def test_as_many_may_wait_as_there_are_slots(wait: Wait):
    slots = Slots(Limits(2, 2, 1, 60))
    with slots.slot(LOUD), slots.slot(LOUD):
        outcomes = [wait(slots, QUIET) for _ in range(2)]
        with pytest.raises(
            Throttled, match=r"^other was throttled by BERTH_CONCURRENCY: 2 requests wait already$"
        ):
            slots.slot(OTHER).__enter__()
    assert [outcome.get(timeout=10) for outcome in outcomes] == ["served", "served"]


def test_a_flood_that_waits_leaves_another_function_its_first_slot(wait: Wait):
    slots = Slots(Limits(2, 10, 1, 60, functions=2))
    with slots.slot(LOUD), slots.slot(LOUD):
        outcomes = [wait(slots, LOUD) for _ in range(2)]
        with slots.slot(QUIET):
            pass
        assert all(outcome.empty() for outcome in outcomes)
    assert [outcome.get(timeout=10) for outcome in outcomes] == ["served", "served"]


def test_where_environments_are_few_a_flood_takes_half_of_them():
    slots = Slots(Limits(16, 4, 1, 0, functions=9))
    others = [make_function(name) for name in ("a", "b", "c")]
    with slots.slot(LOUD), slots.slot(LOUD):
        with pytest.raises(Throttled, match="the server's limit of 2 invocations"):
            slots.slot(LOUD).__enter__()
        with slots.slot(others[0]), slots.slot(others[1]), pytest.raises(Throttled):
            slots.slot(others[2]).__enter__()


def test_work_in_the_background_takes_no_slot_that_is_kept_for_others():
    slots = Slots(Limits(1, 10, 1, 0, functions=3))
    with slots.slot(LOUD):
        assert not slots.spare()
    assert slots.spare()
    with slots.slot(LOUD), slots.slot(QUIET), pytest.raises(Throttled):
        slots.slot(OTHER).__enter__()


def test_nobody_is_served_after_the_end():
    slots = Slots(Limits(4, 4, 1, 60))
    slots.close()
    with pytest.raises(Throttled, match=r"^loud was throttled by the end of the server$"):
        slots.slot(LOUD).__enter__()


def test_one_who_was_served_before_the_end_gives_back_after_it():
    slots = Slots(Limits(4, 4, 1, 60))
    with slots.slot(LOUD):
        slots.close()
    with pytest.raises(Throttled, match="the end of the server"):
        slots.slot(LOUD).__enter__()


def test_events_have_slots_of_their_own_and_leave_the_others_to_requests():
    slots = Slots(Limits(2, 4, 1, 0, functions=2, events=2))
    with slots.slot(LOUD, is_event=True), slots.slot(QUIET, is_event=True):
        with pytest.raises(Throttled):
            slots.slot(LOUD, is_event=True).__enter__()
        with slots.slot(LOUD), slots.slot(QUIET), pytest.raises(Throttled):
            slots.slot(OTHER).__enter__()


def test_events_wait_while_requests_have_all_environments():
    slots = Slots(Limits(4, 2, 1, 0, events=1))
    with slots.slot(LOUD):
        with slots.slot(LOUD), pytest.raises(Throttled):
            slots.slot(QUIET, is_event=True).__enter__()
        with slots.slot(QUIET, is_event=True):
            assert not slots.spare()


def test_reserved_concurrency_counts_requests_and_events():
    slots = Slots(Limits(4, 8, 1, 0))
    two = make_function("two", reserved_concurrency=2)
    with slots.slot(two), slots.slot(two, is_event=True):
        for is_event in (False, True):
            with pytest.raises(Throttled, match="reserved concurrency of 2"):
                slots.slot(two, is_event=is_event).__enter__()


def test_free_slot_is_taken_without_waiting_and_given_back():
    slots = Slots(Limits(1, 1, 1, 0.01))
    assert [slots.take_free(LOUD), slots.take_free(LOUD)] == [True, False]
    slots.give_back(LOUD)
    assert slots.take_free(LOUD)


def test_reserved_concurrency_leaves_no_free_slot():
    slots = Slots(Limits(4, 4, 4, 0.01))
    reserved = make_function("reserved", reserved_concurrency=1)
    assert [slots.take_free(reserved), slots.take_free(reserved)] == [True, False]


def test_slot_that_somebody_waits_for_is_not_free(wait: Wait):
    slots = Slots(Limits(1, 1, 1, 10))
    assert slots.take_free(LOUD)
    outcome = wait(slots, QUIET)
    with slots.lock:
        assert not slots.take_free(LOUD)
        slots.give_back(LOUD)
    assert outcome.get(timeout=10) == "served"


def test_closed_slots_are_not_free():
    slots = Slots(Limits(1, 1, 1, 0.01))
    slots.close()
    assert not slots.take_free(LOUD)
