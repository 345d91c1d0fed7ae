"""Whom a stage believes: what is wrong with a token or a prefix stops the start, and is not shown."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from berth.errors import Problem
from berth.manifest.loader import Catalog
from berth.model.api_key import hash_api_key
from berth.model.trust import Trust

STAGE = "manifests/dev.json"
PREFIX, TOKEN = "X-Berth-0123456789abcdef-", "a" * 32
SECRETS = {"PREFIX": PREFIX, "TOKEN": TOKEN, "NEXT": "B" * 512}
TRUSTED: dict[str, Any] = {
    "trust": "token",
    "prefix": {"environment": "PREFIX"},
    "tokens": [{"environment": "TOKEN"}],
}
LoadFiles = Callable[..., Catalog]
ProblemsOf = Callable[..., list[Problem]]


def _files(**gateway: Any) -> dict[str, Any]:
    return {STAGE: {"gateway": gateway}}


@pytest.mark.parametrize("stage", [{}, {"gateway": {"trust": "none"}}])
def test_nobody_is_believed_unless_the_stage_says_so(load_files: LoadFiles, stage: dict[str, Any]) -> None:
    assert load_files({STAGE: stage}).stage.trust is None


def test_tokens_are_kept_as_hashes_and_not_shown(load_files: LoadFiles) -> None:
    tokens = [{"environment": "TOKEN"}, {"environment": "NEXT"}]
    files = _files(**{**TRUSTED, "tokens": tokens, "variables": ["host"], "context": ["tenant", "role"]})
    stage = load_files(files, SECRETS).stage
    hashes = (hash_api_key("a" * 32), hash_api_key("B" * 512))
    assert stage.trust == Trust(PREFIX, hashes, ("host",), ("tenant", "role"))
    assert TOKEN not in repr(stage)
    assert PREFIX not in repr(stage)


def test_secrets_may_be_in_files(load_files: LoadFiles, tmp_path: Path) -> None:
    (tmp_path / "prefix").write_text(f"{PREFIX}\n")
    (tmp_path / "token").write_text(f" {TOKEN} \n")
    places = {"prefix": {"file": str(tmp_path / "prefix")}, "tokens": [{"file": str(tmp_path / "token")}]}
    trust = load_files(_files(**{**TRUSTED, **places})).stage.trust
    assert trust == Trust(PREFIX, (hash_api_key(TOKEN),))


@pytest.mark.parametrize(
    ("secrets", "key", "message"),
    [
        ({"TOKEN": ""}, "gateway.tokens[0].environment", "the environment variable TOKEN is not set"),
        ({"TOKEN": " \n"}, "gateway.tokens[0].environment", "the environment variable TOKEN is empty"),
        ({"PREFIX": " "}, "gateway.prefix.environment", "the environment variable PREFIX is empty"),
        ({"PREFIX": ""}, "gateway.prefix.environment", "the environment variable PREFIX is not set"),
        ({"TOKEN": "a" * 31}, "gateway.tokens[0]", "must be 32 to 512 letters or digits"),
        ({"TOKEN": "a" * 513}, "gateway.tokens[0]", "must be 32 to 512 letters or digits"),
        ({"TOKEN": f"{'a' * 31}é"}, "gateway.tokens[0]", "must be 32 to 512 letters or digits"),
        ({"TOKEN": f"{'a' * 16}\n{'a' * 16}"}, "gateway.tokens[0]", "must be 32 to 512 letters or digits"),
        *(
            (
                {"PREFIX": prefix},
                "gateway.prefix",
                "must be X-Berth-, 8 to 64 letters or digits, and a hyphen",
            )
            for prefix in (
                "X-Berth-",
                "X-Berth-1234567-",
                "X-Berth-12345678",
                f"X-Berth-{'1' * 65}-",
                "X-Berth-1234_678-",
                "x-berth-12345678-",
                "X-Other-12345678-",
            )
        ),
    ],
)
def test_secret_is_refused_and_not_quoted(
    problems_of: ProblemsOf, secrets: dict[str, str], key: str, message: str
) -> None:
    assert problems_of(_files(**TRUSTED), {**SECRETS, **secrets}) == [Problem(STAGE, key, message)]


def test_file_that_is_not_there_is_refused(problems_of: ProblemsOf) -> None:
    files = _files(**{**TRUSTED, "tokens": [{"file": "/nowhere/token"}]})
    message = "/nowhere/token cannot be read: FileNotFoundError"
    assert problems_of(files, SECRETS) == [Problem(STAGE, "gateway.tokens[0].file", message)]


def test_file_without_a_token_is_refused(problems_of: ProblemsOf) -> None:
    files = {**_files(**{**TRUSTED, "tokens": [{"file": "empty"}]}), "empty": "\n"}
    assert problems_of(files, SECRETS) == [Problem(STAGE, "gateway.tokens[0].file", "empty is empty")]


@pytest.mark.parametrize(
    ("gateway", "key", "message"),
    [
        ({"tokens": []}, "gateway.tokens", "must be one token, or two while one takes the other's place"),
        (
            {"tokens": [{"environment": "A"}] * 3},
            "gateway.tokens",
            "must be one token, or two while one takes the other's place",
        ),
        ({"tokens": ["a" * 32]}, "gateway.tokens[0]", "must be an object"),
        ({"tokens": [{}]}, "gateway.tokens[0]", "needs either environment or file"),
        ({"prefix": {"environment": "A", "file": "b"}}, "gateway.prefix", "needs either environment or file"),
        (
            {"context": ["a-b"]},
            "gateway.context[0]",
            "is no key that can be mapped: letters, digits and _ only",
        ),
    ],
)
def test_gateway_is_refused(problems_of: ProblemsOf, gateway: Any, key: str, message: str) -> None:
    (problem,) = problems_of(_files(**{**TRUSTED, **gateway}), SECRETS)
    assert (problem.file, problem.key) == (STAGE, key)
    assert message in problem.message


@pytest.mark.parametrize(("context", "is_refused"), [([], True), (["tenant"], False)])
def test_authorizer_has_to_leave_a_trace_where_the_gateway_runs_it(
    problems_of: ProblemsOf, load_files: LoadFiles, context: list[str], is_refused: bool
) -> None:
    authorizer = {"type": "REQUEST", "function": "hello", "enableSimpleResponses": True}
    routes = [{"method": "GET", "path": "/x", "authorizer": "simple"}]
    files = {
        STAGE: {
            "gateway": {**TRUSTED, "context": context},
            "authorizersRunIn": "gateway",
            "authorizers": {"simple": authorizer},
        },
        "functions/hello/manifest.json": {"handler": "app.handler", "api": "http", "routes": routes},
    }
    if is_refused:
        (problem,) = problems_of(files, SECRETS)
        assert (problem.file, problem.key) == ("functions/hello/manifest.json", "routes[0].authorizer")
        assert problem.message == (
            "nothing would prove that 'simple' ran: name a key of its context in gateway.context"
        )
    else:
        assert load_files(files, SECRETS).routes


def test_key_needs_no_list_here_where_the_gateway_checks_it(load_files: LoadFiles) -> None:
    routes = [{"method": "GET", "path": "/key", "apiKeyRequired": True}]
    files = {
        STAGE: {"gateway": TRUSTED, "authorizersRunIn": "gateway"},
        "functions/hello/manifest.json": {"handler": "app.handler", "routes": routes},
    }
    (route,) = load_files(files, SECRETS).routes
    assert route.method_request.api_key_required
