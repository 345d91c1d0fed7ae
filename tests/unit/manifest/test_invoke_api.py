"""A stage's `invokeApi`: when it is served, and what stops the start."""

from collections.abc import Callable

import pytest

from berth.errors import Problem
from berth.manifest.loader import Catalog
from berth.model.api_key import hash_api_key
from berth.model.invoke_api import FOR_DEVELOPMENT, InvokeApi

STAGE = "manifests/dev.json"
FUNCTION = "functions/hello/manifest.json"
UNDER_FLASK = {"FLASK_RUN_FROM_CLI": "true"}
TOKEN = "a1" * 20
Load = Callable[..., Catalog]


def test_api_is_off_unless_the_stage_says_so(load_files: Load) -> None:
    assert load_files().stage.invoke_api is None


def test_api_is_there_for_this_machine_in_development(load_files: Load) -> None:
    assert load_files(environ=UNDER_FLASK).stage.invoke_api == FOR_DEVELOPMENT


def test_api_can_be_off_in_development(load_files: Load) -> None:
    assert load_files({STAGE: {"invokeApi": "off"}}, UNDER_FLASK).stage.invoke_api is None


def test_tokens_are_kept_as_hashes_and_not_shown(load_files: Load) -> None:
    manifest = {"invokeApi": {"auth": "token", "tokens": [{"environment": "T"}], "bind": "[0:0::1]:9001"}}
    api = load_files({STAGE: manifest}, {"T": TOKEN}).stage.invoke_api
    assert api == InvokeApi("token", token_hashes=(hash_api_key(TOKEN),), bind=("::1", 9001))
    assert TOKEN not in repr(api)


def test_token_that_can_be_guessed_is_refused(problems_of: Callable[..., list[Problem]]) -> None:
    manifest = {"invokeApi": {"auth": "token", "tokens": [{"environment": "T"}]}}
    wrong = Problem(STAGE, "invokeApi.tokens[0]", "must be 32 to 512 letters or digits")
    assert problems_of({STAGE: manifest}, {"T": "secret"}) == [wrong]


@pytest.mark.parametrize("place", [{}, {"bind": "0.0.0.0:9001"}])
def test_api_without_authentication_is_warned_of(load_files: Load, place: dict[str, str]) -> None:
    stage = {STAGE: {"invokeApi": {"auth": "none", **place}}}
    (warning,) = load_files(stage).warnings
    assert "asks for no authentication" in warning
    assert load_files(stage, UNDER_FLASK).warnings == ()


def test_route_that_the_api_would_take_is_refused(problems_of: Callable[..., list[Problem]]) -> None:
    routes = [{"method": "GET", "path": "/2015-03-31/functions/{name}"}, {"method": "ANY", "path": "/{all+}"}]
    files = {
        STAGE: {"invokeApi": {"auth": "none"}},
        FUNCTION: {"handler": "app.handler", "routes": routes},
    }
    (problem,) = problems_of(files)
    assert (problem.file, problem.key) == (FUNCTION, "routes[0].path")


def test_route_is_free_where_the_api_has_a_listener_of_its_own(load_files: Load) -> None:
    files = {
        STAGE: {"invokeApi": {"auth": "none", "bind": "127.0.0.1:9001"}},
        FUNCTION: {
            "handler": "app.handler",
            "routes": [{"method": "GET", "path": "/2015-03-31/functions/{name}"}],
        },
    }
    assert len(load_files(files).routes) == 1


def test_functions_cannot_be_sent_to_an_api_that_is_off(problems_of: Callable[..., list[Problem]]) -> None:
    wrong = "the stage 'dev' serves no Invoke API: set invokeApi in manifests/dev.json"
    assert problems_of(environ={"BERTH_INVOKE_HERE": "on"}) == [
        Problem("environment", "BERTH_INVOKE_HERE", wrong)
    ]
