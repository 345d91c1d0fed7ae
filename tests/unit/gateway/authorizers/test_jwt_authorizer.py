"""Which tokens are valid, and everything that must not pass for one."""

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from berth.errors import AuthorizerFailed, Unauthorized
from berth.gateway.authorizers.jwt_authorizer import JwtAuthorizer
from berth.gateway.authorizers.key_set import KeySet
from berth.model.authorizer import AdditionalClaim, Authorizer, TokenIssuer
from kit.issuers import (
    FUTURE,
    ISSUER,
    PAST,
    SigningKey,
    base64url,
    documents_of,
    ec_key,
    make_claims,
    make_token,
    rsa_key,
    token_of,
)
from kit.tables import for_each

JWT = Authorizer("jwt", "JWT", issuers=(TokenIssuer(ISSUER, ("orders", "invoices")),))
RSA = rsa_key()
EC = ec_key()
EC_384 = ec_key("ec-384", "ES384")
PUBLISHED = (RSA, EC, EC_384)


def _authorizer(*jwks: Mapping[str, Any], fetch: Callable[[str], bytes] | None = None) -> JwtAuthorizer:
    """An authorizer whose issuer publishes the keys, or those given."""
    made = JwtAuthorizer(JWT)
    documents = documents_of(ISSUER, *(jwks or [key.jwk for key in PUBLISHED]))
    made.keys = {ISSUER: KeySet(ISSUER, fetch or documents.__getitem__)}
    return made


def _assert_unauthorized(token: str, message: str | None = None, *jwks: Mapping[str, Any]) -> None:
    with pytest.raises(Unauthorized) as refused:
        _authorizer(*jwks).verify(token)
    if message is not None:
        assert str(refused.value) == message


@pytest.mark.parametrize(
    "key",
    [
        *(RSA, EC, EC_384, ec_key("ec-512", "ES512")),
        *(SigningKey("rsa-1", algorithm, RSA.private) for algorithm in ("RS384", "RS512")),
    ],
    ids=lambda key: key.algorithm,
)
def test_token_is_valid_with_every_asymmetric_algorithm(key: SigningKey) -> None:
    assert _authorizer(key.jwk).verify(make_token(key)) == make_claims()


@pytest.mark.parametrize("key", PUBLISHED, ids=lambda key: key.algorithm)
@pytest.mark.parametrize("left_out", [("alg",), ("use",), ("alg", "use")])
def test_key_may_leave_open_what_it_is_for(key: SigningKey, left_out: tuple[str, ...]) -> None:
    jwk = {name: value for name, value in key.jwk.items() if name not in left_out}
    assert _authorizer(jwk).verify(make_token(key))["sub"] == "alice"


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "invoices"},
        {"aud": ["other", "orders"]},
        {"aud": None, "client_id": "orders"},
        {"aud": "orders", "client_id": "other"},
        {"nbf": None, "iat": None},
        {"sub": None},
        {"exp": FUTURE + 0.5},
    ],
)
def test_token_is_valid_with_other_claims(changes: dict[str, Any]) -> None:
    claims = make_claims(**changes)
    assert _authorizer().verify(make_token(RSA, claims)) == claims


@for_each(
    "changes, reason",
    [
        ({"exp": PAST}, "ExpiredSignatureError"),
        ({"exp": 0}, "ExpiredSignatureError"),
        ({"exp": -1}, "ExpiredSignatureError"),
        ({"exp": "soon"}, "DecodeError"),
        ({"exp": None}, "MissingRequiredClaimError"),
        ({"nbf": FUTURE}, "ImmatureSignatureError"),
        ({"iat": FUTURE}, "ImmatureSignatureError"),
    ],
)
def test_token_is_refused_when_its_time_is_wrong(changes: dict[str, Any], reason: str) -> None:
    token = make_token(RSA, make_claims(**changes))
    _assert_unauthorized(token, f"the token is not valid: {reason}")


@pytest.mark.parametrize(
    "issuer", [None, "https://evil.example", f"{ISSUER}/", ISSUER.upper(), [ISSUER], {}, "", 1]
)
def test_token_is_refused_when_its_issuer_is_another(issuer: object) -> None:
    _assert_unauthorized(make_token(RSA, make_claims(iss=issuer)), "the token is another issuer's")


