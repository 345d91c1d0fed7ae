"""What destinations get: records, dead letters and events, key for key as Lambda sends them."""

import json
from datetime import UTC, datetime
from typing import Any

from berth.invoke.queue.sqs_message import NOT_ALLOWED
from berth.invoke.results.page_document import write_time
from berth.model.asynchronous import Condition, InvocationPage, QueuedEvent
from berth.model.function import Function
from berth.model.invocation import encode_event

_LATEST = "$LATEST"
_LONGEST_MESSAGE = 1024  # bytes of a dead letter's ErrorMessage


def invocation_record(function: Function, event: QueuedEvent, page: InvocationPage) -> dict[str, Any]:
    """The record of an invocation that has ended.

    https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
    """
    is_success = page.condition is Condition.SUCCESS
    version = event.qualifier or _LATEST
    count = page.failures + 1 if is_success else max(page.failures, int(_has_response(page)))
    record: dict[str, Any] = {
        "version": "1.0",
        "timestamp": write_time(page.finished_at),
        "requestContext": {
            "requestId": page.request_id,
            "functionArn": f"{function.arn}:{version}",
            "condition": page.condition.value if page.condition else None,
            "approximateInvokeCount": count,
        },
        "requestPayload": _json(event.payload),
    }
    if _has_response(page):
        failure = {} if is_success else {"functionError": "Unhandled"}
        record["responseContext"] = {"statusCode": 200, "executedVersion": version, **failure}
        record["responsePayload"] = page.result if is_success else page.error
    return record


def event_bus_entry(record: dict[str, Any], bus_arn: str) -> dict[str, Any]:
    """The entry of EventBridge's PutEvents that tells of a record."""
    context = record["requestContext"]
    outcome = "Success" if context["condition"] == Condition.SUCCESS else "Failure"
    return {
        "Source": "lambda",
        "DetailType": f"Lambda Function Invocation Result - {outcome}",
        "Resources": [bus_arn, context["functionArn"]],
        "Detail": write_record(record).decode(),
        "EventBusName": bus_arn,
    }


def dead_letter(event: QueuedEvent, page: InvocationPage) -> tuple[str, dict[str, dict[str, str]]]:
    """The body of a dead letter, which is the event alone, and its attributes.

    https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html#invocation-dlq
    """
    error = page.error.get("errorMessage") if isinstance(page.error, dict) else page.error
    text = _sendable(str(error or (page.condition and page.condition.value)))
    message = text.encode("utf-8", "replace")[:_LONGEST_MESSAGE].decode("utf-8", "ignore")
    return _sendable(event.payload.decode("utf-8", "replace"), in_json=True), {
        "RequestID": {"DataType": "String", "StringValue": page.request_id},
        "ErrorCode": {"DataType": "Number", "StringValue": "200" if _has_response(page) else "429"},
        "ErrorMessage": {"DataType": "String", "StringValue": message},
    }


def object_key(place: str, function: Function, page: InvocationPage, unique: str) -> str:
    """The key of a record in a bucket; `place` is `bucket` or `bucket/prefix`."""
    ended = datetime.fromtimestamp(page.finished_at or 0.0, UTC)
    prefix = place.partition("/")[2].strip("/")
    folder = f"{prefix}/" if prefix else ""
    return f"{folder}aws/lambda/async/{function.name}/{ended:%Y/%m/%d/%Y-%m-%dT%H.%M.%S}-{unique}"


def write_record(record: dict[str, Any]) -> bytes:
    """A record as JSON without a character that SQS refuses."""
    return _sendable(encode_event(record).decode("utf-8", "replace"), in_json=True).encode()


def _has_response(page: InvocationPage) -> bool:
    """Whether a run has answered, or has ended with its environment."""
    if page.condition is Condition.SUCCESS:
        return True
    return page.error is not None and bool(page.failures or page.losses)


def _json(payload: bytes) -> Any:
    try:
        return json.loads(payload)
    except ValueError:  # nobody has promised that an event is JSON
        return payload.decode(errors="replace")


def _sendable(text: str, *, in_json: bool = False) -> str:
    """Write characters that no queue and no topic takes as escapes, which mean the same in JSON."""
    return NOT_ALLOWED.sub(lambda found: f"\\u{ord(found[0]):04x}" if in_json else "\ufffd", text)
