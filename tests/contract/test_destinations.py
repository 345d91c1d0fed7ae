"""Destinations and dead-letter queues, with AWS's services and with another function."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from berth.errors import DeliveryFailed, PayloadTooLarge, QueueUnavailable
from berth.invoke.destinations import Destinations
from berth.model.asynchronous import Condition, InvocationPage, InvocationState, QueuedEvent
from berth.model.destination import Destination
from berth.model.invocation import Invocation
from kit.aws_server import ACCOUNT, REGION, Aws
from kit.under_test import build_function

FUNCTION = build_function("plain", "app.handler")
EVENT = QueuedEvent(request_id="one", function="plain", payload=b'{"a":1}', created_at=1.0)
FAILED = InvocationPage(
    request_id="one",
    function="plain",
    created_at=1.0,
    state=InvocationState.FAILED,
    condition=Condition.RETRIES_EXHAUSTED,
    failures=3,
    error={"errorType": "ValueError", "errorMessage": "no"},
    finished_at=1_764_025_691.5,
)


@dataclass
class Sent:
    """Destinations of this test's own account, and what they queue for functions of the application."""

    aws: Aws
    invoked: list[Invocation] = field(default_factory=list)
    invoke: Callable[[Invocation], None] | None = None
    event: QueuedEvent = EVENT

    def record(self, to: str) -> None:
        self._destinations.send_record(Destination.of(to), FUNCTION, self.event, FAILED)

    def dead_letter(self, to: str) -> None:
        self._destinations.send_dead_letter(Destination.of(to), EVENT, FAILED)

    @property
    def _destinations(self) -> Destinations:
        return Destinations(self.aws.clients, {"plain": FUNCTION}, self.invoke or self.invoked.append)


@pytest.fixture
def sent(aws: Aws) -> Sent:
    return Sent(aws)


def arn(service: str, name: str) -> str:
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{name}"


def topic_into(aws: Aws, queue: str) -> str:
    """A topic whose messages come into a queue."""
    topic: str = aws.client("sns").create_topic(Name=f"{aws.prefix}-topic")["TopicArn"]
    aws.client("sns").subscribe(
        TopicArn=topic,
        Protocol="sqs",
        Endpoint=arn("sqs", queue),
        Attributes={"RawMessageDelivery": "true"},
    )
    return topic


def test_a_record_goes_to_a_queue(sent: Sent):
    queue = sent.aws.create_queue("records")
    sent.record(arn("sqs", queue))
    (message,) = sent.aws.messages(queue)
    record = json.loads(message["Body"])
    assert record["requestContext"]["requestId"] == "one"
    assert record["responsePayload"] == {"errorType": "ValueError", "errorMessage": "no"}
    assert "MessageAttributes" not in message


def test_a_record_goes_to_a_topic(sent: Sent):
    queue = sent.aws.create_queue("records")
    sent.record(topic_into(sent.aws, queue))
    (message,) = sent.aws.messages(queue)
    assert json.loads(message["Body"])["requestPayload"] == {"a": 1}


def test_a_record_goes_to_an_event_bus(sent: Sent):
    queue, bus = sent.aws.create_queue("records"), f"{sent.aws.prefix}-bus"
    events = sent.aws.client("events")
    bus_arn = events.create_event_bus(Name=bus)["EventBusArn"]
    events.put_rule(Name="all", EventBusName=bus, EventPattern='{"source": ["lambda"]}')
    events.put_targets(Rule="all", EventBusName=bus, Targets=[{"Id": "queue", "Arn": arn("sqs", queue)}])
    sent.record(bus_arn)
    (message,) = sent.aws.messages(queue)
    event = json.loads(message["Body"])
    assert event["detail-type"] == "Lambda Function Invocation Result - Failure"
    assert event["resources"] == [bus_arn, f"{FUNCTION.arn}:$LATEST"]
    assert event["detail"]["requestContext"]["condition"] == "RetriesExhausted"


