"""A stage's authorizers: what each type needs, and which keys belong to which."""

from typing import Any

import pytest

from berth.errors import MalformedDocument
from berth.manifest.schema.manifest import read_stage_manifest
from berth.model.authorizer import (
    CONTEXT_SOURCES,
    AdditionalClaim,
    Authorizer,
    IdentitySource,
    TokenIssuer,
)
from berth.model.manifest import AuthorizerManifest, CredentialManifest
from kit.tables import for_each

AUTHORIZATION = IdentitySource("header", "Authorization")
KEY = "AKIDEXAMPLE000000001"
CREDENTIAL = {"accessKeyId": KEY, "environment": "PARTNER_SECRET"}
LEAST: dict[str, dict[str, Any]] = {
    "TOKEN": {"function": "gate"},
    "REQUEST": {"function": "gate"},
    "JWT": {"issuer": "https://issuer.example", "audience": ["orders"]},
    "COGNITO_USER_POOLS": {"userPool": "eu-west-1_AbC123"},
    "AWS_IAM": {"credentials": [CREDENTIAL]},
}
EVERY_KEY: dict[str, Any] = {
    "function": "gate",
    "payloadFormatVersion": "1.0",
    "enableSimpleResponses": True,
    "identityValidationExpression": "^a",
    "resultTtlInSeconds": 0,
    "issuer": "https://issuer.example",
    "audience": ["orders"],
    "jwtConfiguration": {"issuers": [{"issuer": "https://issuer.example", "audiences": ["orders"]}]},
    "userPool": "eu-west-1_AbC123",
    "credentials": [CREDENTIAL],
}
KNOWN = {
    "TOKEN": {"function", "identityValidationExpression", "resultTtlInSeconds"},
    "REQUEST": {"function", "payloadFormatVersion", "enableSimpleResponses", "resultTtlInSeconds"},
    "JWT": {"issuer", "audience", "jwtConfiguration"},
    "COGNITO_USER_POOLS": {"userPool", "issuer"},
    "AWS_IAM": {"credentials"},
}
TYPES = "TOKEN, REQUEST, JWT, COGNITO_USER_POOLS, AWS_IAM"
ISSUER_REFUSED = "'a.example' is no issuer: https://..., or http:// on this machine"
ALGORITHM_REFUSED = "'HS256' is not one of RS256, RS384, RS512, ES256, ES384, ES512"
NO_SOURCE = "is no identity source that is known"


def _read(kind: str, **keys: Any) -> AuthorizerManifest:
    document = {"type": kind, **LEAST[kind], **keys}
    return read_stage_manifest({"authorizers": {"gate": document}}).authorizers["gate"]


def _problems(authorizer: Any, name: str = "gate") -> list[tuple[str, str]]:
    with pytest.raises(MalformedDocument) as malformed:
        read_stage_manifest({"authorizers": {name: authorizer}})
    return list(malformed.value.messages)


def _wrong(kind: str, **keys: Any) -> list[tuple[str, str]]:
    """The problems of an authorizer, by their keys."""
    found = _problems({"type": kind, **LEAST[kind], **keys})
    return [(key.removeprefix("authorizers.gate."), message) for key, message in found]


@pytest.mark.parametrize(
    ("kind", "authorizer"),
    [
        ("TOKEN", Authorizer("", "TOKEN", (AUTHORIZATION,), function="gate")),
        ("REQUEST", Authorizer("", "REQUEST", function="gate")),
        (
            "JWT",
            Authorizer(
                "", "JWT", (AUTHORIZATION,), issuers=(TokenIssuer("https://issuer.example", ("orders",)),)
            ),
        ),
        (
            "COGNITO_USER_POOLS",
            Authorizer(
                "",
                "COGNITO_USER_POOLS",
                (AUTHORIZATION,),
                issuers=(TokenIssuer("https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbC123"),),
                user_pool="eu-west-1_AbC123",
            ),
        ),
        ("AWS_IAM", Authorizer("", "AWS_IAM")),
    ],
)
def test_authorizer_needs_little(kind: str, authorizer: Authorizer) -> None:
    assert _read(kind).authorizer == authorizer


def test_every_key_of_a_lambda_authorizer_is_read() -> None:
    token = {"identitySource": "method.request.header.X-Token", "identityValidationExpression": "^Bearer "}
    assert _read("TOKEN", resultTtlInSeconds=3600, **token).authorizer == Authorizer(
        name="",
        type="TOKEN",
        identity_sources=(IdentitySource("header", "X-Token"),),
        function="gate",
        validation_expression="^Bearer ",
        ttl=3600,
    )
    request = {"identitySource": ["$request.header.A"], "payloadFormatVersion": "1.0"}
    assert _read(
        "REQUEST", resultTtlInSeconds=0, enableSimpleResponses=True, **request
    ).authorizer == Authorizer(
        name="",
        type="REQUEST",
        identity_sources=(IdentitySource("header", "A"),),
        function="gate",
        ttl=0,
        payload_format_version="1.0",
        has_simple_responses=True,
    )


