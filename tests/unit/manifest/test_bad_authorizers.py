"""The server does not start with authorizers that cannot run, unknown ones, or secrets that are not set."""

import sys
from collections.abc import Callable
from typing import Any

import pytest

from berth.errors import Problem
from berth.manifest.loader import Catalog
from berth.model.authorizer import Authorizer, IamCredential, IdentitySource

STAGE = "manifests/dev.json"
MANIFEST = "functions/hello/manifest.json"
GATE = {"functions/gate/app.py": "", "functions/gate/manifest.json": {"handler": "app.handler"}}
TOKEN = {"type": "TOKEN", "function": "gate"}
REQUEST = {"type": "REQUEST", "function": "gate", "identitySource": "$request.header.Authorization"}
JWT = {"type": "JWT", "issuer": "https://issuer.example", "audience": ["orders"]}
POOL = {"type": "COGNITO_USER_POOLS", "userPool": "eu-west-1_AbC123"}
IAM = {"type": "AWS_IAM", "credentials": [{"accessKeyId": "AKIDEXAMPLE000000001", "environment": "SECRET"}]}
TYPES = {"TOKEN": TOKEN, "REQUEST": REQUEST, "JWT": JWT, "COGNITO_USER_POOLS": POOL, "AWS_IAM": IAM}
KNOWN = {
    "rest": ["AWS_IAM", "COGNITO_USER_POOLS", "JWT", "REQUEST", "TOKEN"],
    "http": ["AWS_IAM", "JWT", "REQUEST"],
    "url": ["AWS_IAM"],
    "alb": [],
}
ENVIRON = {"SECRET": "x"}
ProblemsOf = Callable[..., list[Problem]]
LoadFiles = Callable[..., Catalog]


def _files(defined: dict[str, Any] | None, /, api: str = "rest", **route: Any) -> dict[str, Any]:
    """A project whose stage has an authorizer `only`, and one function with a route with these keys."""
    routes = [{"method": "GET", "path": "/a"}, {"method": "GET", "path": "/b", **route}]
    return {
        **GATE,
        STAGE: {"authorizers": {"only": defined}} if defined else {},
        MANIFEST: {"handler": "app.handler", "api": api, "routes": routes},
    }


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("api", KNOWN)
def test_route_has_an_authorizer_of_a_type_that_its_api_knows(
    api: str, kind: str, problems_of: ProblemsOf, load_files: LoadFiles
) -> None:
    files = _files(TYPES[kind], api, authorizer="only")
    if kind in KNOWN[api]:
        authorizer = load_files(files, ENVIRON).routes[1].authorizer
        assert authorizer
        assert (authorizer.name, authorizer.type) == ("only", kind)
    else:
        known = ", ".join(KNOWN[api]) or "none"
        wrong = f"{api!r} has no authorizers of the type {kind} (known: {known})"
        assert problems_of(files, ENVIRON) == [Problem(MANIFEST, "routes[1].authorizer", wrong)]


@pytest.mark.parametrize(
    ("authorizer", "name", "found"),
    [(None, "only", "none"), (TOKEN, "Only", "only"), (TOKEN, "gate", "only")],
)
def test_route_is_refused_when_its_authorizer_is_not_there(
    authorizer: Any, name: str, found: str, problems_of: ProblemsOf
) -> None:
    wrong = f"the stage defines no authorizer {name!r} (found: {found})"
    files = _files(authorizer, authorizer=name)
    assert problems_of(files) == [Problem(MANIFEST, "routes[1].authorizer", wrong)]


@pytest.mark.parametrize(
    ("name", "message"), [("", "must not be empty"), (None, "must not be null"), (1, None)]
)
def test_route_is_refused_when_its_authorizers_name_is_none(
    name: Any, message: str | None, problems_of: ProblemsOf
) -> None:
    wrong = message or "must be a string, not 1"
    files = _files(TOKEN, authorizer=name)
    assert problems_of(files) == [Problem(MANIFEST, "routes[1].authorizer", wrong)]


def test_scopes_are_refused_without_an_authorizer(problems_of: ProblemsOf) -> None:
    wrong = "has no meaning without an authorizer"
    assert problems_of(_files(None, scopes=["a"])) == [Problem(MANIFEST, "routes[1].scopes", wrong)]


@pytest.mark.parametrize("kind", ["TOKEN", "REQUEST", "AWS_IAM"])
def test_scopes_are_refused_when_the_authorizer_knows_none(kind: str, problems_of: ProblemsOf) -> None:
    wrong = f"an authorizer of the type {kind} has no scopes"
    files = _files(TYPES[kind], authorizer="only", scopes=["a"])
    assert problems_of(files, ENVIRON) == [Problem(MANIFEST, "routes[1].scopes", wrong)]


