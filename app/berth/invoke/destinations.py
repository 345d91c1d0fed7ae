"""Sends the records of invocations to their destinations, and dead letters to their queue or topic."""

import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from berth.errors import DeliveryFailed, PayloadTooLarge, QueueUnavailable
from berth.invoke.aws_client import AwsClients
from berth.invoke.outbound import post
from berth.invoke.records import dead_letter, event_bus_entry, invocation_record, object_key, write_record
from berth.model.asynchronous import InvocationPage, QueuedEvent
from berth.model.destination import Destination
from berth.model.function import Function
from berth.model.invocation import Invocation
from berth.model.lineage import continue_lineage, is_recursion
from berth.model.value_class import value_class

# Codes of errors with a status below 500 that another try may not have.
_PASSING = frozenset(
    {
        *("Throttling", "ThrottlingException", "ThrottledException", "RequestThrottled", "SlowDown"),
        *("TooManyRequestsException", "RequestTimeout", "RequestTimeoutException", "RequestLimitExceeded"),
        *("ExpiredToken", "ExpiredTokenException", "InternalFailure", "ServiceUnavailable"),
    }
)


@value_class
class Destinations:
    """The services that are told. `invoke` queues an event for a function of this application."""

    clients: AwsClients
    functions: Mapping[str, Function]
    invoke: Callable[[Invocation], None]

    def send_record(
        self, to: Destination, function: Function, event: QueuedEvent, page: InvocationPage
    ) -> None:
        """Send the record of an invocation; raises DeliveryFailed."""
        record = invocation_record(function, event, page)
        body = write_record(record)
        if to.kind == "https":
            post(to.text, body, {"Content-Type": "application/json"})
        elif to.kind == "lambda" and (neighbour := self._neighbour(to)):
            self._queue(neighbour, to.qualifier, event, body)
        else:
            with _calling_aws():
                self._call_aws(to, record, body, object_key(to.name, function, page, str(uuid.uuid4())))

    def send_dead_letter(self, to: Destination, event: QueuedEvent, page: InvocationPage) -> None:
        """Send an event that failed for good to a queue or a topic; raises DeliveryFailed."""
        with _calling_aws():
            self._send_message(to, *dead_letter(event, page))

    def _call_aws(self, to: Destination, record: dict[str, Any], body: bytes, key: str) -> None:
        client = self.clients.client(to.kind, to.region or None)
        match to.kind:
            case "lambda":
                client.invoke(FunctionName=to.text, InvocationType="Event", Payload=body)
            case "events":
                _read_answer(client.put_events(Entries=[event_bus_entry(record, to.text)]))
            case "s3":
                bucket = to.name.partition("/")[0]
                client.put_object(Bucket=bucket, Key=key, Body=body, ContentType="application/json")
            case _:
                self._send_message(to, body.decode(), {})

    def _send_message(self, destination: Destination, body: str, attributes: dict[str, Any]) -> None:
        client = self.clients.client(destination.kind, destination.region)
        if destination.kind == "sns":
            client.publish(TopicArn=destination.text, Message=body, MessageAttributes=attributes)
        else:
            url = f"{client.meta.endpoint_url}/{destination.account}/{destination.name}"
            client.send_message(QueueUrl=url, MessageBody=body, MessageAttributes=attributes)

    def _neighbour(self, to: Destination) -> Function | None:
        """The function of this application that a destination names, if it is one."""
        function = self.functions.get(to.name.split(":")[1])
        return function if function and to.text.removesuffix(f":{to.qualifier}") == function.arn else None

    def _queue(self, function: Function, qualifier: str | None, event: QueuedEvent, body: bytes) -> None:
        trace_id = continue_lineage(event.trace_id, event.trace_id or "", function.arn).lstrip(";")
        # A function that is told of its own failures, and fails at them, would be told without an end.
        if is_recursion(trace_id, function.arn):
            raise DeliveryFailed(f"{function.name} has invoked itself too often in one chain", is_final=True)
        try:
            self.invoke(Invocation(function, body, str(uuid.uuid4()), trace_id, qualifier=qualifier))
        except QueueUnavailable as fault:
            raise DeliveryFailed(str(fault)) from fault
        except PayloadTooLarge as fault:
            raise DeliveryFailed(str(fault), is_final=True) from fault


def _read_answer(answer: Mapping[str, Any]) -> None:
    """Raise DeliveryFailed if EventBridge has not taken an event."""
    if answer["FailedEntryCount"]:
        code = answer["Entries"][0].get("ErrorCode")
        raise DeliveryFailed(f"PutEvents: {code}", is_final=code not in _PASSING)


@contextmanager
def _calling_aws() -> Iterator[None]:
    """Raise DeliveryFailed for what a service says."""
    from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

    try:
        yield
    except ClientError as refused:
        status = refused.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500)
        code = refused.response.get("Error", {}).get("Code")
        raise DeliveryFailed(str(refused), is_final=status < 500 and code not in _PASSING) from refused
    except BotoCoreError as failed:
        raise DeliveryFailed(str(failed), is_final=isinstance(failed, ParamValidationError)) from failed
