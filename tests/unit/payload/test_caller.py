"""What an event says of the caller, in each shape and for each kind of authorizer."""

from typing import Any

import pytest

from berth.model.authorizer import IamCredential
from berth.model.call import ANONYMOUS, Identity
from berth.payload.caller import http_v1_authorizer, http_v2_authorizer, rest_authorizer
from berth.schemas.reading import read
from kit.gateway_values import SHAPES, make_call

CONTEXT = {"tenant": "acme", "level": 3, "list": ["a", {"b": True}], "none": None}
LAMBDA = Identity(kind="lambda", principal_id="alice", context=CONTEXT, latency=451)
CLAIMS: dict[str, Any] = {"sub": "alice", "exp": 1_469_818_373, "cognito:groups": ["a", "b"]}
JWT = Identity(kind="jwt", claims=CLAIMS, scopes=("orders/read", "x"))
COGNITO = Identity(kind="cognito", claims=CLAIMS, scopes=("orders/read",))
KEY = "AKIDEXAMPLE000000001"
ARN = "arn:aws:iam::123456789012:user/alice"
CREDENTIAL = IamCredential(KEY, "secret", "123456789012", ARN, "AIDAEXAMPLE")
IAM = Identity(kind="iam", credential=CREDENTIAL)
HTTP_CLAIMS = {"sub": "alice", "exp": "1469818373", "cognito:groups": "[a b]"}
JWT_KEYS = {"claims": HTTP_CLAIMS, "scopes": ["orders/read", "x"]}
IAM_KEYS = {
    "accessKey": KEY,
    "accountId": "123456789012",
    "callerId": "AIDAEXAMPLE",
    "cognitoIdentity": None,
    "principalOrgId": None,
    "userArn": ARN,
    "userId": "AIDAEXAMPLE",
}


@pytest.mark.parametrize(
    ("identity", "keys"),
    [
        (ANONYMOUS, {}),
        (LAMBDA, {"authorizer": {**CONTEXT, "principalId": "alice", "integrationLatency": 451}}),
        (
            COGNITO,
            {
                "authorizer": {
                    "claims": {"sub": "alice", "exp": "Fri Jul 29 18:52:53 UTC 2016", "cognito:groups": "a,b"}
                }
            },
        ),
        (IAM, {}),
        (Identity(api_key="secret", api_key_id="partner"), {}),
    ],
)
def test_rest_api_has_context_or_claims(identity: Identity, keys: dict[str, Any]) -> None:
    assert rest_authorizer(identity) == keys


@pytest.mark.parametrize("name", ["principalId", "integrationLatency"])
def test_context_does_not_take_the_place_of_the_principal(name: str) -> None:
    identity = Identity(kind="lambda", principal_id="alice", context={name: "admin"}, latency=1)
    assert rest_authorizer(identity) == {"authorizer": {"principalId": "alice", "integrationLatency": 1}}


@pytest.mark.parametrize(
    ("identity", "version_1", "version_2"),
    [
        (ANONYMOUS, {}, {}),
        (LAMBDA, {"authorizer": CONTEXT}, {"authorizer": {"lambda": CONTEXT}}),
        (JWT, {"authorizer": JWT_KEYS}, {"authorizer": {"jwt": JWT_KEYS}}),
        (
            Identity(kind="jwt", claims={}),
            {"authorizer": {"claims": {}, "scopes": None}},
            {"authorizer": {"jwt": {"claims": {}, "scopes": None}}},
        ),
        (IAM, {}, {"authorizer": {"iam": IAM_KEYS}}),
    ],
)
def test_http_api_has_its_kind_in_version_2_only(
    identity: Identity, version_1: dict[str, Any], version_2: dict[str, Any]
) -> None:
    assert http_v1_authorizer(identity) == version_1
    assert http_v2_authorizer(identity) == version_2


def _context(name: str, identity: Identity) -> Any:
    shape, route = SHAPES[name]
    event = shape.build_event(make_call(route), identity)
    read(shape.event_schema, event)
    return event["requestContext"]


@pytest.mark.parametrize(
    ("name", "identity", "expected"),
    [
        ("rest", COGNITO, rest_authorizer(COGNITO)["authorizer"]),
        ("http1", LAMBDA, CONTEXT),
        ("http1", JWT, JWT_KEYS),
        ("http2", LAMBDA, {"lambda": CONTEXT}),
        ("http2", JWT, {"jwt": JWT_KEYS}),
        ("http2", IAM, {"iam": IAM_KEYS}),
        ("url", IAM, {"iam": IAM_KEYS}),
    ],
)
def test_event_with_an_identity_has_the_shape_of_its_schema(
    name: str, identity: Identity, expected: dict[str, Any]
) -> None:
    assert _context(name, identity)["authorizer"] == expected


@pytest.mark.parametrize("name", ["rest", "http1", "http2", "url"])
def test_event_has_no_authorizer_when_nobody_was_asked(name: str) -> None:
    assert "authorizer" not in _context(name, ANONYMOUS)


@pytest.mark.parametrize("name", ["rest", "http1"])
def test_signer_is_in_the_identity_of_version_1(name: str) -> None:
    context = _context(name, IAM)
    assert "authorizer" not in context
    identity = context["identity"]
    assert {key: identity[key] for key in ("accessKey", "accountId", "caller", "user", "userArn")} == {
        "accessKey": KEY,
        "accountId": "123456789012",
        "caller": "AIDAEXAMPLE",
        "user": "AIDAEXAMPLE",
        "userArn": ARN,
    }
    assert [identity[key] for key in ("cognitoIdentityId", "principalOrgId", "sourceIp")] == [
        None,
        None,
        "203.0.113.7",
    ]


@pytest.mark.parametrize("name", ["rest", "http1"])
def test_what_a_credential_leaves_open_is_null_in_version_1(name: str) -> None:
    identity = _context(name, Identity(kind="iam", credential=IamCredential(KEY, "secret")))["identity"]
    assert [identity[key] for key in ("accessKey", "accountId", "caller", "user", "userArn")] == [
        KEY,
        *[None] * 4,
    ]


def test_function_urls_account_is_the_signers() -> None:
    assert _context("url", IAM)["accountId"] == "123456789012"
    assert _context("url", ANONYMOUS)["accountId"] == "anonymous"


@pytest.mark.parametrize("name", ["rest", "http1", "http2", "url"])
def test_secret_is_in_no_event(name: str) -> None:
    assert "secret" not in str(_context(name, IAM))
    assert "secret" not in repr(IAM)
