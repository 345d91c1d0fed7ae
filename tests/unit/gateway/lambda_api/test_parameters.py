"""What a request to the Invoke API asks for, and what is refused before any function runs."""

import base64
from typing import Any

import pytest

from berth.gateway.lambda_api.errors import LambdaError
from berth.gateway.lambda_api.parameters import Parameters, check_payload, read_parameters
from kit.gateway_values import make_request

TYPES = ("Event", "RequestResponse", "DryRun")
PREFIX = "Could not parse request body into json: Could not parse payload into json: "


def _read(*headers: tuple[str, str], name: str = "fn", query: str = "") -> Parameters:
    return read_parameters(make_request(headers=headers, query=query), name, TYPES)


def _refused(*headers: tuple[str, str], **request: Any) -> LambdaError:
    with pytest.raises(LambdaError) as refused:
        _read(*headers, **request)
    return refused.value


def test_plain_request_waits_for_its_result() -> None:
    read = _read()
    assert (read.invocation_type, read.wants_log, read.client_context) == ("RequestResponse", False, None)


def test_every_parameter_is_read() -> None:
    context = base64.b64encode(b'{"custom": {}}').decode()
    read = _read(
        ("X-Amz-Invocation-Type", "DryRun"),
        ("X-Amz-Log-Type", "Tail"),
        ("X-Amz-Client-Context", context),
        ("X-Amz-Tenant-Id", "t-1"),
        query="Qualifier=%24LATEST",
    )
    assert (read.invocation_type, read.wants_log, read.tenant_id) == ("DryRun", True, "t-1")
    assert read.client_context == '{"custom": {}}'
    assert read.function.qualifier == "$LATEST"


def test_all_that_is_wrong_is_told_at_once() -> None:
    refused = _refused(("X-Amz-Invocation-Type", "Later"), ("X-Amz-Log-Type", "All"))
    assert (refused.status, refused.code) == (400, "ValidationException")
    assert refused.document == {
        "message": "2 validation errors detected: Value 'Later' at 'invocationType' failed to satisfy"
        " constraint: Member must satisfy enum value set: [Event, RequestResponse, DryRun]; Value 'All' at"
        " 'logType' failed to satisfy constraint: Member must satisfy enum value set: [None, Tail]"
    }


@pytest.mark.parametrize("sent", ["%", "e30", "////", "a" * 3584])
def test_client_context_that_is_no_base64_is_refused(sent: str) -> None:
    refused = _refused(("X-Amz-Client-Context", sent))
    assert (refused.status, refused.code) == (400, "InvalidRequestContentException")


@pytest.mark.parametrize(
    "payload",
    [b"", b"{}", b"null", b'"\\ud83d"', b"\xef\xbb\xbf[1]", b"-0", b"1e400", b"9" * 5000, '"ü"'.encode()],
)
def test_payload_that_is_json_is_taken(payload: bytes) -> None:
    check_payload(payload)


@pytest.mark.parametrize(
    ("payload", "problem"),
    [
        (b"\x87", "Invalid UTF-8 start byte 0x87\n at [Source: REDACTED; line: 1, column: 1]"),
        (b'{"a":', "Expecting value\n at [Source: REDACTED; line: 1, column: 6]"),
        (b"{}\n x", "Extra data\n at [Source: REDACTED; line: 2, column: 2]"),
        (b" ", "Expecting value\n at [Source: REDACTED; line: 1, column: 2]"),
        (b"NaN", "Non-standard token 'NaN'\n at [Source: REDACTED; line: 1, column: 1]"),
        (b"-Infinity", "Non-standard token '-Infinity'\n at [Source: REDACTED; line: 1, column: 1]"),
    ],
)
def test_payload_that_is_not_json_is_refused(payload: bytes, problem: str) -> None:
    with pytest.raises(LambdaError) as refused:
        check_payload(payload)
    assert (refused.value.status, refused.value.code) == (400, "InvalidRequestContentException")
    assert refused.value.document == {"Type": "User", "message": PREFIX + problem}


def test_payload_that_is_nested_too_deeply_is_refused() -> None:
    with pytest.raises(LambdaError, match="InvalidRequestContentException"):
        check_payload(b"[" * 200_000)