@pytest.mark.parametrize(("kind", "api"), [("JWT", "http"), ("JWT", "rest"), ("COGNITO_USER_POOLS", "rest")])
def test_scopes_are_the_routes(kind: str, api: str, load_files: LoadFiles) -> None:
    route = load_files(_files(TYPES[kind], api, authorizer="only", scopes=["a", "b"])).routes[1]
    assert route.scopes == ("a", "b")


def test_rest_api_finds_a_jwt_in_a_header(problems_of: ProblemsOf, load_files: LoadFiles) -> None:
    defined = {**JWT, "identitySource": "method.request.querystring.token"}
    wrong = "'only' needs one header as its identitySource here"
    files = _files(defined, authorizer="only")
    assert problems_of(files) == [Problem(MANIFEST, "routes[1].authorizer", wrong)]
    assert load_files(_files(defined, "http", authorizer="only")).routes[1].authorizer


@pytest.mark.parametrize("ttl", [{}, {"resultTtlInSeconds": 1}, {"resultTtlInSeconds": 300}])
def test_answers_cannot_be_kept_when_nothing_tells_callers_apart(
    ttl: dict[str, int], problems_of: ProblemsOf
) -> None:
    wrong = "'only' needs an identitySource, or a resultTtlInSeconds of 0"
    files = _files({"type": "REQUEST", "function": "gate", **ttl}, authorizer="only")
    assert problems_of(files) == [Problem(MANIFEST, "routes[1].authorizer", wrong)]


@pytest.mark.parametrize(("api", "ttl"), [("rest", 0), ("http", None), ("http", 300)])
def test_identity_source_may_be_left_out_otherwise(api: str, ttl: int | None, load_files: LoadFiles) -> None:
    keys = {} if ttl is None else {"resultTtlInSeconds": ttl}
    catalog = load_files(_files({"type": "REQUEST", "function": "gate", **keys}, api, authorizer="only"))
    assert catalog.routes[1].authorizer == Authorizer("only", "REQUEST", function="gate", ttl=ttl)


@pytest.mark.parametrize("kind", ["TOKEN", "REQUEST"])
def test_authorizer_is_refused_when_its_function_is_not_there(kind: str, problems_of: ProblemsOf) -> None:
    wrong = "there is no function 'gates' (found: gate, hello)"
    files = _files({**TYPES[kind], "function": "gates"})
    assert problems_of(files) == [Problem(STAGE, "authorizers.only.function", wrong)]


def test_authorizer_is_refused_when_the_stage_does_not_serve_its_function(problems_of: ProblemsOf) -> None:
    files = _files(None, authorizer="only")
    files[STAGE] = {"functions": ["hello"], "authorizers": {"only": TOKEN}}
    wrong = "there is no function 'gate' (found: hello)"
    assert problems_of(files) == [Problem(STAGE, "authorizers.only.function", wrong)]


@pytest.mark.parametrize(
    "source",
    [
        "method.request.querystring.token",
        "context.stage",
        "stageVariables.a",
        "method.request.header.A, method.request.header.B",
    ],
)
def test_token_is_refused_when_it_is_not_one_header(source: str, problems_of: ProblemsOf) -> None:
    wrong = "must be one header for an authorizer of the type TOKEN"
    files = _files({**TOKEN, "identitySource": source})
    assert problems_of(files) == [Problem(STAGE, "authorizers.only.identitySource", wrong)]


@pytest.mark.parametrize("kind", ["JWT", "COGNITO_USER_POOLS"])
def test_token_is_refused_when_it_is_in_two_places(kind: str, problems_of: ProblemsOf) -> None:
    source = "$request.header.A, $request.header.B"
    files = _files({**TYPES[kind], "identitySource": source})
    assert problems_of(files) == [
        Problem(STAGE, "authorizers.only.identitySource", "must be one place of a token")
    ]


