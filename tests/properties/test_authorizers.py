"""Every policy, signature, token and answer leads to a decision or to the refusal of its kind."""

import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from berth.errors import AuthorizerFailed, MalformedDocument, SignatureInvalid, SignatureMissing, Unauthorized
from berth.gateway.authorizers.answer_schema import (
    HTTP_POLICY_ANSWER,
    POLICY_ANSWER,
    SIMPLE_ANSWER,
)
from berth.gateway.authorizers.jwt_authorizer import JwtAuthorizer
from berth.gateway.authorizers.key_set import KeySet
from berth.gateway.authorizers.policy import Verdict, evaluate, matches
from berth.gateway.authorizers.sigv4 import read_signature, verify_signature
from berth.model.authorizer import Authorizer, TokenIssuer
from berth.model.http import HttpRequest
from berth.payload.headers import canonical_name
from berth.schemas.reading import Schema, read
from kit.gateway_values import make_request
from kit.issuers import ISSUER, documents_of, ec_key, make_claims, make_token, rsa_key, token_of
from kit.signatures import SECRET, sign
from kit.strategies import http_requests, latin_1, often, scalars

# A few examples where each is large, or signed.
sometimes = settings(often, max_examples=40)
any_json = st.recursive(
    scalars, lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text(), inner)), max_leaves=3
)
NOW = 1_783_711_144.0
API = "arn:aws:execute-api:eu-west-1:123456789012:a1b2c3d4e5"
SIGNED = tuple(
    (canonical_name(name), value)
    for name, value in [("Host", "api.example.com"), *sign("GET", "https://api.example.com/a?b=1", at=NOW)]
)
RSA, EC = rsa_key(), ec_key()
TOKEN = make_token(RSA)

paths = st.text("ab/.%2eEfF;\\5c?* ", max_size=12)
texts = st.one_of(
    st.text(), st.just("*"), st.just("execute-api:Invoke"), paths.map(f"{API}/dev/GET/".__add__)
)
effects = st.sampled_from(["Allow", "Deny", "allow", "", None, 1, [], {}])
statements = st.fixed_dictionaries(
    {"Effect": effects},
    optional={
        "Action": st.one_of(texts, st.lists(texts), any_json),
        "Resource": st.one_of(texts, st.lists(texts), any_json),
        "Condition": any_json,
        "Sid": st.text(),
    },
)
policies = st.one_of(
    st.fixed_dictionaries({"Statement": st.one_of(statements, st.lists(statements, max_size=3))}),
    st.fixed_dictionaries({"Statement": st.one_of(st.text(), st.integers(), st.none())}),
    st.text(),
    st.lists(st.text()),
)


@often
@given(policies, paths)
def test_policy_is_evaluated_or_is_none(policy: Any, path: str) -> None:
    try:
        verdict = evaluate(policy, f"{API}/dev/GET/{path}")
    except AuthorizerFailed:
        return
    listed = policy["Statement"] if isinstance(policy["Statement"], list) else [policy["Statement"]]
    if verdict is not Verdict.IMPLICIT_DENY:
        assert verdict.value.split()[-1].capitalize() in [each["Effect"] for each in listed]


@often
@given(st.lists(st.text("ab%5", min_size=1), max_size=3).map("/".join))
def test_denied_path_is_not_allowed_in_any_spelling(path: str) -> None:
    statement = {"Action": "*", "Resource": f"{API}/dev/GET/{path}"}
    policy = {
        "Statement": [{"Effect": "Allow", **statement, "Resource": "*"}, {"Effect": "Deny", **statement}]
    }
    for spelled in (path, f"/{path}", f"x/../{path}", "".join(f"%{ord(each):02X}" for each in path)):
        assert evaluate(policy, f"{API}/dev/GET/{spelled}") is Verdict.EXPLICIT_DENY


@often
@given(st.text("ab*?", max_size=8), st.text("ab*?", max_size=10))
def test_pattern_matches_as_a_slow_one_does(pattern: str, text: str) -> None:
    parts = {"*": ".*", "?": "."}
    slow = "".join(parts.get(each, re.escape(each)) for each in pattern)
    assert matches(pattern, text) is (re.fullmatch(slow, text, re.DOTALL) is not None)


@sometimes
@given(http_requests)
def test_signature_is_read_or_is_missing(request: HttpRequest) -> None:
    with pytest.raises(SignatureMissing):
        read_signature(request)


@sometimes
@given(
    http_requests,
    st.text("0123456789TZ:-", max_size=18),
    st.lists(st.sampled_from(["host", "x-amz-date", "date", "", "x-a"])),
)
def test_signature_is_not_valid_for_any_request(request: HttpRequest, date: str, signed: list[str]) -> None:
    names = ";".join(signed) or "host"
    value = (
        "AWS4-HMAC-SHA256 Credential=AKID/20260710/eu-west-1/execute-api/aws4_request,"
        f" SignedHeaders={names}, Signature={'0' * 64}"
    )
    kept = [line for line in request.headers if line[0] != "Authorization"]
    lines = [*kept, ("X-Amz-Date", date or "20260710T191904Z"), ("Authorization", value)]
    changed = make_request(method=request.method, path=request.path, query=request.query, headers=lines)
    with pytest.raises(SignatureInvalid):
        verify_signature(changed, read_signature(changed), SECRET, NOW)


