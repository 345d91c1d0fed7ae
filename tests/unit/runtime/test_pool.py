import queue
import threading
from collections.abc import Callable

import pytest

from app.errors import EnvironmentDied, Throttled
from app.invoke import Invoker
from app.model.function import Function
from app.model.invocation import Invocation
from app.runtime.environment import State
from app.runtime.pool import Pool
from app.runtime.slots import Limits
from app.testing.fakes import FakeEnvironment
from app.testing.values import make_function

HELLO, OTHER = make_function("hello"), make_function("other")


class Kept:
    """Makes fake environments and keeps them for the test to look at."""

    def __init__(self) -> None:
        self.made: list[FakeEnvironment] = []

    def __call__(self, function: Function, is_provisioned: bool = False) -> FakeEnvironment:
        self.made.append(FakeEnvironment(function))
        return self.made[-1]


def _pool(
    kept: Kept, *, revision: Callable[[Function], object] = lambda function: 1, **limits: float
) -> Pool:
    defaults = {"concurrency": 4, "environments": 4, "starts": 4, "wait_seconds": 0.05}
    return Pool(Limits(**defaults | limits), kept, revision)  # type: ignore[arg-type]


def _invoke(pool: Pool, function: Function = HELLO, payload: bytes = b"1") -> bytes:
    return Invoker(pool).invoke(Invocation(function, payload, "id")).payload


def test_an_idle_environment_is_used_again():
    kept = Kept()
    pool = _pool(kept)
    assert [_invoke(pool), _invoke(pool)] == [b"1", b"1"]
    assert [environment.invocations for environment in kept.made] == [2]


def test_functions_do_not_share_environments():
    kept = Kept()
    pool = _pool(kept)
    _invoke(pool, HELLO)
    _invoke(pool, OTHER)
    assert [environment.function.name for environment in kept.made] == ["hello", "other"]


def test_a_dead_environment_is_replaced_by_the_next_invocation():
    kept = Kept()
    pool = _pool(kept)
    assert b"Runtime exited with error: exit status 1" in _invoke(pool, payload=b"die")
    assert _invoke(pool) == b"1"
    assert len(kept.made) == 2


def test_an_environment_that_died_while_idle_is_replaced_unseen():
    kept = Kept()
    pool = _pool(kept)
    _invoke(pool)
    kept.made[0].state = State.DEAD
    assert _invoke(pool) == b"1"
    assert len(kept.made) == 2


def test_an_older_revision_is_replaced():
    kept = Kept()
    revisions = iter([1, 1, 2])
    pool = _pool(kept, revision=lambda function: next(revisions))
    for _ in range(3):
        _invoke(pool)
    assert [environment.invocations for environment in kept.made] == [2, 1]
    assert kept.made[0].state is State.DEAD


def test_the_environment_that_was_idle_longest_makes_room():
    kept = Kept()
    pool = _pool(kept, environments=2)
    third = make_function("third")
    for function in (HELLO, OTHER, HELLO, third):
        _invoke(pool, function)
    assert [(each.function.name, each.state) for each in kept.made] == [
        ("hello", State.READY),
        ("other", State.DEAD),
        ("third", State.READY),
    ]


def test_a_full_server_throttles_after_the_wait():
    kept = Kept()
    pool = _pool(kept, concurrency=1)
    with pool.environment(HELLO), pytest.raises(Throttled, match="the server's limit of 1"):
        _invoke(pool, OTHER)


def test_a_waiting_request_is_served_when_a_slot_falls_free():
    kept = Kept()
    pool = _pool(kept, concurrency=1, wait_seconds=10)
    answers: list[bytes] = []
    with pool.environment(HELLO):
        waiting = threading.Thread(target=lambda: answers.append(_invoke(pool)))
        waiting.start()
    waiting.join(10)
    assert answers == [b"1"]
    assert len(kept.made) == 1


