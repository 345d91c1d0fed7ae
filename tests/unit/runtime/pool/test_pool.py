import queue
import threading
from collections.abc import Callable

import pytest

from berth.errors import EnvironmentDied, Throttled
from berth.model.function import Function
from berth.model.invocation import Invocation, InvocationResult
from berth.runtime.environment import State
from berth.runtime.outcome import fault_result
from berth.runtime.pool.pool import Pool
from berth.runtime.pool.slots import Limits
from berth.testing.fakes import FakeEnvironment
from berth.testing.values import make_function

HELLO, OTHER, THIRD = make_function("hello"), make_function("other"), make_function("third")
WARM = make_function("warm", provisioned_concurrency=2)


class Kept:
    """Makes fake environments and keeps them for the test to look at."""

    def __init__(self) -> None:
        self.made: list[FakeEnvironment] = []
        self.provisioned: list[bool] = []
        self.ended: list[str] = []  # the functions' names, in the order of retirement

    def __call__(self, function: Function, is_provisioned: bool) -> FakeEnvironment:
        kept = self

        class Recorded(FakeEnvironment):
            def retire(self) -> None:
                super().retire()
                kept.ended.append(self.function.name)

        self.made.append(Recorded(function))
        self.provisioned.append(is_provisioned)
        return self.made[-1]

    @property
    def alive(self) -> list[str]:
        return [each.function.name for each in self.made if each.is_alive()]


def _pool(
    kept: Kept, *, revision: Callable[[Function], object] = lambda function: 1, **limits: float
) -> Pool:
    defaults = {"concurrency": 4, "environments": 4, "starts": 4, "wait_seconds": 0.05}
    return Pool(Limits(**defaults | limits), kept, revision)  # type: ignore[arg-type]


def _invoke(pool: Pool, function: Function = HELLO, payload: bytes = b"1") -> bytes:
    try:
        with pool.environment(function) as environment:
            return environment.invoke(Invocation(function, payload, "id")).payload
    except EnvironmentDied as fault:
        return fault_result(fault, "id").payload


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
    for function in (HELLO, OTHER, HELLO, THIRD):
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

    def create(function: Function, is_provisioned: bool) -> FakeEnvironment:
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


def test_what_nobody_used_for_long_is_ended_the_longest_first():
    kept = Kept()
    pool = _pool(kept, idle_seconds=0.0)
    for function in (HELLO, OTHER, THIRD, HELLO):
        _invoke(pool, function)
    pool.retire_idle()
    assert kept.ended == ["other", "third", "hello"]
    assert pool._entries == set()


def test_what_was_used_lately_or_is_in_use_stays():
    kept = Kept()
    pool = _pool(kept, idle_seconds=60)
    _invoke(pool, OTHER)
    with pool.environment(HELLO):
        pool.retire_idle()
    assert kept.ended == []


def test_one_that_has_served_goes_before_one_that_was_made_warm_meanwhile():
    kept = Kept()
    pool = _pool(kept)
    _invoke(pool, WARM)
    pool.provision(WARM)
    assert len(kept.made) == 2
    with pool.environment(WARM) as again:
        assert again is kept.made[0]


def test_as_many_as_are_provisioned_are_not_ended_for_being_unused():
    kept = Kept()
    pool = _pool(kept, idle_seconds=0.0)
    with pool.environment(WARM), pool.environment(WARM), pool.environment(WARM), pool.environment(OTHER):
        pool.retire_idle()
    pool.retire_idle()
    assert sorted(kept.alive) == ["warm", "warm"]
    assert sorted(kept.ended) == ["other", "warm"]


def test_one_in_use_counts_for_what_is_to_be_kept():
    kept = Kept()
    pool = _pool(kept, idle_seconds=0.0)
    with pool.environment(WARM), pool.environment(WARM):
        with pool.environment(WARM):
            pass
        pool.retire_idle()
        assert kept.ended == ["warm"]


def test_one_that_died_is_ended_however_it_was_kept():
    kept = Kept()
    pool = _pool(kept, idle_seconds=60)
    _invoke(pool, WARM)
    kept.made[0].state = State.DEAD
    pool.retire_idle()
    assert kept.ended == ["warm"]
    assert pool._entries == set()


def test_a_full_server_has_room_while_an_unused_one_is_being_ended():
    retiring, goes_on = threading.Event(), threading.Event()

    class Slow(FakeEnvironment):
        def retire(self) -> None:
            if self.function is HELLO:
                retiring.set()
                goes_on.wait(10)
            super().retire()

    limits = Limits(1, 1, 1, 0.05, idle_seconds=0.0)
    pool = Pool(limits, lambda function, is_provisioned: Slow(function))
    _invoke(pool, HELLO)
    keeping = threading.Thread(target=pool.retire_idle)
    keeping.start()
    assert retiring.wait(10)
    answer = _invoke(pool, OTHER)
    goes_on.set()
    keeping.join(10)
    assert answer == b"1"


