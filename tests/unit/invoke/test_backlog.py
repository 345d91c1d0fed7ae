"""How many events of each function may be leased: nobody starves, nobody takes more than there is."""

from dataclasses import replace

import pytest

from berth.invoke.backlog import Backlog
from berth.invoke.queue.event_queue import Lease
from berth.model.asynchronous import QueuedEvent
from berth.model.function import Function
from kit.under_test import build_function


def _backlog(places: int = 4, environments: int = 100, **reserved: int | None) -> Backlog:
    base: Function = build_function("plain", "app.handler")
    functions = {
        name: replace(base, name=name, reserved_concurrency=count) for name, count in reserved.items()
    }
    return Backlog(functions, places, environments)


def _leases(function: str, count: int, start: int = 0) -> list[Lease]:
    events = (
        QueuedEvent(request_id=f"{function}-{start + number}", function=function, payload=b"", created_at=0)
        for number in range(count)
    )
    return [Lease(event, f"token of {event.request_id}") for event in events]


def test_function_may_take_all_places() -> None:
    backlog = _backlog(a=None, b=None)
    assert backlog.wanted() == ({"a": 4, "b": 4}, 4)
    assert backlog.add(_leases("a", 3))
    assert backlog.wanted() == ({"b": 1, "a": 1}, 1)


def test_function_that_runs_nothing_has_a_place_more() -> None:
    backlog = _backlog(a=None, b=None, c=None)
    backlog.add(_leases("a", 4))
    assert backlog.wanted() == ({"b": 1, "c": 1}, 2)
    backlog.add(_leases("b", 1))
    assert backlog.wanted() == ({"c": 1}, 1)
    backlog.add(_leases("c", 1))
    assert backlog.wanted() == ({}, 0)
    assert backlog.most_running == 6


@pytest.mark.parametrize(("reserved", "wanted"), [(None, 4), (0, 4), (1, 1), (3, 3)])
def test_reserved_concurrency_limits_the_events_of_a_function(reserved: int | None, wanted: int) -> None:
    backlog = _backlog(a=reserved)
    assert backlog.wanted() == ({"a": wanted}, 4)


def test_place_is_free_again_when_an_event_is_done() -> None:
    backlog = _backlog(places=1, a=None)
    (lease,) = _leases("a", 1)
    backlog.add([lease])
    assert backlog.wanted() == ({}, 0)
    assert backlog.leases() == [lease]
    assert not backlog.await_end(0)
    backlog.done(lease)
    assert backlog.wanted() == ({"a": 1}, 1)
    assert backlog.await_end(0)


def test_event_that_is_leased_again_after_its_lease_was_lost_has_two_places() -> None:
    backlog = _backlog(places=2, a=None)
    (first,) = _leases("a", 1)
    second = replace(first, token="another")
    backlog.add([first])
    backlog.add([second])
    assert backlog.leases() == [first, second]
    backlog.done(first)
    backlog.done(second)
    assert backlog.wanted() == ({"a": 2}, 2)
    assert backlog.await_end(0)


def test_nothing_begins_once_it_is_closed() -> None:
    backlog = _backlog(a=None)
    backlog.close()
    assert backlog.wanted() == ({}, 0)
    assert not backlog.add(_leases("a", 1))
    assert backlog.leases() == []


@pytest.mark.parametrize(
    ("environments", "places", "most_running"),
    [(1, 1, 1), (2, 1, 2), (4, 2, 4), (6, 4, 6), (7, 4, 6), (100, 4, 6)],
)
def test_few_environments_are_shared_by_the_functions(
    environments: int, places: int, most_running: int
) -> None:
    backlog = _backlog(places=4, environments=environments, a=None, b=None, c=None)
    assert backlog.wanted()[0]["a"] == places
    assert backlog.most_running == most_running
    backlog.add(_leases("a", places))
    for others in ("b", "c"):
        _, most = backlog.wanted()
        assert most == min(2 if others == "b" else 1, most_running - len(backlog.leases()))
        backlog.add(_leases(others, min(1, most)))
    assert backlog.wanted() == ({}, 0)