def test_a_record_goes_to_a_bucket(sent: Sent):
    bucket = sent.aws.create_bucket()
    sent.record(f"arn:aws:s3:::{bucket}/failed")
    s3 = sent.aws.client("s3")
    (found,) = s3.list_objects_v2(Bucket=bucket)["Contents"]
    assert found["Key"].startswith("failed/aws/lambda/async/plain/2025/11/24/2025-11-24T23.08.11-")
    record = json.loads(s3.get_object(Bucket=bucket, Key=found["Key"])["Body"].read())
    assert record["version"] == "1.0"


@pytest.mark.parametrize(("suffix", "qualifier"), [("", None), (":live", "live")])
def test_a_record_is_the_event_of_another_function_of_the_application(
    sent: Sent, suffix: str, qualifier: str | None
):
    sent.record(FUNCTION.arn + suffix)
    (invocation,) = sent.invoked
    assert json.loads(invocation.payload)["requestContext"]["requestId"] == "one"
    assert invocation.function is FUNCTION
    assert invocation.qualifier == qualifier
    assert invocation.request_id != "one"


def test_a_function_that_is_its_own_destination_is_stopped(sent: Sent):
    """Lambda stops a function that has invoked itself sixteen times in one chain."""
    sent.record(FUNCTION.arn)
    for number in range(2, 17):
        sent.event = replace(EVENT, trace_id=sent.invoked[-1].trace_id)
        sent.record(FUNCTION.arn)
        assert len(sent.invoked) == number
    sent.event = replace(EVENT, trace_id=sent.invoked[-1].trace_id)
    with pytest.raises(DeliveryFailed, match="plain has invoked itself too often") as failed:
        sent.record(FUNCTION.arn)
    assert failed.value.is_final


@pytest.mark.parametrize(
    ("fault", "is_final"), [(QueueUnavailable("locked"), False), (PayloadTooLarge(2, 1), True)]
)
def test_a_record_that_cannot_be_queued_is_not_delivered(sent: Sent, fault: Exception, is_final: bool):
    def fail(_: Invocation) -> None:
        raise fault

    sent.invoke = fail
    with pytest.raises(DeliveryFailed) as failed:
        sent.record(FUNCTION.arn)
    assert failed.value.is_final == is_final


def test_a_dead_letter_goes_to_a_queue(sent: Sent):
    queue = sent.aws.create_queue("dead")
    sent.dead_letter(arn("sqs", queue))
    (message,) = sent.aws.messages(queue)
    assert message["Body"] == '{"a":1}'
    assert _attributes(message) == {
        "RequestID": ("String", "one"),
        "ErrorCode": ("Number", "200"),
        "ErrorMessage": ("String", "no"),
    }


def test_a_dead_letter_goes_to_a_topic(sent: Sent):
    queue = sent.aws.create_queue("dead")
    sent.dead_letter(topic_into(sent.aws, queue))
    (message,) = sent.aws.messages(queue)
    assert message["Body"] == '{"a":1}'
    assert _attributes(message)["ErrorCode"] == ("Number", "200")


def _attributes(message: dict[str, Any]) -> dict[str, tuple[str, str]]:
    found = message["MessageAttributes"]
    return {name: (each["DataType"], each["StringValue"]) for name, each in found.items()}


@pytest.mark.parametrize(
    "to",
    [
        arn("sqs", "no-such-queue"),
        arn("sns", "no-such-topic"),
        "arn:aws:s3:::no-such-bucket",
        arn("lambda", "function:no-such-function"),
    ],
)
def test_what_is_not_there_is_given_up(sent: Sent, to: str):
    with pytest.raises(DeliveryFailed) as failed:
        sent.record(to)
    assert failed.value.is_final


def test_a_service_that_cannot_be_reached_is_tried_again(aws: Aws, monkeypatch: pytest.MonkeyPatch):
    from berth.invoke.aws_client import AwsClients

    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    clients = AwsClients(REGION)
    destinations = Destinations(clients, {}, lambda _: None)
    with pytest.raises(DeliveryFailed) as failed:
        destinations.send_record(Destination.of(arn("sqs", "queue")), FUNCTION, EVENT, FAILED)
    assert not failed.value.is_final
    clients.close()