def test_token_is_verified_with_the_keys_of_its_own_issuer() -> None:
    other = "https://other.example"
    issuers = (TokenIssuer(ISSUER, ("orders",)), TokenIssuer(other, ("invoices",)))
    authorizer = JwtAuthorizer(Authorizer("jwt", "JWT", issuers=issuers))
    documents = documents_of(ISSUER, RSA.jwk) | documents_of(other, EC.jwk)
    authorizer.keys = {issuer: KeySet(issuer, documents.__getitem__) for issuer in (ISSUER, other)}
    own, others = make_claims(), make_claims(iss=other, aud="invoices")
    assert authorizer.verify(make_token(RSA, own)) == own
    assert authorizer.verify(make_token(EC, others)) == others
    for token in (
        make_token(EC, own),
        make_token(RSA, others),
        make_token(EC, make_claims(iss=other, aud="orders")),
    ):
        with pytest.raises(Unauthorized):
            authorizer.verify(token)


@pytest.mark.parametrize(
    ("rule", "claims", "is_valid"),
    [
        (AdditionalClaim("tenant"), {}, True),
        (AdditionalClaim("tenant"), {"tenant": "acme"}, True),
        (AdditionalClaim("tenant"), {"tenant": ["acme"]}, False),
        (AdditionalClaim("tenant", is_required=True), {}, False),
        (AdditionalClaim("tenant", is_required=True), {"tenant": ""}, True),
        (AdditionalClaim("tenant", False, ("acme",)), {}, True),
        (AdditionalClaim("tenant", False, ("acme",)), {"tenant": "Acme"}, False),
        (AdditionalClaim("tenant", True, ("acme", "apex")), {"tenant": "apex"}, True),
        (AdditionalClaim("tenant", True, ("1",)), {"tenant": 1}, False),
    ],
)
def test_additional_claim_is_what_the_issuer_has_to_say(
    rule: AdditionalClaim, claims: dict[str, Any], is_valid: bool
) -> None:
    trusted = TokenIssuer(ISSUER, ("orders",), (rule,))
    authorizer = JwtAuthorizer(Authorizer("jwt", "JWT", issuers=(trusted,)))
    authorizer.keys = {ISSUER: KeySet(ISSUER, documents_of(ISSUER, RSA.jwk).__getitem__)}
    token = make_token(RSA, make_claims(**claims))
    if is_valid:
        assert authorizer.verify(token) == make_claims(**claims)
    else:
        with pytest.raises(Unauthorized, match="the token's tenant is not what its issuer's tokens must say"):
            authorizer.verify(token)


def test_algorithm_is_refused_when_the_authorizer_does_not_accept_it() -> None:
    issuers = (TokenIssuer(ISSUER, ("orders",)),)
    authorizer = JwtAuthorizer(Authorizer("jwt", "JWT", issuers=issuers, algorithms=("ES256",)))
    documents = documents_of(ISSUER, RSA.jwk, EC.jwk)
    authorizer.keys = {ISSUER: KeySet(ISSUER, documents.__getitem__)}
    assert authorizer.verify(make_token(EC)) == make_claims()
    with pytest.raises(Unauthorized, match="the token's algorithm is not accepted"):
        authorizer.verify(make_token(RSA))


@pytest.mark.parametrize(
    "changes",
    [
        *(
            {"aud": "other"},
            {"aud": []},
            {"aud": ["other"]},
            {"aud": ""},
            {"aud": "ORDERS"},
            {"aud": "orders "},
        ),
        *({"aud": None}, {"aud": None, "client_id": "other"}, {"aud": "other", "client_id": "orders"}),
        *(
            {"aud": {"orders": 1}},
            {"aud": 1},
            {"aud": [["orders"]]},
            {"aud": "orders,invoices"},
            {"aud": True},
        ),
        *({"aud": [], "client_id": "orders"}, {"aud": None, "client_id": None}),
    ],
)
def test_token_is_refused_when_it_is_for_another_audience(changes: dict[str, Any]) -> None:
    token = make_token(RSA, make_claims(**changes))
    _assert_unauthorized(token, "the token is for another audience")


