"""Fixtures for the tests of functions: `-p berth.testing.plugin`, or `pytest_plugins` in a conftest.

`function_client("hello")` is a test client of an application with that function's blueprint alone,
`invoke_function("hello", event)` calls the function below HTTP, `sample_event("GET", "/hello")` is
the event an API would send. `function_module("hello")` is what a test can patch.
"""

import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

import pytest
from flask.testing import FlaskClient

from berth.gateway.flask_app import GatewayApp
from berth.model.invocation import Invocation, InvocationResult, encode_event
from berth.model.route import METHODS
from berth.runtime.environments import create_environments
from berth.settings import Settings
from berth.testing.functions import FunctionsUnderTest
from berth.tools.sample import build_sample_event

_INI_OPTIONS = {
    "functions_dir": "The folder of the functions under test, from pytest's root directory.",
    "manifests_dir": "The folder of their stages, from pytest's root directory.",
}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options `berth_functions_dir` and `berth_manifests_dir` of pytest's configuration file."""
    for name, text in _INI_OPTIONS.items():
        parser.addini(f"berth_{name}", text)


@pytest.fixture
def berth_settings(pytestconfig: pytest.Config) -> Settings:
    """The settings under test: the environment's, with the folders of pytest's configuration file.

    Override it to test another stage.
    """
    given = {name: pytestconfig.getini(f"berth_{name}") for name in _INI_OPTIONS}
    folders: dict[str, Any] = {
        name: pytestconfig.rootpath / folder for name, folder in given.items() if folder
    }
    return replace(Settings.from_environ(), **folders)


@pytest.fixture
def functions_under_test(berth_settings: Settings) -> Iterator[FunctionsUnderTest]:
    """What the fixtures below share in one test: one set of execution environments."""
    with closing(create_environments(berth_settings)) as environments:
        yield FunctionsUnderTest(berth_settings, environments)


@pytest.fixture
def app(functions_under_test: FunctionsUnderTest) -> GatewayApp:
    """All functions of the stage, for pytest-flask's own fixtures: `client`, `live_server`, ..."""
    return functions_under_test.create_app()


@pytest.fixture
def function_client(functions_under_test: FunctionsUnderTest) -> Callable[..., FlaskClient]:
    """Make a client of one function: only its manifest is loaded, only its blueprint registered.

    The function is named, or given as the path of its folder. `isolation="inline"` runs it in this process.
    """

    def make_client(function: str | Path, *, isolation: Literal["inline"] | None = None) -> FlaskClient:
        return functions_under_test.create_app_of(function, isolation).test_client()

    return make_client


@pytest.fixture
def invoke_function(functions_under_test: FunctionsUnderTest) -> Callable[..., InvocationResult]:
    """Invoke a function with an event; `isolation="inline"` runs it in this process, for a debugger."""

    def invoke(
        function: str | Path, event: Any = None, *, isolation: str | None = None, **options: Any
    ) -> InvocationResult:
        payload = b"" if event is None else encode_event(event)
        loaded = functions_under_test.load(function, isolation)
        return functions_under_test.invoker.invoke(Invocation(loaded, payload, str(uuid.uuid4()), **options))

    return invoke


@pytest.fixture
def function_module(functions_under_test: FunctionsUnderTest) -> Callable[..., ModuleType]:
    """Find a module of a function that this test runs inline, to patch what is in it.

    Without a module's name it is the handler's. It is imported if the function has not been invoked yet.
    """
    return functions_under_test.module


@pytest.fixture
def sample_event() -> Callable[..., dict[str, Any]]:
    """Build an event: a shape (`rest`, `http1`, `http2`, `alb`, `alb-multi`, `url`), method, path with query.

    Without a shape it is a REST API's. Then `body=`, `headers=`, `resource=` and more.
    """

    def build(*args: Any, **kwargs: Any) -> dict[str, Any]:
        if args and args[0] not in METHODS:
            return dict(build_sample_event(*args[1:], shape=args[0], **kwargs))
        return dict(build_sample_event(*args, **kwargs))

    return build