def test_credentials_are_read_without_their_secrets() -> None:
    more = {"accountId": "123456789012", "userArn": "arn:aws:iam::123456789012:user/a", "userId": "AIDA"}
    manifest = _read("AWS_IAM", credentials=[CREDENTIAL, {**CREDENTIAL, **more}])
    assert manifest.authorizer.credentials == ()
    assert manifest.credentials == (
        CredentialManifest(KEY, "PARTNER_SECRET", "", "", ""),
        CredentialManifest(KEY, "PARTNER_SECRET", "123456789012", "arn:aws:iam::123456789012:user/a", "AIDA"),
    )


@pytest.mark.parametrize(
    ("pool", "issuer"),
    [
        ("us-east-1_a", "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_a"),
        (
            "arn:aws:cognito-idp:eu-west-1:123456789012:userpool/eu-west-1_AbC",
            "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbC",
        ),
    ],
)
def test_user_pool_is_its_issuer(pool: str, issuer: str) -> None:
    assert _read("COGNITO_USER_POOLS", userPool=pool).authorizer.issuers == (TokenIssuer(issuer),)
    local = "http://127.0.0.1:9000/pool"
    assert _read("COGNITO_USER_POOLS", userPool=pool, issuer=local).authorizer.issuers == (
        TokenIssuer(local),
    )


@pytest.mark.parametrize(
    "pool",
    ["AbC", "eu-west-1", "eu-west-1_", "eu-west-1_a/b", "eu-west-1_a b", "arn:aws:s3:::eu-west-1_a", "a.b_c"],
)
def test_user_pool_is_refused(pool: str) -> None:
    wrong = f"{pool!r} is no user pool's id or ARN"
    assert _wrong("COGNITO_USER_POOLS", userPool=pool) == [("userPool", wrong)]


@for_each(
    "text, source",
    [
        ("method.request.header.X-Token", IdentitySource("header", "X-Token")),
        ("$request.header.x-token", IdentitySource("header", "x-token")),
        ("method.request.querystring.token", IdentitySource("querystring", "token")),
        ("$request.querystring.a.b_$c", IdentitySource("querystring", "a.b_$c")),
        ("stageVariables.tenant", IdentitySource("stageVariables", "tenant")),
        ("$stageVariables.tenant", IdentitySource("stageVariables", "tenant")),
        *((f"context.{name}", IdentitySource("context", name)) for name in sorted(CONTEXT_SOURCES)),
        ("$context.routeKey", IdentitySource("context", "routeKey")),
    ],
)
def test_identity_source_is_spelled_as_by_either_kind_of_api(text: str, source: IdentitySource) -> None:
    assert _read("REQUEST", identitySource=text).authorizer.identity_sources == (source,)


@pytest.mark.parametrize(
    "value",
    [
        "method.request.header.A, $request.querystring.b",
        "method.request.header.A,$request.querystring.b",
        ["$request.header.A", " $request.querystring.b "],
    ],
)
def test_identity_sources_are_an_array_or_have_commas_between_them(value: Any) -> None:
    sources = (IdentitySource("header", "A"), IdentitySource("querystring", "b"))
    assert _read("REQUEST", identitySource=value).authorizer.identity_sources == sources


@for_each(
    "text",
    [
        *(
            "",
            "Authorization",
            "header.A",
            "method.request.header",
            "method.request.header.",
            "$request.body",
        ),
        *(
            "method.request.path.id",
            "method.request.header.A B",
            "$method.request.header.A",
            "request.header.A",
        ),
        *("context.", "context.identity.user", "context.authorizer.principalId", "$request.header.A;b"),
        *("Method.request.header.A", "method.request.header.☕", "stageVariables"),
    ],
)
def test_identity_source_is_refused(text: str) -> None:
    assert _wrong("REQUEST", identitySource=text) == [("identitySource", f"{text!r} {NO_SOURCE}")]
    known = "$request.header.A"
    assert _wrong("REQUEST", identitySource=[known, text]) == [("identitySource", f"{text!r} {NO_SOURCE}")]


@pytest.mark.parametrize("value", [1, True, {}, [], [1], ["$request.header.A", None]])
def test_identity_source_is_refused_when_it_is_no_text(value: Any) -> None:
    wrong = "must be a string such as method.request.header.Authorization, or several"
    assert _wrong("REQUEST", identitySource=value) == [("identitySource", wrong)]


