"""Whatever context headers hold, they are read as well-formed values or refused."""

from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from berth.errors import MalformedRequest, Unauthorized, UntrustedGateway
from berth.gateway.authorizers.forwarded_identity import forwarded_identity
from berth.gateway.stamp import forwarded_stamp
from berth.gateway.trusted_context import open_context
from berth.model.api_key import hash_api_key
from berth.model.authorizer import Authorizer, IdentitySource
from berth.model.gateway_context import CONTEXT_FIELDS
from berth.model.http import Headers
from berth.model.trust import Trust
from berth.payload.shape import checked
from kit.gateway_values import HTTP_1, HTTP_2, SHAPES, make_call, make_route
from kit.issuers import make_token, rsa_key
from kit.strategies import latin_1, often, tokens

RSA = rsa_key()
PREFIX, TOKEN = "X-Berth-0123456789abcdef-", "a" * 32
TRUST = Trust(PREFIX, (hash_api_key(TOKEN),), ("host",), ("tenant", "role"))
OURS = (f"{PREFIX}Token", TOKEN)
NAMES = [*(field.header for field in CONTEXT_FIELDS), "Var-1", "Auth-1", "Auth-2", "Auth-3", "Token", ""]
SAMPLES = [
    "a",
    "1",
    "/prod/x",
    "GET",
    "GET /x",
    "$default",
    "prod",
    "HTTP/1.1",
    "203.0.113.7",
    "1783711144123",
]

cased = st.sampled_from([str, str.upper, str.lower])
names = st.builds(
    lambda case, prefix, name: case(f"{prefix}{name}"),
    cased,
    st.sampled_from([PREFIX, "X-Berth-", "X-Berth-0123456789abcdee-", "X-"]),
    st.sampled_from(NAMES),
)
lines = st.lists(st.tuples(st.one_of(names, tokens), st.one_of(latin_1, st.sampled_from(SAMPLES))))
# One line for each of some headers, so that most are believed.
told = st.dictionaries(
    st.sampled_from(NAMES[:-2]).map(PREFIX.__add__), st.one_of(st.sampled_from(SAMPLES), latin_1)
)
BEARER = (IdentitySource("header", "Authorization"),)
KINDS = {
    "rest": ({}, ("TOKEN", "COGNITO_USER_POOLS", "AWS_IAM")),
    "http1": (HTTP_1, ("REQUEST", "JWT", "AWS_IAM")),
    "http2": (HTTP_2, ("REQUEST", "JWT", "AWS_IAM")),
}
ROUTES = [
    (name, replace(make_route(**fields), authorizer=Authorizer("a", kind, identity_sources=BEARER)))
    for name, (fields, kinds) in KINDS.items()
    for kind in kinds
]


@often
@given(lines)
def test_nothing_is_believed_without_the_token(sent: Headers) -> None:
    with pytest.raises(UntrustedGateway):
        open_context(sent, TRUST)


@often
@given(lines)
def test_what_is_believed_is_in_no_other_header(sent: Headers) -> None:
    try:
        context, others = open_context([*sent, OURS], TRUST)
    except (UntrustedGateway, MalformedRequest):
        return
    assert [name for name, _ in others if name.lower().startswith("x-berth-")] == []
    assert len(context) <= len(sent)


@often
@given(told.map(lambda values: list(values.items())))
def test_event_of_any_context_has_the_shape_of_its_schema(sent: Headers) -> None:
    try:
        context, _ = open_context([*sent, OURS], TRUST)
    except MalformedRequest:
        return
    token = make_token(RSA, {"sub": context.get("claims.sub"), "level": 1})
    for name, route in ROUTES:
        call = make_call(route, headers=(("Authorization", f"Bearer {token}"),), context=context)
        call = replace(call, stamp=forwarded_stamp(call.stamp, context, route.function.api))
        with suppress(Unauthorized):
            identity = forwarded_identity(call)
            checked(SHAPES[name][0]).build_event(call, identity)
