"""A request with an idempotency key, when the server of an earlier one died or is still at work."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from berth.errors import OtherRequest
from berth.invoke.event_invoker import EventInvoker
from berth.invoke.queue.sqlite_queue import SqliteQueue
from berth.invoke.results.claims import Claims, IdempotentRequest
from berth.invoke.results.pages import Pages, new_page, write_page
from berth.invoke.results.sqlite_store import SqliteStore
from berth.invoke.results.state_store import Item
from berth.model.asynchronous import NO_ORIGIN, QueuedEvent
from berth.model.invocation import Invocation
from kit.clocks import FakeClock
from kit.under_test import build_function

REQUEST = IdempotentRequest("route and caller", "key", "what is asked")
FUNCTION = build_function("plain", "app.handler")


@dataclass
class Store:
    """A state store that counts how often the page of the first request is read, and may then have it."""

    store: SqliteStore
    page_comes_at: int = 0  # the read that finds it; 0 for never
    reads: int = field(default=0, init=False)
    most_bytes: None = None

    def get(self, key: str) -> Item | None:
        if key == "invocation/first":
            self.reads += 1
            if self.reads == self.page_comes_at:
                event = QueuedEvent(request_id="first", function="plain", payload=b"", created_at=0)
                self.store.put(key, write_page(new_page(event)), 0)
        return self.store.get(key)

    def put(self, *arguments: Any) -> bool:
        return self.store.put(*arguments)

    def delete(self, key: str) -> None:
        self.store.delete(key)

    def close(self) -> None:
        self.store.close()


@pytest.fixture
def store(queue: SqliteQueue, clock: FakeClock) -> Store:
    return Store(SqliteStore(queue.file, clock))


def _repeat(store: Store, queue: SqliteQueue, clock: FakeClock) -> str:
    """Send the request again after a server has claimed its key as `first`."""
    claims, pages = Claims(store, clock), Pages(store, 3600, clock)
    invoker = EventInvoker(queue, pages, claims, lambda: None, clock)
    return invoker.invoke_once(Invocation(FUNCTION, b"{}", "second"), NO_ORIGIN, REQUEST)


def test_event_whose_server_died_before_it_was_queued_is_queued_with_the_first_id(
    store: Store, queue: SqliteQueue, clock: FakeClock
) -> None:
    assert Claims(store, clock).claim(REQUEST, "first").request_id == "first"
    clock.now += 3
    assert _repeat(store, queue, clock) == "first"
    assert store.reads == 1, "a server that may be killed any moment does not wait for a page again"
    (lease,) = queue.lease({"plain": 9}, 9, 30)
    assert lease.event.request_id == "first"


def test_event_that_another_server_queues_just_now_is_awaited(
    store: Store, queue: SqliteQueue, clock: FakeClock
) -> None:
    Claims(store, clock).claim(REQUEST, "first")
    store.page_comes_at = 3
    assert _repeat(store, queue, clock) == "first"
    assert store.reads == 3
    assert queue.depth().depth == 0


def test_key_of_another_request_is_refused(store: Store, queue: SqliteQueue, clock: FakeClock) -> None:
    other = IdempotentRequest(REQUEST.scope, REQUEST.key, "something else")
    Claims(store, clock).claim(other, "first")
    with pytest.raises(OtherRequest):
        _repeat(store, queue, clock)
    assert not queue.file.exists() or queue.depth().depth == 0