NO_KEY = "the token names no key of its issuer"
OTHER_ALGORITHM = "the token's algorithm is not the key's"


@for_each(
    "header, message",
    [
        ({"kid": None}, NO_KEY),
        ({"kid": "unknown"}, NO_KEY),
        ({"kid": ""}, NO_KEY),
        ({"kid": "RSA-1"}, NO_KEY),
        ({"kid": "../rsa-1"}, NO_KEY),
        ({"kid": 1}, "the token is not valid: InvalidTokenError"),
        ({"kid": ["rsa-1"]}, "the token is not valid: InvalidTokenError"),
        ({"crit": ["exp"]}, None),
        ({"crit": []}, None),
        ({"crit": ["b64"], "b64": False}, None),
        ({"alg": "none"}, OTHER_ALGORITHM),
        ({"alg": "NONE"}, OTHER_ALGORITHM),
        ({"alg": "None"}, OTHER_ALGORITHM),
        ({"alg": ""}, OTHER_ALGORITHM),
        ({"alg": None}, None),
        ({"alg": ["RS256"]}, OTHER_ALGORITHM),
        ({"alg": "HS256"}, OTHER_ALGORITHM),
        ({"alg": "PS256"}, OTHER_ALGORITHM),
        ({"alg": "ES256"}, OTHER_ALGORITHM),
        ({"alg": "RS512"}, OTHER_ALGORITHM),
        ({"alg": "rs256"}, OTHER_ALGORITHM),
        ({"alg": "RS256", "kid": "ec-1"}, OTHER_ALGORITHM),
        ({"alg": "EdDSA"}, OTHER_ALGORITHM),
    ],
)
def test_token_is_refused_when_its_header_asks_for_something_else(
    header: dict[str, Any], message: str | None
) -> None:
    _assert_unauthorized(make_token(RSA, **header), message)


@pytest.mark.parametrize("algorithm", ["none", "None", "nOnE", "HS256", "RS256"])
def test_token_without_a_signature_is_refused(algorithm: str) -> None:
    _assert_unauthorized(token_of({"alg": algorithm, "kid": "rsa-1"}, make_claims()))


@pytest.mark.parametrize("key", [RSA, EC], ids=["RSA", "EC"])
def test_public_key_is_no_secret_to_sign_with(key: SigningKey) -> None:
    for secret in (key.pem, key.pem.strip(), json.dumps(key.jwk).encode(), b""):
        header = {"alg": "HS256", "kid": key.kid}
        token = token_of(
            header, make_claims(), lambda data, secret=secret: hmac.digest(secret, data, hashlib.sha256)
        )
        _assert_unauthorized(token, OTHER_ALGORITHM)
        without = {name: value for name, value in key.jwk.items() if name != "alg"}
        _assert_unauthorized(token, OTHER_ALGORITHM, without)


@pytest.mark.parametrize("name", ["jwk", "jku", "x5u", "x5c"])
def test_key_that_a_token_brings_along_is_not_looked_at(name: str) -> None:
    evil = rsa_key("evil")
    values = {"jwk": evil.jwk, "x5c": [base64url(evil.pem)]}
    asked: list[str] = []

    def fetch(address: str) -> bytes:
        asked.append(address)
        return documents_of(ISSUER, RSA.jwk)[address]

    authorizer = _authorizer(fetch=fetch)
    for kid in ("rsa-1", "evil"):
        token = make_token(evil, kid=kid, **{name: values.get(name, "https://evil.example/keys")})
        with pytest.raises(Unauthorized):
            authorizer.verify(token)
    assert set(asked) == {f"{ISSUER}/.well-known/openid-configuration", f"{ISSUER}/keys"}
    assert (
        authorizer.verify(make_token(RSA, **{name: values.get(name, "https://evil.example")}))["sub"]
        == "alice"
    )


