import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from berth.errors import EnvironmentDied, Throttled
from berth.invoke.invoker import Invoker
from berth.model.function import Function
from berth.model.invocation import Invocation, InvocationResult
from berth.runtime.environment import State
from berth.runtime.environments import Environments, create_environments
from berth.runtime.pool.pool import Pool
from berth.runtime.pool.provisioner import Provisioner
from berth.runtime.pool.slots import Limits
from berth.runtime.supervisor import Supervisor
from berth.settings import Settings
from berth.testing.fakes import FakeEnvironment
from berth.testing.values import make_function

PERIOD = 0.001
WARM = make_function("warm", provisioned_concurrency=2)
NONE = make_function("none")


class Made:
    """Makes fake environments whose init phases a test can wait for."""

    def __init__(self) -> None:
        self.all: list[FakeEnvironment] = []
        self.provisioned: list[bool] = []
        self.initialized = threading.Semaphore(0)
        self.ended = threading.Semaphore(0)

    def __call__(self, function: Function, is_provisioned: bool) -> FakeEnvironment:
        made = self

        class Counted(FakeEnvironment):
            def initialize(self) -> InvocationResult | None:
                failure = super().initialize()
                made.initialized.release()
                return failure

            def retire(self) -> None:
                super().retire()
                made.ended.release()

        self.all.append(Counted(function))
        self.provisioned.append(is_provisioned)
        return self.all[-1]


class Recording:
    """A provisioner and a supervisor that only tell what is asked of them."""

    def __init__(self) -> None:
        self.order: list[str] = []
        self.pool = Pool(
            Limits(1, 1, 1, 0.05, idle_seconds=60),
            lambda function, is_provisioned: FakeEnvironment(function),
        )
        recording = self

        class RecordingProvisioner(Provisioner):
            def start(self) -> None:
                recording.order.append("start")

            def close(self) -> None:
                recording.order.append("close provisioner")

        class RecordingSupervisor(Supervisor):
            def close(self) -> None:
                super().close()
                recording.order.append(f"close {len(recording.pool._entries)}")

        provisioner = RecordingProvisioner(self.pool, (), PERIOD, 1)
        self.environments = Environments(RecordingSupervisor(Settings(), 1), self.pool, provisioner)


@contextmanager
def _kept(made: Made, *, idle_seconds: float = 900) -> Iterator[tuple[Environments, Pool]]:
    limits = Limits(4, 4, starts=2, wait_seconds=0.05, idle_seconds=idle_seconds)
    pool = Pool(limits, made)
    environments = Environments(Supervisor(Settings(), 1), pool, Provisioner(pool, [WARM], PERIOD, 2))
    try:
        yield environments, pool
    finally:
        environments.close()


def _invoke(environments: Environments, function: Function = NONE) -> bytes:
    return Invoker(environments).invoke(Invocation(function, b"1", "id")).payload


def test_a_pool_is_kept_from_its_start_to_its_end() -> None:
    made = Made()
    with _kept(made) as (environments, pool):
        environments.keep()
        for _ in range(2):
            assert made.initialized.acquire(timeout=10)
        assert made.provisioned == [True, True]
        assert pool.count_warm(WARM) == 2
    assert [each.state for each in made.all] == [State.DEAD, State.DEAD]


def test_a_pool_is_kept_from_its_first_environment() -> None:
    made = Made()
    with _kept(made) as (environments, _), environments.environment(NONE):
        for _ in range(2):
            assert made.initialized.acquire(timeout=10)
    assert sorted(each.function.name for each in made.all) == ["none", "warm", "warm"]


def test_a_pool_is_kept_so_that_what_nobody_uses_is_ended() -> None:
    made = Made()
    with _kept(made, idle_seconds=0.0) as (environments, _):
        with environments.environment(NONE):
            pass
        assert made.ended.acquire(timeout=10)


def test_draining_environments_serve_and_are_open_no_more() -> None:
    environments = Recording().environments
    assert environments.is_open
    environments.drain()
    assert not environments.is_open
    assert _invoke(environments) == b"1"
    environments.close()


def test_closed_environments_are_open_no_more() -> None:
    environments = Recording().environments
    environments.close()
    assert not environments.is_open
    with pytest.raises(Throttled, match="the end of the server"):
        _invoke(environments)


def test_the_supervisor_is_closed_last() -> None:
    recording = Recording()
    environments = recording.environments
    assert recording.order == []
    _invoke(environments)
    environments.keep()
    environments.close()
    environments.keep()
    assert recording.order == ["start", "start", "close provisioner", "close 0"]


def test_an_inline_environment_needs_no_keeping() -> None:
    recording = Recording()
    inline = make_function("inline", isolation="inline")
    assert [_invoke(recording.environments, inline) for _ in range(2)] == [b"1", b"1"]
    assert recording.order == []
    recording.environments.close()


def test_a_process_begins_the_keeping_though_an_inline_environment_came_before() -> None:
    recording = Recording()
    _invoke(recording.environments, make_function("inline", isolation="inline"))
    for _ in range(2):
        _invoke(recording.environments, NONE)
    assert recording.order == ["start"]
    recording.environments.close()


def test_a_first_environment_that_cannot_start_is_not_the_last() -> None:
    class Stillborn(FakeEnvironment):
        def start(self) -> None:
            raise EnvironmentDied("Runtime did not start")

    recording = Recording()
    create, recording.pool._create = recording.pool._create, lambda function, _: Stillborn(function)
    assert b"Runtime did not start" in _invoke(recording.environments)
    recording.pool._create = create
    assert _invoke(recording.environments) == b"1"
    recording.environments.close()


def test_nothing_is_started_before_the_first_use() -> None:
    before = threading.active_count()
    environments = create_environments(Settings(), [WARM])
    assert threading.active_count() == before
    assert environments.is_open
    environments.close()