@often
@given(st.sampled_from(["method", "path", "query", "body", "host"]), st.data())
def test_signature_is_not_valid_once_anything_was_changed(field: str, data: st.DataObject) -> None:
    request = make_request(path="/a", query="b=1", headers=SIGNED)
    verify_signature(request, read_signature(request), SECRET, NOW)
    values: dict[str, st.SearchStrategy[Any]] = {
        "method": st.sampled_from(["POST", "PUT", "get", "GET ", ""]),
        "path": latin_1.map("/".__add__).filter(lambda path: path != "/a"),
        "query": st.text("ab=12%&;", min_size=1).map("b=1&c".__add__),
        "body": st.binary(min_size=1),
        "host": latin_1.filter(lambda host: host.split() != ["api.example.com"]),
    }
    value = data.draw(values[field])
    headers = [("Host", value), *SIGNED[1:]] if field == "host" else SIGNED
    changes = {} if field == "host" else {field: value}
    changed = make_request(**{"path": "/a", "query": "b=1", "headers": headers, **changes})
    with pytest.raises(SignatureInvalid):
        verify_signature(changed, read_signature(changed), SECRET, NOW)


def _verify(token: str, *jwks: Any) -> Any:
    authorizer = JwtAuthorizer(Authorizer("jwt", "JWT", issuers=(TokenIssuer(ISSUER, ("orders",)),)))
    authorizer.keys = {ISSUER: KeySet(ISSUER, documents_of(ISSUER, *(jwks or [RSA.jwk, EC.jwk])).__getitem__)}
    return authorizer.verify(token)


headers = st.fixed_dictionaries(
    {},
    optional={
        "alg": st.one_of(any_json, st.sampled_from(["RS256", "ES256", "HS256", "none"])),
        "kid": st.one_of(any_json, st.sampled_from(["rsa-1", "ec-1"])),
        "typ": any_json,
        "crit": any_json,
        "b64": any_json,
        "jwk": any_json,
    },
)
claims = st.fixed_dictionaries(
    {"iss": st.one_of(any_json, st.just(ISSUER))},
    optional={
        "exp": any_json,
        "nbf": any_json,
        "iat": any_json,
        "aud": any_json,
        "sub": any_json,
        "jti": any_json,
    },
)


@sometimes
@given(st.one_of(st.text(), st.text("abc.=-_", max_size=20)))
def test_text_is_no_token(token: str) -> None:
    with pytest.raises(Unauthorized):
        _verify(token)


@sometimes
@given(st.one_of(headers, any_json), st.one_of(claims, any_json), st.binary(max_size=80))
def test_token_that_no_key_signed_is_refused(header: Any, payload: Any, signature: bytes) -> None:
    with pytest.raises(Unauthorized):
        _verify(token_of(header, payload, lambda data: signature))


@sometimes
@given(st.one_of(claims, any_json))
def test_token_with_any_claims_is_read_or_refused(payload: Any) -> None:
    token = make_token(EC, payload)
    try:
        found = _verify(token)
    except Unauthorized:
        return
    assert found["iss"] == ISSUER


@sometimes
@given(st.integers(0, len(TOKEN) - 1), st.sampled_from("ABCabc019-_.=% \0é"))
def test_token_is_refused_once_a_character_was_changed(place: int, character: str) -> None:
    # The last character of a part has bits that mean nothing.
    ends = [*(found.start() - 1 for found in re.finditer(r"\.", TOKEN)), len(TOKEN) - 1]
    changed = f"{TOKEN[:place]}{character}{TOKEN[place + 1 :]}"
    if changed == TOKEN or place in ends:
        return
    with pytest.raises(Unauthorized):
        _verify(changed)


@sometimes
@given(
    st.sampled_from([RSA, EC]),
    st.dictionaries(st.sampled_from(["kty", "n", "e", "x", "y", "crv", "d"]), any_json),
)
def test_key_is_read_or_the_token_refused(key: Any, changes: dict[str, Any]) -> None:
    try:
        assert _verify(make_token(key), {**key.jwk, **changes}) == make_claims()
    except Unauthorized:
        assert changes


@sometimes
@given(any_json, any_json)
def test_keys_are_read_or_not_to_be_had(discovery: Any, published: Any) -> None:
    for document, listed in ((discovery, published), ({"jwks_uri": f"{ISSUER}/keys"}, {"keys": published})):
        documents = {f"{ISSUER}/keys": json.dumps(listed).encode()}

        def fetch(address: str, document: Any = document, documents: dict[str, bytes] = documents) -> bytes:
            return documents.get(address) or json.dumps(document).encode()

        try:
            assert KeySet(ISSUER, fetch).find("rsa-1") is None
        except AuthorizerFailed:
            continue


answers = st.fixed_dictionaries(
    {},
    optional={
        "principalId": any_json,
        "policyDocument": any_json,
        "context": st.one_of(any_json, st.dictionaries(st.text(), any_json)),
        "isAuthorized": st.one_of(any_json, st.booleans()),
        "usageIdentifierKey": any_json,
    },
)


@pytest.mark.parametrize("schema", [POLICY_ANSWER, HTTP_POLICY_ANSWER, SIMPLE_ANSWER])
@sometimes
@given(document=st.one_of(answers, any_json))
def test_answer_is_read_or_malformed(schema: Schema, document: Any) -> None:
    try:
        answer = read(schema, document)
    except MalformedDocument:
        return
    assert isinstance(answer["context"], dict | None)
    assert ("is_authorized" in answer) is (schema is SIMPLE_ANSWER)
    assert isinstance(answer.get("is_authorized", True), bool)
