"""The worker of the queue: it survives faults, ends only its runs, and gives back what it does not run."""

import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from berth.errors import QueueUnavailable
from berth.invoke.attempt import Pace
from berth.invoke.event_worker import EventWorker, WorkerRules
from berth.invoke.invoker import Invoker
from berth.invoke.queue.event_queue import Lease
from berth.invoke.queue.sqlite_queue import SqliteQueue
from berth.invoke.results.pages import Pages
from berth.invoke.results.sqlite_store import SqliteStore
from berth.invoke.results.state_store import Item
from berth.invoke.sqlite_file import SqliteFile
from berth.model.asynchronous import InvocationState, QueuedEvent
from berth.model.function import Function
from berth.runtime.pool.pool import Pool
from berth.runtime.pool.slots import Limits
from berth.testing.fakes import FakeEnvironment
from kit.under_test import await_that, build_function

FUNCTION = build_function("plain", "app.handler")


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_LONGEST_LOOK", "_WATCH_SECONDS"):
        monkeypatch.setattr(f"berth.invoke.event_worker.{name}", 0.01)
    monkeypatch.setattr("berth.invoke.event_worker._END_SECONDS", 0.2)


class Waiting(FakeEnvironment):
    """An environment that waits until it is released or killed."""

    def __init__(self, function: Function) -> None:
        super().__init__(function)
        self.released.clear()


class Unkillable(Waiting):
    """An environment without a process."""

    def kill(self) -> None:
        """Do nothing."""


class FaultyQueue(SqliteQueue):
    """A queue whose leases fail at first, and whose renewals fail while it is away."""

    faults: list[Exception]
    leased: int = 0
    is_away = False
    missed: int = 0  # renewals
    renewed: int = 0

    def renew(self, leases: Iterable[Lease], seconds: float) -> Sequence[Lease]:
        if self.is_away:
            self.missed += 1
            raise QueueUnavailable("it is away")
        lost = super().renew(leases, seconds)
        self.renewed += 1
        return lost

    def lease(self, wanted: Mapping[str, int], most: int, seconds: float) -> Sequence[Lease]:
        if self.faults:
            raise self.faults.pop()
        leases = super().lease(wanted, most, seconds)
        self.leased += len(leases)
        return leases


class FaultyStore(SqliteStore):
    """A state store that may be away."""

    is_away = False
    missed: int = 0

    def get(self, key: str) -> Item | None:
        if self.is_away:
            self.missed += 1
            raise QueueUnavailable("the table is away")
        return super().get(key)


@dataclass
class Works:
    """A worker with a pool of fake environments."""

    file: SqliteFile
    kind: type[FakeEnvironment]
    limits: Limits
    lease_seconds: float
    faults: list[Exception] = field(default_factory=list)
    environments: list[Any] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.queue = FaultyQueue(self.file)
        self.queue.faults = self.faults
        self.store = FaultyStore(self.file)
        self.pages = Pages(self.store, 3600)
        self.pool = Pool(self.limits, self._create)
        rules = WorkerRules(2, 2, self.lease_seconds, Pace((60.0,), 1.0))
        self.worker = EventWorker(
            self.queue,
            self.pages,
            Invoker(self.pool),  # type: ignore[arg-type]
            {"plain": FUNCTION},
            rules,
            lambda function, event, page: None,
        )

    def _create(self, function: Function, is_provisioned: bool) -> FakeEnvironment:
        self.environments.append(self.kind(function))
        return self.environments[-1]

    def put(self, *ids: str) -> None:
        for request_id in ids:
            event = QueuedEvent(request_id=request_id, function="plain", payload=b"1", created_at=time.time())
            self.queue.put(event)
            self.pages.create(event)

    def counts(self) -> tuple[int, int]:
        """How many events wait and run, once all changes are made."""
        self.file.write(lambda connection: None)
        depth = self.queue.depth()
        return depth.depth, depth.running

    def state(self, request_id: str) -> InvocationState | None:
        page = self.pages.get(request_id)
        return page and page.state

    def await_entered(self, count: int) -> None:
        await_that(lambda: sum(each.entered.is_set() for each in self.environments) >= count)