@for_each(
    "changes",
    [
        *({"use": "enc"}, {"use": ""}, {"use": None}, {"alg": "RS512"}, {"alg": "RSA-OAEP"}, {"alg": None}),
        *({"kty": "EC"}, {"kty": "oct"}, {"kty": "rsa"}, {"kty": None}, {"kty": "oct", "k": "AAAA"}),
    ],
)
def test_key_is_not_used_for_what_it_is_not_meant_for(changes: dict[str, Any]) -> None:
    _assert_unauthorized(make_token(RSA), OTHER_ALGORITHM, {**RSA.jwk, **changes})


@for_each(
    "changes",
    [
        *({"n": ""}, {"n": 5}, {"n": None}, {"n": "é"}, {"e": []}, {"kty": []}, {"kty": {}}, {"d": "AQAB"}),
        *({"n": "AQAB"}, {"e": "AA"}),
    ],
)
def test_token_is_refused_when_the_issuers_key_is_none(changes: dict[str, Any]) -> None:
    _assert_unauthorized(make_token(RSA), None, {**RSA.jwk, **changes})


@pytest.mark.parametrize(
    "changes", [{"crv": "P-384"}, {"x": ""}, {"y": "AAAA"}, {"x": None}, {"crv": {}}, {"d": 7}]
)
def test_token_is_refused_when_the_issuers_curve_is_none(changes: dict[str, Any]) -> None:
    _assert_unauthorized(make_token(EC), None, {**EC.jwk, **changes})


def test_algorithm_of_one_curve_is_refused_with_a_key_of_another() -> None:
    token = make_token(EC_384, alg="ES256")
    without = {name: value for name, value in EC_384.jwk.items() if name != "alg"}
    _assert_unauthorized(token, None, without)


def test_signature_of_another_key_is_refused() -> None:
    _assert_unauthorized(
        make_token(rsa_key("evil"), kid="rsa-1"), "the token is not valid: InvalidSignatureError"
    )
    _assert_unauthorized(
        make_token(ec_key("evil"), kid="ec-1"), "the token is not valid: InvalidSignatureError"
    )


@pytest.mark.parametrize("key", [RSA, EC], ids=["RSA", "EC"])
def test_token_is_refused_when_any_part_was_changed(key: SigningKey) -> None:
    header, claims, signature = make_token(key).split(".")
    _, evil, _ = make_token(key, make_claims(sub="admin")).split(".")
    other, _, _ = make_token(key, typ="other").split(".")
    first = "A" if signature[0] != "A" else "B"
    for token in (
        f"{header}.{evil}.{signature}",
        f"{other}.{claims}.{signature}",
        f"{header}.{claims}.{first}{signature[1:]}",
        f"{header}.{claims}.{signature[:-4]}",
        f"{header}.{claims}.{signature}AAAA",
        f"{header}.{claims}.{'A' * len(signature)}",
        f"{header}.{claims}.",
    ):
        _assert_unauthorized(token)


@for_each(
    "token",
    [
        *(
            "",
            ".",
            "..",
            "...",
            "a",
            "a.b",
            "a.b.c",
            "a.b.c.d",
            " ",
            "Bearer",
            "☕",
            "\0",
            "é.é.é",
            "a" * 8000,
        ),
        *(
            f"{'a' * 5000}.{'b' * 5000}.c",
            token_of([], {}),
            token_of("text", {}),
            token_of(None, None),
            token_of(1, 1),
        ),
        *(
            token_of(b"{", {}),
            token_of(b"\xff", {}),
            token_of({"alg": "RS256"}, b""),
            token_of(b"[" * 4000, {}),
        ),
        *(make_token(RSA, []), make_token(RSA, "text"), make_token(RSA, None), make_token(RSA, b"{")),
        make_token(RSA, b"[" * 4000),
        *(f"{make_token(RSA)}.x", f"{make_token(RSA)}, {make_token(RSA)}", f" {make_token(RSA)}x"),
    ],
)
def test_garbage_is_refused(token: str) -> None:
    _assert_unauthorized(token)


def test_authorizer_fails_when_its_issuer_is_not_to_be_had() -> None:
    def fetch(address: str) -> bytes:
        raise OSError("no route to host")

    with pytest.raises(AuthorizerFailed):
        _authorizer(fetch=fetch).verify(make_token(RSA))