def test_room_is_made_by_one_more_than_are_provisioned_even_if_it_was_used_later():
    kept = Kept()
    pool = _pool(kept, environments=3)
    with pool.environment(WARM), pool.environment(WARM):
        pass
    _invoke(pool, OTHER)
    _invoke(pool, THIRD)
    assert kept.ended == ["other"]


def test_room_is_made_by_a_provisioned_one_if_there_is_no_other():
    kept = Kept()
    pool = _pool(kept, environments=2)
    with pool.environment(WARM), pool.environment(WARM):
        pass
    assert _invoke(pool, OTHER) == b"1"
    assert kept.ended == ["warm"]


def test_an_environment_is_made_warm_before_any_request():
    kept = Kept()
    pool = _pool(kept)
    assert pool.provision(WARM)
    assert kept.provisioned == [True]
    assert kept.made[0].is_ready()
    assert pool.count_warm(WARM) == 1
    assert _invoke(pool, WARM) == b"1"
    assert len(kept.made) == 1


def test_an_environment_made_for_a_request_is_not_provisioned():
    kept = Kept()
    _invoke(_pool(kept), WARM)
    assert kept.provisioned == [False]


def test_an_idle_one_that_is_not_warm_is_made_warm_before_another():
    kept = Kept()
    pool = _pool(kept)
    with pool.environment(WARM):
        assert pool.count_warm(WARM) == 1  # in use
    assert pool.count_warm(WARM) == 0
    assert pool.provision(WARM)
    assert (len(kept.made), pool.count_warm(WARM)) == (1, 1)
    assert pool.provision(WARM)
    assert (len(kept.made), pool.count_warm(WARM)) == (2, 2)


def test_making_one_warm_waits_when_every_slot_is_taken():
    kept = Kept()
    pool = _pool(kept, concurrency=1)
    with pool.environment(OTHER):
        assert pool.provision(WARM) is False
    assert pool.provision(WARM) is True


def test_requests_wait_while_the_last_slot_makes_one_warm():
    pool = _pool(Kept(), concurrency=1, environments=1)
    outcomes: list[str] = []

    class Asking(FakeEnvironment):
        def initialize(self) -> None:
            with pytest.raises(Throttled) as throttled:
                _invoke(pool, OTHER)
            outcomes.append(str(throttled.value))

    pool._create = lambda function, is_provisioned: Asking(function)
    assert pool.provision(WARM)
    assert outcomes == ["other was throttled by the server's limit of 1 invocations at one time"]


def test_an_init_phase_that_fails_is_raised_and_gives_its_slot_back():
    class Failing(FakeEnvironment):
        def initialize(self) -> InvocationResult:
            return InvocationResult(
                b'{"errorMessage":"no","errorType":"Runtime.ImportModuleError"}', "Unhandled"
            )

    pool = Pool(Limits(1, 1, 1, 0.05), lambda function, is_provisioned: Failing(function))
    for _ in range(3):
        with pytest.raises(EnvironmentDied, match=r"^Runtime\.ImportModuleError: no$"):
            pool.provision(WARM)
    assert _invoke(pool, WARM) == b"1"


def test_a_start_that_fails_is_raised_to_who_wanted_it_warm():
    class Stillborn(FakeEnvironment):
        def start(self) -> None:
            raise EnvironmentDied("Runtime did not start")

    pool = Pool(Limits(1, 1, 1, 0.05), lambda function, is_provisioned: Stillborn(function))
    for _ in range(3):
        with pytest.raises(EnvironmentDied, match="Runtime did not start"):
            pool.provision(WARM)
    assert pool._entries == set()


@pytest.mark.parametrize("use", [_invoke, Pool.provision], ids=["invoke", "provision"])
def test_an_environment_that_cannot_even_be_made_gives_its_start_back(
    use: Callable[[Pool, Function], object],
):
    errors = [MemoryError()]

    def create(function: Function, is_provisioned: bool) -> FakeEnvironment:
        if errors:
            raise errors.pop()
        return FakeEnvironment(function)

    pool = Pool(Limits(1, 1, 1, 0.05), create)
    with pytest.raises(MemoryError):
        use(pool, WARM)
    assert pool._starting == 0
    assert _invoke(pool, WARM) == b"1"


def test_a_request_that_waits_for_its_start_ends_with_the_server():
    kept, answers = Kept(), queue.SimpleQueue[bytes]()
    gate, started = threading.Event(), threading.Event()

    class Slow(FakeEnvironment):
        def start(self) -> None:
            started.set()
            gate.wait(10)
            super().start()

        def kill(self) -> None:
            super().kill()
            gate.set()

    def create(function: Function, is_provisioned: bool) -> FakeEnvironment:
        kept.made.append(Slow(function))
        return kept.made[-1]

    pool = _pool(create, starts=1)  # type: ignore[arg-type]
    callers = [threading.Thread(target=lambda: answers.put(_invoke(pool, WARM))) for _ in range(2)]
    callers[0].start()
    assert started.wait(10)
    callers[1].start()
    while pool._slots._in_flight < 2:
        pass
    pool.close()
    for caller in callers:
        caller.join(10)
    assert len(kept.made) == 1
    assert b"Runtime could not be started: the server is ending" in answers.get() + answers.get()


