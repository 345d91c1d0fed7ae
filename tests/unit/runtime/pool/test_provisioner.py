import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from berth.errors import EnvironmentDied, HandlerTimedOut, InitFailed
from berth.model.function import Function
from berth.runtime.pool.pool import Pool
from berth.runtime.pool.provisioner import Provisioner
from berth.runtime.pool.start_check import StartCheck
from berth.testing.values import make_function

PERIOD = 0.001
WARM = make_function("warm", provisioned_concurrency=2)
ONE = make_function("one", provisioned_concurrency=1)
NONE = make_function("none")


class FakePool(Pool):
    """A pool that only counts what a provisioner asks of it."""

    def __init__(self) -> None:
        self.warm: Counter[str] = Counter()
        self.ready: Counter[str] = Counter()
        self.asked: Counter[str] = Counter()
        self.looks = 0
        self.looked = threading.Condition()
        self.provisioning: Callable[[Function], bool] = lambda function: True
        self.retiring: Callable[[], None] = lambda: None

    def retire_idle(self) -> None:
        with self.looked:
            self.looks += 1
            self.looked.notify_all()
        self.retiring()

    def count_warm(self, function: Function) -> int:
        return self.warm[function.name]

    def count_ready(self, function: Function) -> int:
        return self.ready[function.name]

    def provision(self, function: Function) -> bool:
        self.asked[function.name] += 1
        if not self.provisioning(function):
            return False
        self.warm[function.name] += 1
        return True

    def await_looks(self, count: int = 5) -> None:
        """Wait until the provisioner has looked so many times more."""
        with self.looked:
            last = self.looks + count
            assert self.looked.wait_for(lambda: self.looks >= last, 10)

    def await_that(self, condition: Callable[[], object]) -> None:
        """Wait until something is so after a look."""
        for _ in range(1000):
            if condition():
                return
            self.await_looks(1)
        raise AssertionError("it did not come to be")


@contextmanager
def keeping(pool: Pool, *functions: Function, check: str = "off") -> Iterator[Provisioner]:
    provisioner = Provisioner(pool, functions, PERIOD, 2, StartCheck(functions, check))
    provisioner.check.begin()
    provisioner.start()
    try:
        yield provisioner
    finally:
        provisioner.close()


def test_provisioned_environments_are_made_warm_and_no_more() -> None:
    pool = FakePool()
    with keeping(pool, WARM, ONE, NONE):
        pool.await_that(lambda: pool.warm == {"warm": 2, "one": 1})
        pool.await_looks()
    assert pool.asked == {"warm": 2, "one": 1}


def test_one_that_is_missing_again_is_made_warm_again() -> None:
    pool = FakePool()
    with keeping(pool, WARM):
        pool.await_that(lambda: pool.warm["warm"] == 2)
        pool.warm["warm"] = 1
        pool.await_that(lambda: pool.warm["warm"] == 2)
        pool.await_looks()
    assert pool.asked == {"warm": 3}


def test_what_is_being_made_warm_is_not_asked_for_again() -> None:
    pool, gate = FakePool(), threading.Event()
    pool.provisioning = lambda function: gate.wait(10)
    with keeping(pool, WARM):
        pool.await_that(lambda: pool.asked == {"warm": 2})
        pool.await_looks()
        assert pool.asked == {"warm": 2}
        gate.set()
        pool.await_that(lambda: pool.warm["warm"] == 2)
        pool.await_looks()
    assert pool.asked == {"warm": 2}


