"""Fixtures for the tests of functions: `-p berth.testing.plugin`, or `pytest_plugins` in a conftest.

`function_client("hello")` is a test client of an application with that function's blueprint alone,
`invoke_function("hello", event)` calls the function below HTTP, `sample_event("GET", "/hello")` is
the event an API would send.
"""

import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient

from berth.factory import create_app
from berth.gateway.flask_app import GatewayApp
from berth.invoke.invoker import Invoker
from berth.manifest.loader import load
from berth.model.invocation import Invocation, InvocationResult, encode_event
from berth.model.route import METHODS
from berth.runtime.environments import create_environments
from berth.settings import Settings
from berth.tools.sample import build_sample_event


@pytest.fixture
def berth_settings() -> Settings:
    """The settings under test: those of the environment; override it to test another stage."""
    return Settings.from_environ()


@pytest.fixture
def app(berth_settings: Settings) -> Iterator[GatewayApp]:
    """All functions of the stage, for pytest-flask's own fixtures: `client`, `live_server`, ..."""
    app = create_app(berth_settings)
    app.testing = True
    with closing(app.extensions["berth"]):
        yield app


@pytest.fixture
def function_client(berth_settings: Settings) -> Iterator[Callable[[str], FlaskClient]]:
    """Make a client of one function: only its manifest is loaded, only its blueprint registered."""
    with ExitStack() as open_apps:

        def make_client(name: str) -> FlaskClient:
            app = create_app(berth_settings, only=[name])
            app.testing = True
            open_apps.callback(app.extensions["berth"].close)
            return app.test_client()

        yield make_client


@pytest.fixture
def invoke_function(berth_settings: Settings) -> Iterator[Callable[..., InvocationResult]]:
    """Invoke a function with an event; `isolation="inline"` runs it in this process, for a debugger."""
    with closing(create_environments(berth_settings)) as environments:

        def invoke(
            name: str, event: Any = None, *, isolation: str | None = None, **options: Any
        ) -> InvocationResult:
            function = load(berth_settings, [name]).functions[name]
            function = replace(function, isolation=isolation or function.isolation)
            payload = b"" if event is None else encode_event(event)
            return Invoker(environments).invoke(Invocation(function, payload, str(uuid.uuid4()), **options))

        yield invoke


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
