import threading

import pytest

from app.errors import EnvironmentDied
from app.model.function import Function
from app.model.invocation import InvocationResult
from app.runtime.environment import State
from app.runtime.keeper import Keeper
from app.runtime.pool import Pool
from app.runtime.slots import Limits
from app.testing.fakes import FakeEnvironment
from app.testing.values import make_function

WARM = make_function("warm", provisioned_concurrency=2)


class Made:
    """Makes fake environments whose init phases a test can wait for."""

    def __init__(self) -> None:
        self.all: list[FakeEnvironment] = []
        self.provisioned: list[bool] = []
        self.initialized = threading.Semaphore(0)
        self.failure: InvocationResult | None = None

    def __call__(self, function: Function, is_provisioned: bool) -> FakeEnvironment:
        made = self

        class Counted(FakeEnvironment):
            def initialize(self) -> InvocationResult | None:
                failure = made.failure or super().initialize()
                made.initialized.release()
                return failure

        self.all.append(Counted(function))
        self.provisioned.append(is_provisioned)
        return self.all[-1]


def _pool(made: Made, period: float = 0.005, **limits: float) -> Pool:
    figures = {"concurrency": 4, "environments": 4, "starts": 2, "wait_seconds": 0.05, **limits}
    return Pool(Limits(**figures), made, attend=lambda pool: Keeper(pool, [WARM], period, 2))  # type: ignore[arg-type]


def test_provisioned_environments_are_made_warm_and_no_more():
    made = Made()
    pool = _pool(made)
    pool.keep()
    for _ in range(2):
        assert made.initialized.acquire(timeout=10)
    assert not made.initialized.acquire(timeout=0.05)
    assert made.provisioned == [True, True]
    assert pool.count_warm(WARM) == 2
    pool.close()
    assert [each.state for each in made.all] == [State.DEAD, State.DEAD]


def test_one_that_died_is_replaced():
    made = Made()
    pool = _pool(made)
    pool.keep()
    for _ in range(2):
        assert made.initialized.acquire(timeout=10)
    made.all[0].state = State.DEAD
    assert made.initialized.acquire(timeout=10)
    pool.close()
    assert len(made.all) == 3


def test_a_failing_init_phase_is_told_and_not_tried_at_once_again(caplog: pytest.LogCaptureFixture):
    made = Made()
    made.failure = InvocationResult(b'{"errorType":"Oops","errorMessage":"no"}', "Unhandled")
    pool = _pool(made)
    pool.keep()
    assert made.initialized.acquire(timeout=10)
    while made.initialized.acquire(timeout=0.05):
        continue
    assert 1 <= len(made.all) <= 2
    pool.close()
    assert set(caplog.messages) == {"warm: provisioned concurrency: Oops: no"}


def test_an_environment_nobody_used_for_long_is_ended():
    made = Made()
    pool = _pool(made, period=60, idle_seconds=0.0)
    other = make_function("other")
    with pool.environment(other), pool.environment(WARM), pool.environment(WARM), pool.environment(WARM):
        pass
    pool.retire_idle()
    alive = [each.function.name for each in made.all if each.state is State.STARTED]
    assert alive == ["warm", "warm"]  # as many as are provisioned
    pool.close()


def test_a_folder_that_is_away_costs_no_permit(caplog: pytest.LogCaptureFixture):
    made = Made()

    def away(function: Function) -> object:
        if function is WARM:
            raise FileNotFoundError("warm")
        return None

    limits = Limits(concurrency=4, environments=4, starts=1, wait_seconds=0.05)
    pool = Pool(limits, made, away, lambda pool: Keeper(pool, [WARM], 0.005, 2))
    pool.keep()
    while not caplog.messages:
        threading.Event().wait(0.001)
    with pool.environment(make_function("other")):
        pass
    pool.close()
    assert caplog.messages[0] == "warm: provisioned concurrency: warm"


def test_nothing_is_started_after_the_end():
    made = Made()
    pool = _pool(made)
    pool.close()
    with pytest.raises(EnvironmentDied, match="the server is ending"):
        pool._acquire(WARM)
    assert made.all == []


def test_a_provisioned_environment_makes_room_last():
    made = Made()
    pool = _pool(made, period=60, environments=2)
    for name in ("one", "two"):
        function = WARM if name == "one" else make_function(name)
        with pool.environment(function):
            pass
    with pool.environment(make_function("three")):
        pass
    assert [each.function.name for each in made.all if each.state is State.DEAD] == ["two"]
    pool.close()


def test_warming_takes_no_slot_from_a_request():
    made = Made()
    pool = _pool(made, period=60, concurrency=1, environments=1)
    with pool.environment(WARM):
        assert pool.provision(WARM) is False
    made.failure = InvocationResult(b'{"errorType":"Oops","errorMessage":"no"}', "Unhandled")
    with pytest.raises(EnvironmentDied, match="Oops: no"):
        pool.provision(WARM)
    pool.close()