def test_what_must_wait_is_asked_for_at_the_next_look() -> None:
    pool = FakePool()
    pool.provisioning = lambda function: pool.asked["one"] > 2
    with keeping(pool, ONE):
        pool.await_that(lambda: pool.warm["one"] == 1)
    assert pool.asked == {"one": 3}


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (EnvironmentDied("Runtime.ImportModuleError: no"), "Runtime.ImportModuleError: no"),
        (HandlerTimedOut(130), "Task timed out after 130.00 seconds"),
    ],
)
def test_a_failing_init_phase_is_told_once_and_not_tried_at_once_again(
    fault: Exception, told: str, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(function: Function) -> bool:
        if function is WARM:
            return True
        raise fault

    pool = FakePool()
    pool.provisioning = fail
    with keeping(pool, ONE, WARM):
        pool.await_that(lambda: pool.asked["one"])
        pool.await_looks(20)
    assert pool.asked == {"one": 1, "warm": 2}
    assert caplog.messages == [f"one: provisioned concurrency: {told}"]
    assert not caplog.records[0].exc_info


def test_a_failure_of_the_server_is_told_with_its_traceback(caplog: pytest.LogCaptureFixture) -> None:
    def fail(function: Function) -> bool:
        raise FileNotFoundError("functions/one")

    pool = FakePool()
    pool.provisioning = fail
    with keeping(pool, ONE):
        pool.await_that(lambda: caplog.messages)
    assert caplog.messages == ["one: provisioned concurrency: functions/one"]
    assert caplog.records[0].exc_info


def test_a_look_that_fails_is_told_and_not_the_last(caplog: pytest.LogCaptureFixture) -> None:
    failures = [RuntimeError("can't start new thread")]

    def fail_once() -> None:
        if failures:
            raise failures.pop()

    pool = FakePool()
    pool.retiring = fail_once
    with keeping(pool, ONE):
        pool.await_that(lambda: pool.warm["one"] == 1)
    assert caplog.messages == ["looking after the environments failed"]
    assert pool.asked == {"one": 1}


def test_starting_is_harmless_when_it_has_begun_or_ended() -> None:
    pool = FakePool()
    before = threading.active_count()
    with keeping(pool) as provisioner:
        provisioner.start()
        pool.await_looks()
        assert threading.active_count() == before + 1
    provisioner.start()
    provisioner.close()
    assert threading.active_count() == before


@pytest.mark.parametrize("mode", ["strict", "warn"])
def test_each_function_is_imported_once_at_the_start(mode: str) -> None:
    pool = FakePool()
    with keeping(pool, WARM, NONE, check=mode) as provisioner:
        pool.await_that(lambda: pool.warm == {"warm": 2, "none": 1})
        pool.await_that(lambda: not provisioner.check.awaits(NONE))
        pool.await_looks()
        assert provisioner.check.reason() is None
    assert pool.asked == {"warm": 2, "none": 1}


def test_import_that_finds_no_room_is_tried_at_the_next_look() -> None:
    pool = FakePool()
    pool.provisioning = lambda function: pool.asked["none"] > 2
    with keeping(pool, NONE, check="strict") as provisioner:
        pool.await_that(lambda: provisioner.check.reason() is None)
    assert pool.asked == {"none": 3}


def test_failing_imports_and_failing_provisioned_ones_keep_a_strict_server_unready(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail(function: Function) -> bool:
        raise InitFailed("Runtime.ImportModuleError", f"no {function.name}")

    pool = FakePool()
    pool.provisioning = fail
    with keeping(pool, NONE, ONE, check="strict") as provisioner:
        pool.await_that(lambda: len(caplog.messages) == 2)
        pool.await_looks()
        reason = provisioner.check.reason()
    assert sorted((reason or "").split("; ")) == [
        "none: Runtime.ImportModuleError: no none",
        "one: Runtime.ImportModuleError: no one",
    ]
    assert sorted(caplog.messages) == [
        "none: cannot be imported: Runtime.ImportModuleError: no none",
        "one: provisioned concurrency: Runtime.ImportModuleError: no one",
    ]
    assert pool.asked == {"none": 1, "one": 1}


def test_environments_that_requests_have_made_warm_count_for_the_check() -> None:
    pool = FakePool()
    pool.warm["warm"] = 2
    with keeping(pool, WARM, check="strict") as provisioner:
        pool.await_looks()
        assert provisioner.check.reason() == "not imported yet: warm"  # their init phases may still run
        pool.ready["warm"] = 2
        pool.await_that(lambda: provisioner.check.reason() is None)
    assert pool.asked == {}
