"""At which listener the Invoke API is served, and which paths are its own."""

import pytest

from berth.model.invoke_api import FOR_DEVELOPMENT, InvokeApi, Listener, is_invoke_path

OWN = InvokeApi("none", bind=("127.0.0.1", 9001))
EVERYWHERE = InvokeApi("none")


@pytest.mark.parametrize(
    ("api", "listener", "is_served"),
    [
        (OWN, ("127.0.0.1", 9001), True),
        (OWN, ("127.0.0.1", 8000), False),
        (OWN, ("0.0.0.0", 9001), False),
        (OWN, None, False),
        (EVERYWHERE, ("0.0.0.0", 8000), True),
        (EVERYWHERE, None, True),
        (FOR_DEVELOPMENT, ("127.0.0.1", 8000), True),
        (FOR_DEVELOPMENT, ("::1", 8000), True),
        (FOR_DEVELOPMENT, ("0.0.0.0", 8000), False),
        (FOR_DEVELOPMENT, ("10.0.0.7", 8000), False),
        (FOR_DEVELOPMENT, ("localhost", 8000), False),
        (FOR_DEVELOPMENT, None, False),
    ],
)
def test_api_is_served_at_its_listener_alone(
    api: InvokeApi, listener: Listener | None, is_served: bool
) -> None:
    assert api.is_served_at(listener) is is_served


@pytest.mark.parametrize(
    ("path", "is_ours"),
    [
        ("/2015-03-31/functions", True),
        ("/2015-03-31/functions/", True),
        ("/2015-03-31/functions/a/invocations", True),
        ("/2014-11-13/functions/a/invoke-async", True),
        ("/2021-11-15/functions/a/response-streaming-invocations", True),
        ("/2015-03-31/functionsx", False),
        ("/2015-03-31/layers", False),
        ("//2015-03-31/functions", False),
        ("/2015-03-31/%66unctions", False),
        ("/a/2015-03-31/functions", False),
    ],
)
def test_paths_of_the_api_are_told_by_their_beginning(path: str, is_ours: bool) -> None:
    assert is_invoke_path(path) is is_ours