@pytest.mark.parametrize(
    ("kind", "package", "key", "message"),
    [
        ("JWT", "jwt", "", "needs the package PyJWT: pip install 'berth-lambda[jwt]'"),
        ("COGNITO_USER_POOLS", "jwt", "", "needs the package PyJWT: pip install 'berth-lambda[jwt]'"),
        (
            "TOKEN",
            "boto3",
            ".function",
            "a function elsewhere needs the package boto3: pip install 'berth-lambda[aws]'",
        ),
        (
            "REQUEST",
            "boto3",
            ".function",
            "a function elsewhere needs the package boto3: pip install 'berth-lambda[aws]'",
        ),
    ],
)
def test_authorizer_is_refused_when_its_package_is_missing(
    kind: str,
    package: str,
    key: str,
    message: str,
    problems_of: ProblemsOf,
    load_files: LoadFiles,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    arn = "arn:aws:lambda:eu-west-1:123456789012:function:gate"
    elsewhere = {"function": arn} if package == "boto3" else {}
    files = _files({**TYPES[kind], **elsewhere})
    load_files(files)
    monkeypatch.setitem(sys.modules, package, None)
    assert problems_of(files) == [Problem(STAGE, f"authorizers.only{key}", message)]


@pytest.mark.parametrize("environ", [{}, {"SECRET": ""}], ids=["unset", "empty"])
def test_credential_is_refused_when_its_variable_is_not_set(
    environ: dict[str, str], problems_of: ProblemsOf
) -> None:
    wrong = "the environment variable SECRET is not set"
    key = "authorizers.only.credentials[0].environment"
    assert problems_of(_files(IAM), environ) == [Problem(STAGE, key, wrong)]


def test_every_secret_that_is_missing_is_reported(problems_of: ProblemsOf) -> None:
    other = {"accessKeyId": "AKIDEXAMPLE000000002", "environment": "OTHER"}
    files = _files(None)
    credentials = [*IAM["credentials"], other]
    files[STAGE] = {
        "apiKeys": [{"id": "partner", "environment": "KEY"}],
        "authorizers": {"a": {**IAM, "credentials": credentials}, "b": IAM},
    }
    assert [(problem.key, problem.message) for problem in problems_of(files)] == [
        ("apiKeys[0].environment", "the environment variable KEY is not set"),
        ("authorizers.a.credentials[0].environment", "the environment variable SECRET is not set"),
        ("authorizers.a.credentials[1].environment", "the environment variable OTHER is not set"),
        ("authorizers.b.credentials[0].environment", "the environment variable SECRET is not set"),
    ]


def test_secret_comes_from_the_environment_and_is_not_shown(load_files: LoadFiles) -> None:
    stage = load_files(_files(IAM), {"SECRET": "very-secret"}).stage
    credential = IamCredential("AKIDEXAMPLE000000001", "very-secret")
    assert stage.authorizers["only"] == Authorizer("only", "AWS_IAM", credentials=(credential,))
    assert "very-secret" not in repr(stage)


def test_problems_of_a_stage_that_is_refused_are_reported_together(problems_of: ProblemsOf) -> None:
    files = _files(None, authorizer="good")
    bad = {"type": "TOKEN", "function": "gate", "resultTtlInSeconds": -1}
    files[STAGE] = {"authorizers": {"bad": bad, "good": {**TOKEN, "function": "gates"}}}
    assert problems_of(files) == [
        Problem(STAGE, "authorizers.bad.resultTtlInSeconds", "must be from 0 to 3600"),
        Problem(STAGE, "authorizers.good.function", "there is no function 'gates' (found: gate, hello)"),
    ]


def _files_with_routes_of_the_gate() -> dict[str, Any]:
    files = _files(TOKEN, authorizer="only")
    routes = [{"method": "GET", "path": "/gate"}]
    other = {"handler": "app.handler", "routes": [{"method": "GET", "path": "/other"}]}
    return {
        **files,
        "functions/gate/manifest.json": {"handler": "app.handler", "routes": routes},
        "functions/other/app.py": "",
        "functions/other/manifest.json": other,
    }


def test_function_named_alone_brings_its_authorizers_function_without_its_routes(
    load_files: LoadFiles,
) -> None:
    catalog = load_files(_files_with_routes_of_the_gate(), only=["hello"])
    assert sorted(catalog.functions) == ["gate", "hello"]
    assert [str(route.key) for route in catalog.routes] == ["GET /a", "GET /b"]
    assert catalog.routes[1].authorizer == Authorizer(
        "only", "TOKEN", (IdentitySource("header", "Authorization"),), function="gate"
    )


def test_function_named_alone_needs_no_authorizer_of_others(load_files: LoadFiles) -> None:
    files = _files_with_routes_of_the_gate()
    files[STAGE] = {"authorizers": {"only": TOKEN, "unused": {**TOKEN, "function": "gone"}}}
    assert sorted(load_files(files, only=["other"]).functions) == ["other"]
    assert sorted(load_files(files, only=["hello"]).functions) == ["gate", "hello"]


def test_functions_named_with_their_authorizer_keep_their_routes(load_files: LoadFiles) -> None:
    catalog = load_files(_files_with_routes_of_the_gate(), only=["hello", "gate"])
    assert sorted(str(route.key) for route in catalog.routes) == ["GET /a", "GET /b", "GET /gate"]


def test_function_named_alone_is_refused_without_its_authorizers_function(problems_of: ProblemsOf) -> None:
    files = _files({**TOKEN, "function": "gone"}, authorizer="only")
    wrong = "there is no function 'gone' (found: hello)"
    assert problems_of(files, only=["hello"]) == [Problem(STAGE, "authorizers.only.function", wrong)]
