"""Who may use the Invoke API."""

from collections.abc import Iterable

import pytest

from berth.errors import SignatureInvalid, SignatureMissing
from berth.gateway.lambda_api.authentication import Authentication
from berth.gateway.lambda_api.errors import LambdaError
from berth.model.api_key import hash_api_key
from berth.model.authorizer import IamCredential
from berth.model.http import HttpRequest
from berth.model.invoke_api import InvokeApi
from berth.payload.headers import canonical_name
from kit.gateway_values import make_request
from kit.signatures import ACCESS_KEY, REGION, SECRET, sign

NOW = 1_783_711_144.0
HOST = "127.0.0.1:9001"
PATH = "/2015-03-31/functions/fn%3A%24LATEST/invocations"
TOKENS = ["a1" * 20, "b2" * 20]
SIGNED = Authentication(InvokeApi("sigv4", (IamCredential(ACCESS_KEY, SECRET),)), REGION, lambda: NOW)
TOKEN = Authentication(InvokeApi("token", token_hashes=tuple(map(hash_api_key, TOKENS))), REGION)
OPEN = Authentication(InvokeApi("none"), REGION)


def _signed(body: bytes = b"{}", headers: Iterable[tuple[str, str]] = (), **options: object) -> HttpRequest:
    chosen = {"at": NOW, "service": "lambda", **options}
    lines = sign("POST", f"http://{HOST}{PATH}", headers, body, **chosen)  # type: ignore[arg-type]
    named = tuple((canonical_name(name), value) for name, value in [("Host", HOST), *lines])
    return make_request(method="POST", path=PATH, query="", headers=named, body=body)


def _check(authentication: Authentication, request: HttpRequest) -> None:
    authentication.check_head(request)
    authentication.check_whole(request)


def test_request_that_was_signed_is_let_in() -> None:
    _check(SIGNED, _signed())


@pytest.mark.parametrize(
    "options",
    [
        {"secret": "another"},
        {"at": NOW - 301},
        {"at": NOW + 301},
    ],
)
def test_signature_that_is_another_is_refused(options: dict[str, object]) -> None:
    with pytest.raises(SignatureInvalid):
        _check(SIGNED, _signed(**options))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"service": "execute-api"}, "Credential should be scoped to correct service: 'lambda'."),
        ({"region": "us-east-1"}, "Credential should be scoped to a valid region, not 'us-east-1'."),
    ],
)
def test_signature_for_another_region_or_service_is_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(LambdaError) as refused:
        SIGNED.check_head(_signed(**options))
    assert (refused.value.status, refused.value.code) == (403, "InvalidSignatureException")
    assert refused.value.document == {"message": message}


def test_body_that_was_not_signed_is_refused() -> None:
    signed = _signed()
    other = make_request(method="POST", path=PATH, query="", headers=signed.headers, body=b'{"a":1}')
    with pytest.raises(SignatureInvalid):
        _check(SIGNED, other)


def test_payload_cannot_be_left_unsigned() -> None:
    headers = [("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD")]
    with pytest.raises(SignatureInvalid):
        _check(SIGNED, _signed(headers=headers))


def test_key_that_is_unknown_is_refused_before_the_body_is_read() -> None:
    with pytest.raises(LambdaError, match="UnrecognizedClientException"):
        SIGNED.check_head(_signed(key="AKIDEXAMPLE000000009"))


def test_request_that_is_not_signed_is_refused_before_the_body_is_read() -> None:
    with pytest.raises(SignatureMissing):
        SIGNED.check_head(make_request(headers=(("Host", HOST),)))


@pytest.mark.parametrize("value", [f"Bearer {TOKENS[0]}", f"bearer {TOKENS[1]}"])
def test_token_is_let_in(value: str) -> None:
    _check(TOKEN, make_request(headers=(("Authorization", value),)))


@pytest.mark.parametrize("value", ["Bearer ", "Bearer x", f"Bearer {TOKENS[0]}x", f"Bearer {TOKENS[0][:-1]}"])
def test_token_that_is_another_is_refused(value: str) -> None:
    with pytest.raises(LambdaError, match="UnrecognizedClientException"):
        TOKEN.check_head(make_request(headers=(("Authorization", value),)))


@pytest.mark.parametrize(
    "values", [[], [TOKENS[0]], [f"Basic {TOKENS[0]}"], [f"Bearer {TOKENS[0]}", f"Bearer {TOKENS[1]}"]]
)
def test_request_without_one_token_is_refused(values: list[str]) -> None:
    with pytest.raises(SignatureMissing):
        TOKEN.check_head(make_request(headers=tuple(("Authorization", each) for each in values)))


def test_web_page_is_refused_where_nobody_has_to_prove_anything() -> None:
    OPEN.check_head(make_request(headers=(("Host", HOST),)))
    with pytest.raises(LambdaError, match="AccessDeniedException"):
        OPEN.check_head(make_request(headers=(("Origin", "http://127.0.0.1:8000"),)))
