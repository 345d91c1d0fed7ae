import queue
import threading

import pytest

from app.errors import Throttled
from app.runtime.slots import Limits, Slots
from app.testing.values import make_function

LOUD, QUIET, OTHER = make_function("loud"), make_function("quiet"), make_function("other")


@pytest.mark.parametrize(
    ("concurrency", "environments", "functions", "shared", "most"),
    [
        (16, 187, 1, 16, 16),
        (16, 187, 4, 16, 19),
        (4, 4, 1, 4, 4),
        (4, 4, 3, 2, 4),
        (16, 16, 200, 8, 16),
        (1, 1, 3, 1, 1),
        (2, 3, 2, 2, 3),
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


def test_closing_throttles_those_who_wait():
    slots = Slots(Limits(1, 1, 1, 60))
    outcomes: queue.SimpleQueue[str] = queue.SimpleQueue()

    def call() -> None:
        try:
            with slots.slot(LOUD):
                outcomes.put("served")
        except Throttled as throttled:
            outcomes.put(str(throttled))

    with slots.slot(LOUD):
        waiting = threading.Thread(target=call)
        waiting.start()
        slots.close()
        assert outcomes.get(timeout=10) == "loud was throttled by the end of the server"
    waiting.join(10)
