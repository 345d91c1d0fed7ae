"""What a bridge says when Berth does not answer as it should."""

import ast
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from awslambdaric.lambda_runtime_exception import FaultException

from berth.gateway.authorizers.sigv4 import read_signature, verify_signature
from berth.model.http import HttpRequest
from berth.tools.deploy.bridge import forwarding
from berth.tools.deploy.bridge.forwarding import _proof, _read_result, _refusal, forward
from kit.tables import for_each

CONTEXT = SimpleNamespace(
    aws_request_id="2f8a35c7-0d5c-4f0e-9d0b-5a1f1a1a1a1a",
    invoked_function_arn="arn:aws:lambda:us-east-1:123456789012:function:orders",
    identity=SimpleNamespace(cognito_identity_id=None, cognito_identity_pool_id=None),
    client_context=None,
    get_remaining_time_in_millis=lambda: 3000,
)
VARIABLES = ("URL", "TOKEN", "ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "REGION")


@pytest.fixture(autouse=True)
def variables(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A bridge that has been told nothing."""
    for name in VARIABLES:
        monkeypatch.delenv(f"BRIDGE_{name}", raising=False)
    return monkeypatch


def test_bridge_is_written_for_every_python_that_lambda_has() -> None:
    ast.parse(Path(forwarding.__file__).read_text(), feature_version=(3, 9))


def _error() -> tuple[str, str]:
    with pytest.raises(FaultException) as failed:
        forward("orders", False, {}, CONTEXT)
    return failed.value.exception_type, failed.value.msg


@for_each(
    "url",
    ["", "ftp://host", "https://", "host:8000", "https://host/path", "https://host/?a=b", "https://a:b@host"],
)
def test_address_that_is_none_is_named(variables: pytest.MonkeyPatch, url: str) -> None:
    variables.setenv("BRIDGE_URL", url)
    assert _error() == ("Berth.NotConfigured", "BRIDGE_URL must be https://host:port")


def test_missing_proof_is_named(variables: pytest.MonkeyPatch) -> None:
    variables.setenv("BRIDGE_URL", "https://host")
    variables.setenv("BRIDGE_ACCESS_KEY_ID", "AKID")
    both = "BRIDGE_ACCESS_KEY_ID and BRIDGE_SECRET_ACCESS_KEY"
    assert _error() == ("Berth.NotConfigured", f"BRIDGE_TOKEN must be set, or {both}")


def test_berth_that_cannot_be_reached_is_named(variables: pytest.MonkeyPatch) -> None:
    variables.setenv("BRIDGE_URL", "http://127.0.0.1:9")  # nobody listens there
    variables.setenv("BRIDGE_TOKEN", "sesame")
    kind, message = _error()
    assert kind == "Berth.Unreachable"
    assert message.startswith("Berth at 127.0.0.1:9: no connection to it: ")
    assert "sesame" not in message


@for_each(
    "status, headers, payload, kind, message",
    [
        (302, {}, b"", "Unreachable", "HTTP 302 came from something that is not Berth's Invoke API"),
        (200, {}, b"<html>", "Unreachable", "HTTP 200 came from something that is not Berth's Invoke API"),
        (404, {"x-amzn-errortype": "A"}, b'{"Message": "no"}', "Refused", "Berth answered 404 A: no"),
        (429, {"x-amzn-errortype": "A"}, b'{"message": "m", "Reason": "r"}', "Throttled", "... 429 A: m r"),
        (503, {"x-amzn-errortype": "A"}, b"[]", "Unreachable", "Berth answered 503 A: "),
        (500, {"x-amzn-errortype": "A"}, b"\xff", "Unreachable", "Berth answered 500 A: "),
    ],
)
def test_refusal_is_told_by_its_kind(
    status: int, headers: dict[str, str], payload: bytes, kind: str, message: str
) -> None:
    error = _refusal(status, headers, payload)
    assert (error.exception_type, error.msg) == (f"Berth.{kind}", message.replace("...", "Berth answered"))


def test_signature_is_one_that_berth_verifies(variables: pytest.MonkeyPatch) -> None:
    variables.setenv("BRIDGE_ACCESS_KEY_ID", "AKID")
    variables.setenv("BRIDGE_SECRET_ACCESS_KEY", "secret")
    variables.setenv("BRIDGE_REGION", "eu-west-1")
    path, given = (
        "/2015-03-31/functions/orders/invocations",
        {"Host": "berth:8000", "X-Bridge-Context": "e30="},
    )
    headers = [*given.items(), *_proof(path, given, b"{}").items()]
    request = HttpRequest("POST", path, "", {}, headers, b"{}", headers)
    signature = read_signature(request)
    verify_signature(request, signature, "secret", time.time())  # raises SignatureInvalid for another
    assert (signature.region, signature.service) == ("eu-west-1", "lambda")
    assert "x-bridge-context" in signature.signed_headers


def test_what_a_load_balancer_changes_is_not_signed(variables: pytest.MonkeyPatch) -> None:
    """An Application Load Balancer puts `Self=...` into X-Amzn-Trace-Id of every request."""
    variables.setenv("BRIDGE_ACCESS_KEY_ID", "AKID")
    variables.setenv("BRIDGE_SECRET_ACCESS_KEY", "secret")
    variables.setenv("BRIDGE_REGION", "eu-west-1")
    given = {"Host": "berth", "X-Amzn-Trace-Id": "Root=1-5759e988-bd862e3fe1be46a994272793"}
    proof = _proof("/", given, b"{}")
    changed = {
        **given,
        "X-Amzn-Trace-Id": f"Self=1-67891234-12456789abcdef012345678;{given['X-Amzn-Trace-Id']}",
    }
    headers = [*changed.items(), *proof.items()]
    request = HttpRequest("POST", "/", "", {}, headers, b"{}", headers)
    verify_signature(request, read_signature(request), "secret", time.time())


@for_each(
    "name, value",
    [
        (name, value)
        for name in ("TOKEN", "ACCESS_KEY_ID", "SECRET_ACCESS_KEY")
        for value in ("sesame\n", "se same", "s\u00e9same", "\u20acsame")
    ],
)
def test_secret_that_no_header_takes_is_not_shown(
    variables: pytest.MonkeyPatch, name: str, value: str
) -> None:
    """The caller sees the message, and so does everybody who reads the log."""
    variables.delenv("BRIDGE_TOKEN", raising=False)
    variables.setenv("BRIDGE_URL", "http://127.0.0.1:9")
    variables.setenv("BRIDGE_ACCESS_KEY_ID", "AKID")
    variables.setenv("BRIDGE_SECRET_ACCESS_KEY", "secret")
    variables.setenv(f"BRIDGE_{name}", value)
    told = f"BRIDGE_{name} has a blank, a line break or another strange character"
    assert _error() == ("Berth.NotConfigured", told)


@for_each("payload", [b"", b"<html>", b"[1]", b'"text"', b"null", pytest.param(b"[" * 100_000, id="deep")])
def test_error_that_is_none_is_not_the_bridges_own(variables: pytest.MonkeyPatch, payload: bytes) -> None:
    headers = {"x-amzn-requestid": "1", "x-amz-function-error": "Unhandled"}
    variables.setattr(forwarding, "_send", lambda *_: (200, headers, payload))
    told = "the answer says that the function failed, and is not a function's error"
    assert _error() == ("Berth.Unreachable", told)


def test_token_goes_before_a_key(variables: pytest.MonkeyPatch) -> None:
    variables.setenv("BRIDGE_TOKEN", "sesame")
    variables.setenv("BRIDGE_ACCESS_KEY_ID", "AKID")
    variables.setenv("BRIDGE_SECRET_ACCESS_KEY", "secret")
    assert _proof("/", {}, b"") == {"Authorization": "Bearer sesame"}


@for_each("text, value", [(b"1.5", 1.5), (b"[1, null]", [1, None]), (b"\xff", b"\xff"), (b"no", b"no")])
def test_result_is_read(text: bytes, value: Any) -> None:
    assert _read_result(text) == value


def test_number_keeps_its_digits() -> None:
    assert str(_read_result(b"1.10")) == "1.10"
    assert str(_read_result(b"1" * 9000)) == "1" * 9000