@contextmanager
def _works(
    file: SqliteFile,
    kind: type[FakeEnvironment] = FakeEnvironment,
    *faults: Exception,
    events: int = 2,
    lease_seconds: float = 30.0,
) -> Iterator[Works]:
    works = Works(file, kind, Limits(4, 4, 4, 60, events=events), lease_seconds, list(faults))
    try:
        yield works
    finally:
        works.worker.end()
        works.pool.close()
        works.worker.close()
        for environment in works.environments:
            environment.released.set()
        await_that(
            lambda: not [each for each in threading.enumerate() if each.name.startswith("berth-event")]
        )


@pytest.mark.parametrize("fault", [QueueUnavailable("it is away"), RuntimeError("can't start new thread")])
def test_worker_goes_on_after_any_fault(
    file: SqliteFile, monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    monkeypatch.setattr("berth.invoke.event_worker._PAUSE", 0.05)
    with _works(file, FakeEnvironment, fault) as works:
        works.put("one")
        works.worker.start()
        await_that(lambda: works.state("one") is InvocationState.SUCCEEDED)


def test_worker_leases_no_further_events_while_the_state_store_is_away(file: SqliteFile) -> None:
    with _works(file) as works:
        works.put(*"abcdefgh")
        works.store.is_away = True
        works.worker.start()
        await_that(lambda: works.worker._resume_at and works.worker.await_events(0))
        assert works.queue.leased <= 2
        assert works.counts() == (8, 0)
        works.store.is_away = False


def test_cancelled_run_is_ended_and_no_other(file: SqliteFile) -> None:
    with _works(file, Waiting) as works:
        works.put("one", "two")
        works.worker.start()
        works.await_entered(2)
        works.pages.cancel("one")
        await_that(lambda: sum(each.is_alive() for each in works.environments) == 1)
        assert (works.state("one"), works.state("two")) == (
            InvocationState.CANCELLED,
            InvocationState.RUNNING,
        )
        for environment in works.environments:
            environment.released.set()
        await_that(lambda: works.state("two") is InvocationState.SUCCEEDED)


def test_cancellation_waits_until_the_state_store_is_back(file: SqliteFile) -> None:
    with _works(file, Waiting) as works:
        works.put("one")
        works.worker.start()
        works.await_entered(1)
        works.store.is_away = True
        Pages(SqliteStore(file), 3600).cancel("one")
        await_that(lambda: works.store.missed > 1)
        assert works.environments[0].is_alive()
        works.store.is_away = False
        await_that(lambda: not works.environments[0].is_alive())


def test_leases_are_renewed_soon_once_the_queue_is_back(
    file: SqliteFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("berth.invoke.event_worker._PAUSE", 0.01)
    with _works(file, Waiting, lease_seconds=3.0) as works:
        works.put("one")
        works.worker.start()
        works.await_entered(1)
        works.queue.is_away = True
        await_that(lambda: works.queue.missed > 30)  # while all is well one renewal is made in a second
        works.queue.is_away = False
        await_that(lambda: works.queue.renewed)
        assert works.counts() == (0, 1)


def test_event_that_waits_for_an_environment_is_given_back_when_the_server_drains(file: SqliteFile) -> None:
    with _works(file, Waiting, events=1) as works:
        works.put("one", "two")
        works.worker.start()
        works.await_entered(1)
        await_that(lambda: works.queue.depth().running == 2)
        works.worker.drain()
        works.environments[0].released.set()
        assert works.worker.await_events(10)
        assert sorted(filter(None, (works.state("one"), works.state("two")))) == ["queued", "succeeded"]
        assert works.counts() == (1, 0)
        assert len(works.environments) == 1


def test_run_that_cannot_be_ended_is_given_back(file: SqliteFile) -> None:
    with _works(file, Unkillable) as works:
        works.put("one")
        works.worker.start()
        works.await_entered(1)
        works.worker.close()
        assert works.counts() == (1, 0)
