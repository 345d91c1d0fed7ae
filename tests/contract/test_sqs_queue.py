"""What only the event queue in SQS does."""

import time
from dataclasses import dataclass, replace
from typing import Any

import pytest

from berth.errors import PayloadTooLarge, QueueUnavailable
from berth.invoke.aws_client import AwsClients
from berth.invoke.queue.event_queue import Lease
from berth.invoke.queue.sqs_queue import SqsAddress, SqsQueue
from berth.invoke.queue.sqs_stock import Received
from berth.model.asynchronous import QueuedEvent
from kit.aws_server import ACCOUNT, REGION, Aws
from kit.under_test import await_that


@dataclass
class LateClock:
    """The machine's clock, which can be put forward."""

    late: float = 0.0

    def __call__(self) -> float:
        return time.time() + self.late


class BusyQueue(SqsQueue):
    """A queue during whose third receipt from now on a run ends."""

    ends: Lease | None = None
    receipts = 0

    def _receive(self, url: str, count: int, seconds: float, wait: int) -> list[Received]:
        found = super()._receive(url, count, seconds, wait)
        self.receipts += self.ends is not None
        if self.receipts == 3 and self.ends:
            self.remove(self.ends)
        return found


def make_queue(aws: Aws, name: str, clock: LateClock | None = None) -> SqsQueue:
    address = SqsAddress.of(f"sqs://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{name}")
    return SqsQueue(address, aws.clients, clock or LateClock())


def event(request_id: str = "one", function: str = "orders", payload: bytes = b"{}") -> QueuedEvent:
    return QueuedEvent(request_id=request_id, function=function, payload=payload, created_at=time.time())


def test_a_message_is_the_event_with_its_function_as_group(aws: Aws):
    name = aws.create_queue("events")
    make_queue(aws, name).put(event(payload=b'{"a":1}'))
    answer = aws.client("sqs").receive_message(
        QueueUrl=aws.queue_url(name), AttributeNames=["All"], MessageAttributeNames=["All"]
    )
    (message,) = answer["Messages"]
    assert message["Body"] == '{"a":1}'
    assert message["Attributes"]["MessageGroupId"] == "orders"
    assert list(message["MessageAttributes"]) == ["Berth"]


def test_an_event_that_does_not_fit_with_its_envelope_is_too_large(aws: Aws):
    name = aws.create_queue("events")
    with pytest.raises(PayloadTooLarge, match="over the limit of 1048576"):
        make_queue(aws, name).put(event(payload=1_048_576 * b"x"))
    assert aws.messages(name) == []


def test_an_event_over_the_limit_of_the_queue_is_too_large(aws: Aws):
    name = aws.create_queue("events", MaximumMessageSize="2048")
    with pytest.raises(PayloadTooLarge, match="4000 bytes are over the limit of 2048"):
        make_queue(aws, name).put(event(payload=4000 * b"x"))


def test_a_message_of_somebody_else_is_set_aside(aws: Aws, caplog: pytest.LogCaptureFixture):
    name = aws.create_queue("events")
    for text in ("no event", "none either"):
        aws.client("sqs").send_message(QueueUrl=aws.queue_url(name), MessageBody=text)
    queue = make_queue(aws, name)
    queue.put(event())
    leases = queue.lease({"orders": 5}, 5, 1)
    assert [each.event.request_id for each in leases] == ["one"]
    assert caplog.text.count("lacks what Berth sends") == 2
    await_that(lambda: queue.depth().depth == 1)  # the lease has ended; the others stay hidden
    assert queue.depth().running == 2


def test_an_event_behind_many_of_a_function_without_room_is_found(aws: Aws):
    queue = make_queue(aws, aws.create_queue("events"))
    for number in range(45):
        queue.put(event(f"report {number}", "reports"))
    queue.put(event("one"))
    (found,) = queue.lease({"orders": 1}, 1, 30)
    assert found.event.request_id == "one"
    # What was received meanwhile is at hand as soon as there is room.
    assert len(queue.lease({"reports": 8}, 8, 30)) == 8
    queue.let_go()
    other = make_queue(aws, queue.address.url.rpartition("/")[2])
    assert len(other.lease({"reports": 20}, 10, 30)) == 10