@pytest.mark.parametrize("kind", LEAST)
def test_key_is_refused_when_it_belongs_to_another_type(kind: str) -> None:
    foreign = {name: value for name, value in EVERY_KEY.items() if name not in KNOWN[kind]}
    wrong = f"does not belong to the type {kind}"
    for name, value in foreign.items():
        assert _wrong(kind, **{name: value}) == [(name, wrong)]
    for name in KNOWN[kind] - {"jwtConfiguration"}:
        _read(kind, **{name: EVERY_KEY[name]})


@pytest.mark.parametrize(
    ("kind", "key"),
    [(kind, key) for kind, least in LEAST.items() for key in least],
)
def test_key_is_required_by_its_type(kind: str, key: str) -> None:
    document = {"type": kind, **{name: value for name, value in LEAST[kind].items() if name != key}}
    assert _problems(document) == [(f"authorizers.gate.{key}", "is required")]


@for_each(
    "kind, key, value, message",
    [
        ("TOKEN", "function", "", "must not be empty"),
        ("TOKEN", "function", None, "must not be null"),
        ("TOKEN", "identityValidationExpression", "(", None),
        ("TOKEN", "identityValidationExpression", "a{99999999999}", None),
        ("TOKEN", "identityValidationExpression", "", "must not be empty"),
        ("TOKEN", "resultTtlInSeconds", -1, "must be from 0 to 3600"),
        ("TOKEN", "resultTtlInSeconds", 3601, "must be from 0 to 3600"),
        ("TOKEN", "resultTtlInSeconds", "300", "must be a whole number, not '300'"),
        ("TOKEN", "resultTtlInSeconds", 1.5, "must be a whole number, not 1.5"),
        ("TOKEN", "resultTtlInSeconds", True, "must be a whole number, not true"),
        ("TOKEN", "resultTtlInSeconds", None, "must not be null"),
        ("REQUEST", "payloadFormatVersion", "3.0", "'3.0' is neither '1.0' nor '2.0'"),
        ("REQUEST", "payloadFormatVersion", 2.0, "must be a string, not 2.0"),
        ("REQUEST", "enableSimpleResponses", "true", "must be true or false, not 'true'"),
        ("JWT", "audience", [], "must name at least one"),
        ("JWT", "audience", "orders", "must be an array"),
        ("JWT", "audience", None, "must not be null"),
        ("AWS_IAM", "credentials", [], "must name at least one"),
        ("AWS_IAM", "credentials", {}, "must be an array"),
    ],
)
def test_value_is_refused(kind: str, key: str, value: Any, message: str | None) -> None:
    ((found, wrong),) = _wrong(kind, **{key: value})
    assert found == key
    assert wrong == message or (message is None and wrong.startswith("is no regular expression: "))


@pytest.mark.parametrize(
    "issuer",
    [
        "https://a.example",
        "https://a.example/b/c",
        "http://localhost:1/x",
        "http://127.0.0.1",
        "http://localhost",
    ],
)
def test_issuer_is_accepted(issuer: str) -> None:
    assert _read("JWT", issuer=issuer).authorizer.issuers[0].issuer == issuer


@for_each(
    "issuer",
    [
        *("http://a.example", "http://127.0.0.1.evil.example", "http://localhost@evil.example", "a.example"),
        *("https://", "https://a b", "https://a.example?x=1", "https://a.example#x", "file:///etc/passwd"),
        *("HTTPS://a.example", "http://127.0.0.2", "http://localhost:80evil", "https://a.example\n"),
    ],
)
def test_issuer_is_refused(issuer: str) -> None:
    wrong = f"{issuer!r} is no issuer: https://..., or http:// on this machine"
    assert _wrong("JWT", issuer=issuer) == [("issuer", wrong)]


def _configured(*issuers: dict[str, Any], **keys: Any) -> dict[str, Any]:
    """A JWT authorizer with `jwtConfiguration`."""
    return {"type": "JWT", "jwtConfiguration": {"issuers": list(issuers), **keys}}


FIRST = {"issuer": "https://a.example", "audiences": ["orders"]}
SECOND = {"issuer": "https://b.example/", "audiences": ["orders", "invoices"]}
CLAIM = {"claimName": "tenant", "format": "SINGLE_STRING"}


def test_jwt_configuration_names_several_issuers() -> None:
    claims = [{**CLAIM, "required": True, "expectedValues": ["acme"]}, {**CLAIM, "claimName": "team"}]
    document = _configured({**FIRST, "additionalClaims": claims}, SECOND, defaultAlgorithms=["RS256"])
    read = read_stage_manifest({"authorizers": {"gate": document}}).authorizers["gate"]
    rules = (AdditionalClaim("tenant", True, ("acme",)), AdditionalClaim("team"))
    issuers = (
        TokenIssuer("https://a.example", ("orders",), rules),
        TokenIssuer("https://b.example/", ("orders", "invoices")),
    )
    assert read.authorizer == Authorizer("", "JWT", (AUTHORIZATION,), issuers=issuers, algorithms=("RS256",))


