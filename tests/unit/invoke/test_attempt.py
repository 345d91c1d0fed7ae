"""What follows from the end of one attempt to run an event: retries, ages, throttles, losses, ends."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from berth.errors import QueueLost, QueueUnavailable, Throttled
from berth.invoke.attempt import Attempts, NotBegun, Pace
from berth.invoke.queue.event_queue import Depth, Lease, QueueDepth
from berth.invoke.queue.sqlite_queue import SqliteQueue
from berth.invoke.results.pages import Pages
from berth.invoke.results.sqlite_store import SqliteStore
from berth.invoke.sqlite_file import SqliteFile
from berth.model.asynchronous import AsyncConfig, Condition, InvocationPage, InvocationState, QueuedEvent
from berth.model.function import Function
from berth.model.invocation import Invocation, InvocationResult
from kit.clocks import FakeClock
from kit.under_test import build_function

SUCCESS = InvocationResult(b'{"answer":42}', log_tail=b"END\n")
FAILURE = InvocationResult(b'{"errorType":"ValueError","errorMessage":"no"}', "Unhandled", b"no\n")
ERROR = {"errorType": "ValueError", "errorMessage": "no"}
THROTTLED = {"errorType": "TooManyRequestsException", "errorMessage": "Rate Exceeded."}
EMPTY = QueueDepth(0, 0, 0, 0.0, {})


@dataclass
class Server:
    """One server that works the queue, with a function that answers as it is told."""

    file: SqliteFile
    queue: SqliteQueue
    pages: Pages
    clock: FakeClock
    function: Function
    answer: Callable[[], InvocationResult] = lambda: SUCCESS
    is_ending: bool = False
    ran: list[Invocation] = field(default_factory=list)
    delivered: list[InvocationPage] = field(default_factory=list)
    told_later: float | None = None  # seconds until somebody is told who was not reached

    def put(self) -> None:
        event = QueuedEvent(
            request_id="one", function=self.function.name, payload=b"{}", created_at=self.clock()
        )
        self.queue.put(event)
        self.pages.create(event)

    def lease(self) -> Lease | None:
        found = self.queue.lease({self.function.name: 1}, 1, 30)
        return found[0] if found else None

    def work(self) -> InvocationPage:
        """Make an attempt of the event that is due."""
        self.attempt()
        return self.page

    def attempt(self) -> None:
        """Make an attempt of the event that is due, without a look at its page."""
        lease = self.lease()
        assert lease is not None, "nothing is due"
        self.attempts().make(lease)

    def attempts(self) -> Attempts:
        return Attempts(
            self.queue,
            self.pages,
            {self.function.name: self.function},
            Pace((60.0, 120.0), 1.0),
            self._run,
            self._deliver,
            lambda: self.is_ending,
            self.clock,
        )

    def depth(self) -> QueueDepth:
        """What is in the queue once all changes are made."""
        self.file.write(lambda connection: None)
        return self.queue.depth()

    @property
    def page(self) -> InvocationPage:
        page = self.pages.get("one")
        assert page is not None
        return page

    def _deliver(self, function: Function, event: QueuedEvent, page: InvocationPage) -> float | None:
        self.delivered.append(page)
        return self.told_later

    def _run(self, invocation: Invocation) -> InvocationResult:
        self.ran.append(invocation)
        return self.answer()


@pytest.fixture
def server(file: SqliteFile, queue: SqliteQueue, pages: Pages, clock: FakeClock) -> Server:
    server = Server(file, queue, pages, clock, build_function("plain", "app.handler"))
    server.put()
    return server


def _configure(server: Server, **config: Any) -> None:
    server.function = build_function("plain", "app.handler", async_config=AsyncConfig(**config))


def _throttle() -> InvocationResult:
    raise Throttled("plain", "a limit")


def test_event_that_succeeds_runs_once(server: Server) -> None:
    now = server.clock()
    server.clock.now += 2
    page = server.work()
    assert page == InvocationPage(
        request_id="one",
        function="plain",
        created_at=now,
        state=InvocationState.SUCCEEDED,
        condition=Condition.SUCCESS,
        attempts=1,
        started_at=now + 2,
        finished_at=now + 2,
        result={"answer": 42},
        log_tail="END\n",
    )
    assert server.delivered == [page]
    assert server.depth() == EMPTY


def test_event_that_fails_runs_three_times_with_one_id(server: Server) -> None:
    server.answer = lambda: FAILURE
    waits = []
    for _ in range(2):
        page = server.work()
        assert (page.state, page.error) == (InvocationState.QUEUED, ERROR)
        assert server.lease() is None
        began = server.clock.now
        while (lease := server.lease()) is None:
            server.clock.now += 30
        waits.append(server.clock.now - began)
        server.queue.give_back(lease, 0)
    assert waits == [60, 120]
    page = server.work()
    assert (page.state, page.condition, page.attempts) == (
        InvocationState.FAILED,
        Condition.RETRIES_EXHAUSTED,
        3,
    )
    assert [invocation.request_id for invocation in server.ran] == ["one"] * 3
    assert server.delivered == [page]
    assert server.depth() == replace(EMPTY, dead=1, functions={"plain": Depth(0, 0, 1)})


def test_event_is_tried_again_as_often_as_its_function_says(server: Server) -> None:
    _configure(server, maximum_retry_attempts=0)
    server.answer = lambda: FAILURE
    page = server.work()
    assert (page.condition, page.attempts, page.failures) == (Condition.RETRIES_EXHAUSTED, 1, 1)


def test_event_ends_when_its_next_run_would_be_too_late(server: Server) -> None:
    _configure(server, maximum_event_age_seconds=60)
    server.clock.now += 1
    server.answer = lambda: FAILURE
    page = server.work()
    assert (page.condition, page.error, page.failures) == (Condition.EVENT_AGE_EXCEEDED, ERROR, 1)
    assert server.delivered == [page]


def test_event_never_runs_when_it_has_waited_too_long(server: Server) -> None:
    _configure(server, maximum_event_age_seconds=60)
    server.clock.now += 61
    page = server.work()
    assert (page.condition, page.failures, server.ran) == (Condition.EVENT_AGE_EXCEEDED, 0, [])


def test_throttle_counts_as_no_attempt_and_waits_longer_each_time(server: Server) -> None:
    server.answer = _throttle
    waits = []
    for _ in range(11):
        page = server.work()
        assert (page.state, page.error, page.failures) == (InvocationState.QUEUED, THROTTLED, 0)
        began = server.clock.now
        while (lease := server.lease()) is None:
            server.clock.now += 1
        waits.append(server.clock.now - began)
        server.queue.give_back(lease, 0)
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]
    server.answer = lambda: SUCCESS
    assert server.work().attempts == 1


def test_throttled_event_ends_with_its_age(server: Server) -> None:
    _configure(server, maximum_event_age_seconds=60)
    server.answer = _throttle
    while server.work().state is InvocationState.QUEUED:
        server.clock.now += 40
    assert (server.page.condition, server.page.error) == (Condition.EVENT_AGE_EXCEEDED, THROTTLED)


def test_event_of_a_function_that_may_not_run_ends_at_once(server: Server) -> None:
    server.function = build_function("plain", "app.handler", reserved_concurrency=0)
    page = server.work()
    assert (page.condition, page.error, page.failures) == (Condition.RETRIES_EXHAUSTED, THROTTLED, 0)
    assert server.ran == []


def test_run_that_was_lost_with_its_server_is_no_attempt(server: Server) -> None:
    for losses in range(3):
        lease = server.lease()
        assert lease is not None
        assert server.pages.begin(lease.event).losses == losses
        server.clock.now += 31  # the server was killed; the lease ends
    page = server.work()
    assert (page.state, page.attempts, page.losses) == (InvocationState.SUCCEEDED, 1, 3)


def test_run_is_lost_too_whose_worker_was_quicker_than_the_page(server: Server) -> None:
    server.file.write(lambda connection: connection.execute("DELETE FROM items").close())
    lease = server.lease()
    assert lease is not None
    server.pages.begin(lease.event)
    server.pages.create(lease.event)
    server.clock.now += 31
    server.pages = Pages(SqliteStore(server.file, server.clock), 3600, server.clock)  # of another server
    assert server.work().losses == 1


def test_event_that_has_waited_begins_without_a_look_at_its_page(server: Server) -> None:
    server.clock.now += 1
    server.pages._store = WriteOnly(server.pages, 0)
    server.attempt()
    (page,) = server.delivered
    assert (page.state, page.attempts, page.started_at) == (
        InvocationState.SUCCEEDED,
        1,
        server.clock.now,
    )


def test_event_that_kills_its_servers_is_dead_after_ten_losses(server: Server) -> None:
    for _ in range(10):
        lease = server.lease()
        assert lease is not None
        server.pages.begin(lease.event)
        server.clock.now += 31
    page = server.work()
    assert (page.condition, page.losses, server.ran) == (Condition.RETRIES_EXHAUSTED, 10, [])
    assert server.depth().dead == 1


def test_run_that_a_planned_stop_cut_off_takes_a_retry_at_once(server: Server) -> None:
    server.answer, server.is_ending = lambda: FAILURE, True
    page = server.work()
    assert (page.state, page.failures) == (InvocationState.QUEUED, 1)
    assert server.lease() is not None


@pytest.mark.parametrize(
    ("retry_safe", "state"), [(False, InvocationState.FAILED), (True, InvocationState.QUEUED)]
)
def test_run_that_a_planned_stop_cut_off_needs_a_retry_or_a_function_that_is_retry_safe(
    retry_safe: bool, state: InvocationState, server: Server
) -> None:
    _configure(server, maximum_retry_attempts=0, retry_safe=retry_safe)
    server.answer, server.is_ending = lambda: FAILURE, True
    assert server.work().state is state
    assert [page.condition for page in server.delivered] == [Condition.RETRIES_EXHAUSTED] * (not retry_safe)


def test_cancelled_event_never_runs_and_is_told(server: Server) -> None:
    server.pages.cancel("one")
    page = server.work()
    assert (page.state, page.condition, server.ran) == (InvocationState.CANCELLED, None, [])
    assert (server.delivered, server.depth()) == ([page], EMPTY)


@pytest.mark.parametrize("answer", [SUCCESS, FAILURE])
def test_event_that_was_cancelled_while_it_ran_stays_cancelled(
    answer: InvocationResult, server: Server
) -> None:
    def cancel() -> InvocationResult:
        server.pages.cancel("one")
        return answer

    server.answer = cancel
    page = server.work()
    assert page.state is InvocationState.CANCELLED
    assert (server.delivered, server.depth()) == ([page], EMPTY)


def test_end_that_was_noted_but_not_told_to_the_queue_is_told_without_a_run(server: Server) -> None:
    lease = server.lease()
    assert lease is not None
    server.pages.begin(lease.event)
    server.pages.finish(lease.event, Condition.SUCCESS, result=1)
    server.clock.now += 31
    page = server.work()
    assert (page.result, server.ran, server.delivered) == (1, [], [page])
    assert server.depth() == EMPTY


def test_event_stays_in_the_queue_until_all_are_told_and_runs_no_more(server: Server) -> None:
    server.told_later = 60
    page = server.work()
    assert server.depth().depth == 1
    assert server.lease() is None
    server.clock.now += 60
    server.told_later = None
    assert server.work() == page
    assert server.delivered == [page, page]
    assert len(server.ran) == 1
    assert server.depth() == EMPTY


def test_result_that_is_no_json_is_kept_as_text(server: Server) -> None:
    server.answer = lambda: InvocationResult(b"\xff{")
    assert server.work().result == "\ufffd{"


def test_page_is_written_as_plain_json(server: Server) -> None:
    server.work()
    item = server.pages._store.get("invocation/one")
    assert item is not None
    assert json.loads(item.value)["result"] == {"answer": 42}


class AwayFor:
    """A state store that cannot be reached for so many calls."""

    most_bytes = None

    def __init__(self, pages: Pages, calls: int) -> None:
        self._store, self._calls = pages._store, calls

    def get(self, key: str) -> Any:
        self._call()
        return self._store.get(key)

    def put(self, *arguments: Any) -> bool:
        self._call()
        return self._store.put(*arguments)

    def _call(self) -> None:
        self._calls -= 1
        if self._calls >= 0:
            raise QueueUnavailable("the table is away")


class WriteOnly(AwayFor):
    """A state store that cannot be read."""

    def get(self, key: str) -> Any:
        raise AssertionError(f"{key} was read")


def test_event_waits_when_the_state_store_is_away_before_its_run(server: Server) -> None:
    server.pages._store = AwayFor(server.pages, 1)
    with pytest.raises(QueueUnavailable, match="the table is away"):
        server.work()
    assert (server.ran, server.lease()) == ([], None)
    server.clock.now += 5
    page = server.work()
    assert (page.state, page.attempts, page.losses) == (InvocationState.SUCCEEDED, 1, 0)


@pytest.mark.parametrize("answer", [SUCCESS, FAILURE])
def test_outcome_is_kept_until_the_state_store_is_back(
    answer: InvocationResult, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("berth.invoke.attempt._NOTE_SECONDS", 0)
    _configure(server, maximum_retry_attempts=0)

    def run() -> InvocationResult:
        server.pages._store = AwayFor(server.pages, 3)
        return answer

    server.answer = run
    page = server.work()
    assert page.state is (InvocationState.SUCCEEDED if answer is SUCCESS else InvocationState.FAILED)
    assert (page.attempts, len(server.ran), server.delivered) == (1, 1, [page])


def test_outcome_is_given_up_when_the_server_ends_while_the_state_store_is_away(server: Server) -> None:
    def run() -> InvocationResult:
        server.is_ending = True
        server.pages._store = AwayFor(server.pages, 1)
        return SUCCESS

    server.answer = run
    with pytest.raises(QueueUnavailable):
        server.work()
    server.clock.now += 31
    server.answer = lambda: SUCCESS
    assert server.work().losses == 1


def test_outcome_is_given_up_when_the_state_store_is_lost(server: Server) -> None:
    def run() -> InvocationResult:
        server.file.path.unlink()
        return SUCCESS

    server.answer = run
    with pytest.raises(QueueLost):
        server.work()


def test_run_that_the_end_of_its_server_kept_from_beginning_is_given_back(server: Server) -> None:
    def refuse() -> InvocationResult:
        raise NotBegun

    server.answer = refuse
    assert server.work().state is InvocationState.QUEUED
    server.answer = lambda: SUCCESS
    page = server.work()
    assert (page.attempts, page.losses, page.throttles) == (1, 0, 0)


@pytest.mark.parametrize("is_reset_first", [True, False])
def test_dead_event_that_is_retried_runs_as_if_it_were_new(is_reset_first: bool, server: Server) -> None:
    _configure(server, maximum_retry_attempts=0)
    server.answer = lambda: FAILURE
    server.work()
    server.clock.now += 60
    retried_at = server.clock.now
    assert server.queue.revive("one") == ["one"]
    if is_reset_first:
        server.pages.reset("one", retried_at)
        assert (server.page.state, server.page.failures) == (InvocationState.QUEUED, 0)
    server.answer = lambda: SUCCESS
    page = server.work()
    server.pages.reset("one", retried_at)
    assert server.page == page
    assert (page.state, page.attempts, page.error) == (InvocationState.SUCCEEDED, 1, None)