def test_more_waiting_requests_than_slots_are_throttled_at_once():
    pool = _pool(Kept(), concurrency=1, wait_seconds=2)
    outcomes: queue.SimpleQueue[str] = queue.SimpleQueue()

    def call() -> None:
        try:
            outcomes.put(_invoke(pool).decode())
        except Throttled as throttled:
            outcomes.put(str(throttled))

    with pool.environment(HELLO):
        callers = [threading.Thread(target=call) for _ in range(2)]
        for caller in callers:
            caller.start()
        first = outcomes.get(timeout=1)  # one waits, the other is refused before any wait is over
    for caller in callers:
        caller.join(10)
    assert first == "hello was throttled by BERTH_CONCURRENCY: 1 requests wait already"
    assert outcomes.get(timeout=1) == "1"


def test_reserved_concurrency_throttles_at_once():
    pool = _pool(Kept(), wait_seconds=60)
    reserved = make_function("reserved", reserved_concurrency=1)
    with pool.environment(reserved), pytest.raises(Throttled, match="reserved concurrency of 1"):
        _invoke(pool, reserved)
    assert _invoke(pool, reserved) == b"1"


def test_a_request_that_may_not_start_one_takes_what_falls_idle():
    kept = Kept()
    gate, started = threading.Event(), threading.Event()

    class Slow(FakeEnvironment):
        def start(self) -> None:
            started.set()
            gate.wait(10)
            super().start()

    def create(function: Function, is_provisioned: bool = False) -> FakeEnvironment:
        kept.made.append(Slow(function))
        return kept.made[-1]

    pool = _pool(create, starts=1)  # type: ignore[arg-type]
    callers = [threading.Thread(target=_invoke, args=(pool,)) for _ in range(3)]
    callers[0].start()
    started.wait(10)
    for caller in callers[1:]:
        caller.start()
    gate.set()
    for caller in callers:
        caller.join(10)
    assert [environment.invocations for environment in kept.made] == [3]


def test_a_failed_start_gives_its_slot_back():
    class Stillborn(FakeEnvironment):
        def start(self) -> None:
            raise EnvironmentDied("Runtime did not start")

    pool = Pool(Limits(1, 1, 1, 0.05), lambda function, is_provisioned: Stillborn(function))
    for _ in range(3):
        assert b"Runtime did not start" in _invoke(pool)


def test_closing_ends_idle_and_busy_environments():
    kept = Kept()
    pool = _pool(kept)
    _invoke(pool)
    with pool.environment(HELLO) as busy:
        closing = threading.Thread(target=pool.close)
        closing.start()
        kept.made[0].released.wait(10)
        while pool.is_open:
            pass
        with pytest.raises(Throttled, match="the end of the server"):
            _invoke(pool)
    closing.join(10)
    assert busy.state is State.DEAD
    assert pool._entries == set()


def test_reserved_concurrency_holds_after_a_wait_too():
    pool = _pool(Kept(), concurrency=2, wait_seconds=10)
    reserved = make_function("reserved", reserved_concurrency=1)
    outcomes: queue.SimpleQueue[str] = queue.SimpleQueue()
    inside, leave = threading.Event(), threading.Event()

    def call() -> None:
        try:
            with pool.environment(reserved):
                inside.set()
                leave.wait(10)
            outcomes.put("served")
        except Throttled:
            outcomes.put("throttled")

    callers = [threading.Thread(target=call) for _ in range(2)]
    with pool.environment(HELLO), pool.environment(OTHER):
        for caller in callers:
            caller.start()
    inside.wait(10)
    assert outcomes.get(timeout=10) == "throttled"
    leave.set()
    for caller in callers:
        caller.join(10)
    assert outcomes.get(timeout=10) == "served"


def test_an_environment_that_ends_in_its_start_is_not_started_again():
    made: list[FakeEnvironment] = []

    class Ending(FakeEnvironment):
        def start(self) -> None:
            made.append(self)
            self.state = State.DEAD

    pool = Pool(Limits(1, 1, 1, 0.05), lambda function, is_provisioned: Ending(function))
    assert b"Runtime exited" in _invoke(pool, payload=b"die")
    assert len(made) == 1


def test_a_draining_pool_serves_and_is_open_no_more():
    pool = _pool(Kept())
    pool.drain()
    assert not pool.is_open
    assert _invoke(pool) == b"1"
