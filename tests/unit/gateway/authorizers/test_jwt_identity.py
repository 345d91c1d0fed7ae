"""Where a token is found, whom it stands for, and what a route's scopes ask of it."""

from dataclasses import replace
from typing import Any

import pytest

from berth.errors import AccessDenied, Unauthorized
from berth.gateway.authorizers.jwt_authorizer import JwtAuthorizer, scopes_of
from berth.gateway.authorizers.key_set import KeySet
from berth.model.authorizer import Authorizer, IdentitySource, TokenIssuer
from berth.model.call import Identity
from kit.gateway_values import HTTP_2, make_call, make_route
from kit.issuers import ISSUER, documents_of, make_claims, make_token, rsa_key
from kit.tables import for_each

HEADER = IdentitySource("header", "Authorization")
JWT = Authorizer("jwt", "JWT", (HEADER,), issuers=(TokenIssuer(ISSUER, ("orders", "invoices")),))
COGNITO = Authorizer("pool", "COGNITO_USER_POOLS", (HEADER,), issuers=(TokenIssuer(ISSUER),))
RSA = rsa_key()


def _identity(
    token: str | None, authorizer: Authorizer = JWT, scopes: tuple[str, ...] = (), **request: Any
) -> Identity:
    route = replace(make_route(**HTTP_2), authorizer=authorizer, scopes=scopes)
    headers = () if token is None else (("Authorization", token),)
    made = JwtAuthorizer(authorizer)
    made.keys = {ISSUER: KeySet(ISSUER, documents_of(ISSUER, RSA.jwk).__getitem__)}
    return made.authorize(make_call(route, headers=headers, **request))


@pytest.mark.parametrize("start", ["Bearer ", ""])
def test_token_may_follow_the_word_bearer(start: str) -> None:
    identity = _identity(f"{start}{make_token(RSA)}")
    assert identity == Identity(kind="jwt", claims=make_claims())


@pytest.mark.parametrize("start", ["bearer ", "Bearer  ", "Bearer Bearer ", "Basic ", "Bearer\t", "Bearer"])
def test_token_follows_nothing_else(start: str) -> None:
    with pytest.raises(Unauthorized):
        _identity(f"{start}{make_token(RSA)}")


@pytest.mark.parametrize("token", [None, "", " ", "Bearer "])
def test_request_without_a_token_is_refused(token: str | None) -> None:
    with pytest.raises(Unauthorized):
        _identity(token)


def test_token_may_be_a_query_parameter() -> None:
    authorizer = replace(JWT, identity_sources=(IdentitySource("querystring", "token"),))
    assert _identity(None, authorizer, query=f"token={make_token(RSA)}").claims["sub"] == "alice"


@for_each(
    "claims, scopes",
    [
        ({}, set()),
        ({"scope": "a b"}, {"a", "b"}),
        ({"scope": " a  b\ta "}, {"a", "b"}),
        ({"scope": ""}, set()),
        ({"scope": ["a", "b", 1, None]}, {"a", "b"}),
        ({"scp": "a b"}, {"a", "b"}),
        ({"scp": ["a", "b c"]}, {"a", "b c"}),
        ({"scope": "a", "scp": "b"}, {"a"}),
        ({"scope": None, "scp": "b"}, set()),
        ({"scope": 1}, set()),
        ({"scope": {"a": 1}}, set()),
        ({"scope": [["a"]]}, set()),
    ],
)
def test_scopes_are_text_or_a_list(claims: dict[str, Any], scopes: set[str]) -> None:
    assert scopes_of(claims) == scopes


@pytest.mark.parametrize(
    ("claims", "scopes", "granted"),
    [
        ({"scope": "orders/read"}, (), None),
        ({"scope": "orders/read x"}, ("orders/read",), ("orders/read",)),
        ({"scp": ["b", "a"]}, ("a", "b", "c"), ("a", "b")),
        ({"scope": "c"}, ("a", "b", "c"), ("c",)),
    ],
)
def test_one_scope_of_the_route_is_enough(
    claims: dict[str, Any], scopes: tuple[str, ...], granted: tuple[str, ...] | None
) -> None:
    assert _identity(make_token(RSA, make_claims(**claims)), scopes=scopes).scopes == granted


@pytest.mark.parametrize(
    "claims", [{}, {"scope": ""}, {"scope": "orders"}, {"scp": ["orders/read x"]}, {"scope": 1}]
)
def test_access_is_denied_without_a_scope_of_the_route(claims: dict[str, Any]) -> None:
    with pytest.raises(AccessDenied):
        _identity(make_token(RSA, make_claims(**claims)), scopes=("orders/read", "orders/write"))


@pytest.mark.parametrize(
    ("use", "scopes", "is_valid"),
    [
        ("id", (), True),
        ("access", (), False),
        (None, (), False),
        ("ID", (), False),
        (["id"], (), False),
        ("access", ("orders/read",), True),
        ("id", ("orders/read",), False),
        (None, ("orders/read",), False),
    ],
)
def test_user_pool_wants_identity_tokens_or_access_tokens_for_scopes(
    use: Any, scopes: tuple[str, ...], is_valid: bool
) -> None:
    claims = make_claims(token_use=use, scope="orders/read", aud=None)
    if is_valid:
        identity = _identity(make_token(RSA, claims), COGNITO, scopes)
        assert identity == Identity(kind="cognito", claims=claims, scopes=scopes or None)
    else:
        with pytest.raises(Unauthorized):
            _identity(make_token(RSA, claims), COGNITO, scopes)