def test_an_event_whose_function_has_no_room_is_at_hand_beside_many_of_another(aws: Aws):
    clock = LateClock()
    queue = make_queue(aws, aws.create_queue("events"), clock)
    for number in range(30):
        queue.put(event(f"report {number}", "reports"))
    assert queue.lease({"audits": 1}, 1, 30) == []
    queue.put(event("one"))
    clock.late = 1.1  # a look is made every second
    assert queue.lease({"audits": 1}, 1, 30) == []
    (found,) = queue.lease({"orders": 1}, 1, 30)
    assert found.event.request_id == "one"


def test_a_look_that_a_free_place_has_cut_short_goes_on_at_once(aws: Aws):
    queue = BusyQueue(make_queue(aws, aws.create_queue("events")).address, aws.clients)
    for number in range(22):  # one runs, one and two times ten are received then
        queue.put(event(f"report {number}", "reports"))
    queue.put(event("one"))
    (queue.ends,) = queue.lease({"reports": 1}, 1, 30)
    found = [queue.lease({"orders": 1}, 1, 30) for _ in range(2)]
    assert [[each.event.request_id for each in leases] for leases in found] == [[], ["one"]]


def test_what_is_at_hand_is_put_back_after_a_while(aws: Aws):
    clock = LateClock()
    queue = make_queue(aws, aws.create_queue("events"), clock)
    queue.put(replace(event("report", "reports"), created_at=time.time() + 6))
    assert queue.lease({"orders": 1}, 1, 30) == []
    other = make_queue(aws, queue.address.url.rpartition("/")[2])
    assert other.lease({"reports": 1}, 1, 30) == []
    clock.late = 6.0
    assert queue.renew([], 30) == []
    found: list[Any] = []
    await_that(lambda: found.extend(other.lease({"reports": 1}, 1, 30)) or found, 15)


def test_a_lease_lasts_twelve_hours_at_most(aws: Aws):
    clock = LateClock()
    queue = make_queue(aws, aws.create_queue("events"), clock)
    queue.put(event())
    (lease,) = queue.lease({"orders": 1}, 1, 30)
    clock.late = 12 * 3600 - 1.5
    assert queue.renew([lease], 30) == []
    other = make_queue(aws, queue.address.url.rpartition("/")[2])
    found: list[Any] = []
    await_that(lambda: found.extend(other.lease({"orders": 1}, 1, 30)) or found, 5)


def test_a_lease_that_sqs_does_not_know_is_lost(aws: Aws):
    queue = make_queue(aws, aws.create_queue("events"))
    queue.put(event())
    (lease,) = queue.lease({"orders": 1}, 1, 30)
    other = replace(lease, token="of no message")
    assert queue.renew([lease, other], 30) == [other]


def test_a_dead_event_without_a_dead_letter_queue_is_gone(aws: Aws):
    queue = make_queue(aws, aws.create_queue("events"))
    queue.put(event())
    queue.bury(queue.lease({"orders": 1}, 1, 30)[0])
    depth = queue.depth()
    assert (depth.depth, depth.running, depth.dead, depth.oldest_age_seconds) == (0, 0, 0, None)
    assert queue.revive() == []


def test_a_queue_that_is_not_there_is_named(aws: Aws):
    with pytest.raises(QueueUnavailable, match=r"no-such-queue: .*NonExistentQueue"):
        make_queue(aws, "no-such-queue").put(event())


def test_a_queue_that_cannot_be_reached_is_unavailable(aws: Aws, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    clients = AwsClients(REGION)
    queue = SqsQueue(SqsAddress.of(f"sqs://sqs.{REGION}.amazonaws.com/{ACCOUNT}/events"), clients)
    with pytest.raises(QueueUnavailable, match="Could not connect"):
        queue.put(event())
    queue.close()