@pytest.mark.parametrize(
    ("document", "key", "message"),
    [
        (_configured(), "issuers", "must name at least one"),
        (_configured(FIRST, FIRST), "issuers", "names 'https://a.example' twice"),
        (_configured({**FIRST, "issuer": "a.example"}), "issuers[0].issuer", ISSUER_REFUSED),
        (_configured({"issuer": "https://a.example"}), "issuers[0].audiences", "is required"),
        (_configured({**FIRST, "audiences": []}), "issuers[0].audiences", "must name at least one"),
        (_configured(FIRST, defaultAlgorithms=[]), "defaultAlgorithms", "must name at least one"),
        (_configured(FIRST, defaultAlgorithms=["HS256"]), "defaultAlgorithms[0]", ALGORITHM_REFUSED),
        (
            _configured({**FIRST, "additionalClaims": [CLAIM, CLAIM]}),
            "issuers[0].additionalClaims",
            "names 'tenant' twice",
        ),
        (
            _configured({**FIRST, "additionalClaims": [{**CLAIM, "claimName": "scope"}]}),
            "issuers[0].additionalClaims[0].claimName",
            "'scope' is checked anyway",
        ),
        (
            _configured({**FIRST, "additionalClaims": [{**CLAIM, "format": "string-array"}]}),
            "issuers[0].additionalClaims[0].format",
            "'string-array' is not SINGLE_STRING",
        ),
        (
            _configured({**FIRST, "additionalClaims": [{"claimName": "tenant"}]}),
            "issuers[0].additionalClaims[0].format",
            "is required",
        ),
    ],
)
def test_jwt_configuration_is_refused(document: dict[str, Any], key: str, message: str) -> None:
    assert _problems(document) == [(f"authorizers.gate.jwtConfiguration.{key}", message)]


def test_jwt_configuration_replaces_issuer_and_audience() -> None:
    document = {**_configured(FIRST), "audience": ["orders"]}
    assert _problems(document) == [("authorizers.gate.jwtConfiguration", "replaces issuer and audience")]


@pytest.mark.parametrize(
    ("changes", "key", "message"),
    [
        ({"accessKeyId": "short"}, "accessKeyId", "'short' is no access key id"),
        (
            {"accessKeyId": "AKID/EXAMPLE/0000001"},
            "accessKeyId",
            "'AKID/EXAMPLE/0000001' is no access key id",
        ),
        ({"environment": ""}, "environment", "must not be empty"),
        ({"accountId": "1234"}, "accountId", "'1234' is no account id of 12 digits"),
        ({"userArn": 1}, "userArn", "must be a string, not 1"),
        ({"secretAccessKey": "x"}, "secretAccessKey", "unknown key: did you mean 'accessKeyId'?"),
    ],
)
def test_credential_is_refused(changes: dict[str, Any], key: str, message: str) -> None:
    found = _wrong("AWS_IAM", credentials=[CREDENTIAL, {**CREDENTIAL, **changes}])
    assert found == [(f"credentials[1].{key}", message)]


@pytest.mark.parametrize("key", ["accessKeyId", "environment"])
def test_credential_needs_an_id_and_a_variable(key: str) -> None:
    rest = {name: value for name, value in CREDENTIAL.items() if name != key}
    assert _wrong("AWS_IAM", credentials=[rest]) == [(f"credentials[0].{key}", "is required")]


@pytest.mark.parametrize(
    ("authorizer", "key", "message"),
    [
        ("gate", "", "must be an object"),
        (None, "", "must not be null"),
        ({}, ".type", "is required"),
        ({"type": None}, ".type", "must not be null"),
        ({"type": "token"}, ".type", f"'token' is not one of {TYPES}"),
        ({"type": "CUSTOM"}, ".type", f"'CUSTOM' is not one of {TYPES}"),
        (
            {"type": "REQUEST", "function": "gate", "Function": "x"},
            ".Function",
            "unknown key: did you mean 'function'?",
        ),
    ],
)
def test_authorizer_is_refused(authorizer: Any, key: str, message: str) -> None:
    assert _problems(authorizer) == [(f"authorizers.gate{key}", message)]


@pytest.mark.parametrize("name", ["", "a b", "a.b", "é", "a" * 129, "NONE"])
def test_name_is_refused(name: str) -> None:
    ((_, message),) = _problems({"type": "TOKEN", "function": "gate"}, name)
    assert message.endswith(
        ("is no authorizer's name: 1 to 128 letters, digits, - or _, and not NONE", "must not be empty")
    )
