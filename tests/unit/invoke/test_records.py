"""What destinations get, key for key as recorded from AWS."""

import json
from dataclasses import replace
from typing import Any

import pytest

from berth.invoke.records import dead_letter, event_bus_entry, invocation_record, object_key, write_record
from berth.model.asynchronous import Condition, InvocationPage, InvocationState, QueuedEvent
from kit.under_test import build_function

FUNCTION = build_function("plain", "app.handler")
ARN = "arn:aws:lambda:us-east-1:123456789012:function:plain"
BUS = "arn:aws:events:us-east-1:123456789012:event-bus/jobs"
EVENT = QueuedEvent(request_id="one", function="plain", payload=b'{"a":1}', created_at=1.0)
ERROR = {"errorType": "ValueError", "errorMessage": "no", "stackTrace": []}
ENDED = InvocationPage(
    request_id="one", function="plain", created_at=1.0, attempts=1, finished_at=1_764_025_691.5
)
SUCCEEDED = replace(
    ENDED, state=InvocationState.SUCCEEDED, condition=Condition.SUCCESS, failures=1, result={"b": 2}
)
FAILED = replace(
    ENDED, state=InvocationState.FAILED, condition=Condition.RETRIES_EXHAUSTED, failures=3, error=ERROR
)
THROTTLED = {"errorType": "TooManyRequestsException", "errorMessage": "Rate Exceeded."}


def test_the_record_of_a_success_has_the_keys_of_lambdas():
    record = invocation_record(FUNCTION, EVENT, SUCCEEDED)
    assert record == {
        "version": "1.0",
        "timestamp": "2025-11-24T23:08:11.500Z",
        "requestContext": {
            "requestId": "one",
            "functionArn": f"{ARN}:$LATEST",
            "condition": "Success",
            "approximateInvokeCount": 2,
        },
        "requestPayload": {"a": 1},
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST"},
        "responsePayload": {"b": 2},
    }
    assert list(record) == [
        *("version", "timestamp", "requestContext", "requestPayload", "responseContext", "responsePayload")
    ]


def test_the_record_of_a_failure_tells_of_the_function_error():
    record = invocation_record(FUNCTION, EVENT, FAILED)
    assert record["requestContext"] == {
        "requestId": "one",
        "functionArn": f"{ARN}:$LATEST",
        "condition": "RetriesExhausted",
        "approximateInvokeCount": 3,
    }
    assert record["responseContext"] == {
        "statusCode": 200,
        "executedVersion": "$LATEST",
        "functionError": "Unhandled",
    }
    assert record["responsePayload"] == ERROR


def test_the_record_of_a_version_names_it():
    record = invocation_record(FUNCTION, replace(EVENT, qualifier="live"), SUCCEEDED)
    assert record["requestContext"]["functionArn"] == f"{ARN}:live"
    assert record["responseContext"]["executedVersion"] == "live"


@pytest.mark.parametrize(
    ("changes", "count", "has_response"),
    [
        ({"failures": 1, "condition": Condition.EVENT_AGE_EXCEEDED}, 1, True),
        ({"failures": 0, "losses": 10}, 1, True),
        ({"failures": 0, "error": THROTTLED}, 0, False),
        ({"failures": 0, "error": None, "condition": Condition.EVENT_AGE_EXCEEDED}, 0, False),
    ],
    ids=["too old after a try", "killed again and again", "throttled for good", "too old before a try"],
)
def test_the_record_of_what_never_ran_has_no_response(
    changes: dict[str, Any], count: int, has_response: bool
):
    page = replace(FAILED, **changes)
    record = invocation_record(FUNCTION, EVENT, page)
    assert record["requestContext"]["approximateInvokeCount"] == count
    assert ("responseContext" in record, "responsePayload" in record) == (has_response, has_response)
    code = dead_letter(EVENT, page)[1]["ErrorCode"]
    assert code == {"DataType": "Number", "StringValue": "200" if has_response else "429"}


@pytest.mark.parametrize(
    ("page", "outcome"), [(SUCCEEDED, "Success"), (FAILED, "Failure")], ids=["success", "failure"]
)
def test_the_event_of_a_record_names_bus_and_function(page: InvocationPage, outcome: str):
    record = invocation_record(FUNCTION, EVENT, page)
    entry = event_bus_entry(record, BUS)
    assert json.loads(entry.pop("Detail")) == record
    assert entry == {
        "Source": "lambda",
        "DetailType": f"Lambda Function Invocation Result - {outcome}",
        "Resources": [BUS, f"{ARN}:$LATEST"],
        "EventBusName": BUS,
    }


def test_a_dead_letter_is_the_event_alone_with_three_attributes():
    body, attributes = dead_letter(EVENT, FAILED)
    assert body == '{"a":1}'
    assert attributes == {
        "RequestID": {"DataType": "String", "StringValue": "one"},
        "ErrorCode": {"DataType": "Number", "StringValue": "200"},
        "ErrorMessage": {"DataType": "String", "StringValue": "no"},
    }


@pytest.mark.parametrize(
    ("error", "message"),
    [
        ({"errorMessage": "\u20ac" * 500}, "\u20ac" * 341),
        ({"errorMessage": "a\x00b"}, "a\ufffdb"),
        ({"errorMessage": ""}, "RetriesExhausted"),
        ({"errorType": "ValueError"}, "RetriesExhausted"),
        ("text of a runtime of the function's own", "text of a runtime of the function's own"),
        (None, "RetriesExhausted"),
    ],
)
def test_the_error_message_of_a_dead_letter_can_be_sent(error: object, message: str):
    assert dead_letter(EVENT, replace(FAILED, error=error))[1]["ErrorMessage"]["StringValue"] == message


def test_characters_that_no_queue_takes_are_escaped():
    event = replace(EVENT, payload='{"a":"\uffff"}'.encode())
    record = invocation_record(FUNCTION, event, SUCCEEDED)
    assert b'{"a":"\\uffff"}' in write_record(record)
    assert json.loads(write_record(record)) == record
    assert dead_letter(event, FAILED)[0] == '{"a":"\\uffff"}'


@pytest.mark.parametrize(
    ("place", "folder"),
    [("bucket", ""), ("bucket/", ""), ("bucket/failed", "failed/"), ("bucket/failed/jobs/", "failed/jobs/")],
)
def test_the_key_of_an_object_is_lambdas(place: str, folder: str):
    key = object_key(place, FUNCTION, FAILED, "unique")
    assert key == f"{folder}aws/lambda/async/plain/2025/11/24/2025-11-24T23.08.11-unique"
