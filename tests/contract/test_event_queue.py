"""What every kind of event queue promises, with the clock of the machine."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from berth.invoke.queue.event_queue import Depth, EventQueue, Lease
from berth.invoke.queue.sqlite_queue import SqliteQueue
from berth.invoke.queue.sqs_queue import SqsAddress, SqsQueue
from berth.invoke.sqlite_file import SqliteFile
from berth.model.asynchronous import Origin, QueuedEvent
from kit.aws_server import ACCOUNT, REGION, Aws
from kit.under_test import await_that

ORIGIN = Origin(route="POST /jobs", authorizer="jwt", identity="issuer subject")


@pytest.fixture(params=["sqlite", "sqs"])
def queue(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[EventQueue]:
    kinds: dict[str, Callable[[], EventQueue]] = {
        "sqlite": lambda: SqliteQueue(SqliteFile(tmp_path / "events.db")),
        "sqs": lambda: sqs_queue(request.getfixturevalue("aws")),
    }
    queue = kinds[request.param]()
    yield queue
    if request.param == "sqlite":  # AWS's clients serve other tests, too
        queue.close()


def sqs_queue(aws: Aws) -> SqsQueue:
    name, dead = aws.create_queue("events"), aws.create_queue("dead")
    address = f"sqs://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{name}?deadLetterQueue={dead}"
    return SqsQueue(SqsAddress.of(address), aws.clients)


def event(request_id: str = "one", function: str = "orders", **changes: Any) -> QueuedEvent:
    fields: dict[str, Any] = {"payload": b"{}", "created_at": time.time()}
    return QueuedEvent(request_id=request_id, function=function, **fields | changes)


def lease(queue: EventQueue, seconds: float = 30, **wanted: int) -> list[Lease]:
    return list(queue.lease(wanted or {"orders": 10}, sum(wanted.values()) or 10, seconds))


def ids(leases: list[Lease]) -> list[str]:
    return sorted(each.event.request_id for each in leases)


@pytest.mark.parametrize(
    "payload",
    [
        b'{"item":"anchor"}',
        '{"item":"\u2693 \U0001f600"}'.encode(),
        b' {\r\n\t"a" : 1}\n',
        b'"\x01"',
        '"\uffff"'.encode(),
        b"\xff\xfe",
        b'"' + 900_000 * b"x" + b'"',
    ],
    ids=["ascii", "unicode", "white space", "control", "no character", "no text", "large"],
)
def test_an_event_comes_as_it_was_put(queue: EventQueue, payload: bytes):
    put = event(payload=payload, created_at=1.5, trace_id="Root=1", qualifier="live", origin=ORIGIN)
    queue.put(put)
    (found,) = lease(queue)
    assert found.event == put


def test_an_event_is_stored_once_its_storing_was_waited_for(queue: EventQueue):
    waits = [queue.put_soon(event(request_id)) for request_id in ("one", "two")]
    for wait in waits:
        wait()
    assert ids(lease(queue)) == ["one", "two"]


def test_a_leased_event_is_not_leased_again(queue: EventQueue):
    queue.put(event())
    assert ids(lease(queue)) == ["one"]
    assert lease(queue) == []


def test_only_wanted_functions_are_leased(queue: EventQueue):
    for number in range(3):
        queue.put(event(f"order {number}"))
        queue.put(event(f"report {number}", "reports"))
    assert ids(lease(queue, reports=1)) == ["report 0"]
    assert ids(lease(queue, reports=5)) == ["report 1", "report 2"]
    await_that(lambda: lease(queue, orders=1))


def test_no_more_are_leased_than_asked_for(queue: EventQueue):
    for number in range(4):
        queue.put(event(f"order {number}"))
        queue.put(event(f"report {number}", "reports"))
    assert len(queue.lease({"orders": 4, "reports": 4}, 3, 30)) == 3


def test_an_event_that_was_given_back_is_leased_again(queue: EventQueue):
    queue.put(event())
    (first,) = lease(queue)
    queue.give_back(first, 0)
    (second,) = lease(queue)
    assert second.event.request_id == "one"


def test_an_event_that_was_given_back_waits_as_long_as_it_has_to(queue: EventQueue):
    queue.put(event())
    (first,) = lease(queue)
    queue.give_back(first, 1)
    assert lease(queue) == []
    await_that(lambda: lease(queue), 5)


def test_an_event_whose_lease_ends_is_leased_again(queue: EventQueue):
    queue.put(event("kept"))
    queue.put(event("lost"))
    leases = {each.event.request_id: each for each in lease(queue, seconds=1)}
    assert list(queue.renew([leases["kept"]], 30)) == []
    found: list[Lease] = []
    await_that(lambda: found.extend(lease(queue)) or found, 5)
    assert ids(found) == ["lost"]
    assert lease(queue) == []


def test_a_removed_event_is_gone(queue: EventQueue):
    queue.put(event())
    (found,) = lease(queue)
    queue.remove(found)
    await_that(lambda: queue.depth().running == 0)
    assert (queue.depth().depth, queue.depth().dead) == (0, 0)


def test_events_are_counted(queue: EventQueue):
    for number in range(3):
        queue.put(event(f"order {number}"))
    lease(queue, orders=1)
    queue.put(event("report", "reports"))
    depth = queue.depth()
    assert (depth.depth, depth.running, depth.dead) == (3, 1, 0)
    known = {"orders": Depth(2, 1, 0), "reports": Depth(1, 0, 0)}
    assert depth.functions == (known if isinstance(queue, SqliteQueue) else None)


def test_a_dead_event_is_run_again_when_it_is_revived(queue: EventQueue):
    for name in ("one", "two"):
        queue.put(event(name, payload=b'{"a":1}', created_at=1.0))
    for each in lease(queue):
        queue.bury(each)
    assert queue.depth().dead == 2
    assert lease(queue) == []
    assert queue.revive("two") == ["two"]
    (found,) = lease(queue)
    assert (found.event.request_id, found.event.payload) == ("two", b'{"a":1}')
    assert found.event.created_at > 1_000_000_000


def test_all_dead_events_are_revived(queue: EventQueue):
    for number in range(12):
        queue.put(event(f"{number:02}"))
    for _ in range(2):
        for each in lease(queue):
            queue.bury(each)
    assert sorted(queue.revive()) == [f"{number:02}" for number in range(12)]
    assert queue.depth().dead == 0
    assert queue.revive("of no event") == []


def test_purge_leaves_what_runs(queue: EventQueue):
    for name in ("dead", "runs", "waits"):
        queue.put(event(name))
    leases = {each.event.request_id: each for each in lease(queue)}
    queue.bury(leases["dead"])
    queue.give_back(leases["waits"], 0)
    assert sorted(queue.purge()) == ["dead", "waits"]
    depth = queue.depth()
    assert (depth.depth, depth.running, depth.dead) == (0, 1, 0)