def test_nothing_is_made_warm_after_the_end():
    kept = Kept()
    pool = _pool(kept)
    pool.close()
    assert pool.provision(WARM) is False
    assert kept.made == []


def test_a_function_whose_folder_is_away_costs_no_permit():
    def away(function: Function) -> object:
        if function is HELLO:
            raise FileNotFoundError("hello")
        return None

    pool = _pool(Kept(), revision=away, starts=1)
    for _ in range(3):
        with pytest.raises(FileNotFoundError):
            pool.provision(HELLO)
    assert _invoke(pool, OTHER) == b"1"


def test_an_import_at_the_start_is_on_demand_and_stays_warm_for_requests():
    kept = Kept()
    pool = _pool(kept)
    assert pool.provision(HELLO)
    assert (kept.provisioned, pool.count_ready(HELLO)) == ([False], 1)
    assert _invoke(pool) == b"1"
    assert pool.provision(HELLO)  # it is warm already
    assert len(kept.made) == 1


def test_an_import_at_the_start_that_fails_leaves_a_cold_start_to_the_first_request():
    class Failing(FakeEnvironment):
        def initialize(self) -> InvocationResult:
            return InvocationResult(b'{"errorMessage":"no","errorType":"ValueError"}', "Unhandled")

    pool = Pool(Limits(1, 1, 1, 0.05), lambda function, is_provisioned: Failing(function))
    with pytest.raises(EnvironmentDied, match=r"^ValueError: no$"):
        pool.provision(HELLO)
    assert pool._entries == set()


def test_an_import_at_the_start_makes_no_more_environments_than_are_reserved():
    reserved = make_function("reserved", reserved_concurrency=1)
    kept = Kept()
    pool = _pool(kept)
    with pool.environment(reserved):
        assert pool.provision(reserved) is False
    assert len(kept.made) == 1


def test_a_request_beside_an_import_at_the_start_is_served_and_one_environment_is_kept():
    reserved = make_function("reserved", reserved_concurrency=1)
    answers: list[bytes] = []

    class Asking(FakeEnvironment):
        def initialize(self) -> None:
            if not answers:
                answers.append(_invoke(pool, reserved))
            return super().initialize()

    pool = _pool(Kept())
    pool._create = lambda function, is_provisioned: Asking(function)
    assert pool.provision(reserved)
    assert answers == [b"1"]
    assert len(pool._entries) == 1


def test_more_functions_than_environments_are_imported_one_after_the_other():
    kept = Kept()
    pool = _pool(kept, environments=2)
    assert [pool.provision(function) for function in (HELLO, OTHER, THIRD)] == [True, True, True]
    assert sorted(kept.alive) == ["other", "third"]


def test_work_in_the_background_takes_no_slot_that_a_request_waits_for():
    pool = _pool(Kept(), concurrency=1, wait_seconds=10)
    answers: list[bytes] = []
    with pool.environment(OTHER):
        waiting = threading.Thread(target=lambda: answers.append(_invoke(pool)))
        waiting.start()
        while not pool._slots._waiting:
            pass
        pool._slots._in_flight -= 1  # as if the slot had fallen free a moment ago
        assert pool.provision(THIRD) is False
        pool._slots._in_flight += 1
    waiting.join(10)
    assert answers == [b"1"]


def test_warm_environment_is_taken_and_given_back():
    kept = Kept()
    pool = _pool(kept)
    assert pool.take_warm(HELLO) is None
    _invoke(pool)
    warm = pool.take_warm(HELLO)
    assert warm is not None
    environment, give_back = warm
    assert environment is kept.made[0]
    assert pool.take_warm(HELLO) is None
    give_back()
    assert pool.take_warm(HELLO) is not None


@pytest.mark.parametrize("state", [State.STARTED, State.DEAD])
def test_environment_that_is_not_ready_is_not_warm_and_holds_no_slot(state: State):
    kept = Kept()
    pool = _pool(kept, concurrency=1)
    _invoke(pool)
    kept.made[0].state = state
    assert pool.take_warm(HELLO) is None
    assert _invoke(pool) == b"1"


def test_environment_of_another_revision_is_not_warm():
    revisions = iter([1, 2, 2])
    pool = _pool(Kept(), revision=lambda function: next(revisions))
    _invoke(pool)
    assert pool.take_warm(HELLO) is None
    assert _invoke(pool) == b"1"


def test_nothing_is_warm_in_a_closed_pool_and_what_was_taken_is_retired():
    kept = Kept()
    pool = _pool(kept)
    _invoke(pool)
    warm = pool.take_warm(HELLO)
    assert warm is not None
    closing = threading.Thread(target=pool.close)
    closing.start()
    while pool.is_open:
        pass
    assert pool.take_warm(HELLO) is None
    warm[1]()
    closing.join(10)
    assert kept.ended == ["hello"]
