"""Where a server listens: for functions' routes, and for an Invoke API with a listener of its own."""

import socket
from collections.abc import Iterable
from typing import Any

from berth.errors import ManifestError, Problem
from berth.manifest.loader import Catalog, read_invoke_listener
from berth.model.invoke_api import InvokeApi, Listener
from berth.settings import Settings

_EVERY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104


def addresses(settings: Settings) -> list[str]:
    """The addresses for gunicorn's `bind`."""
    own = None if settings.is_worker else read_invoke_listener(settings)
    return [f"0.0.0.0:{settings.port}", *([_written(own)] if own else [])]


def check_listeners(settings: Settings, catalog: Catalog, listeners: Iterable[object]) -> None:
    """Check that a server listens where the stage wants the Invoke API; raises ManifestError if not."""
    api = catalog.stage.invoke_api
    if settings.is_worker or api is None or api.bind is None or api.bind in listeners:
        return
    place = _written(api.bind)
    wrong = f"gunicorn does not listen at {place}: start it again, with -b {place} if it has another -b"
    raise ManifestError([Problem("stage", "invokeApi.bind", wrong)])


def check_free(listener: Listener) -> None:
    """Check that a server of this machine can listen at an address; raises OSError if not."""
    family = socket.AF_INET6 if ":" in listener[0] else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers do
        probe.bind(listener)


def invoke_endpoint(api: InvokeApi | None, listeners: Iterable[Any], *, is_tls: bool = False) -> str | None:
    """The URL at which functions of this server reach the Invoke API; None if there is none.

    `listeners` are the names of the server's sockets.
    """
    known = [name[:2] for name in listeners if isinstance(name, tuple)]
    found: Listener | None = api.bind or next(iter(known), None) if api else None
    if found is None:
        return None
    host, port = found
    return f"http{'s' if is_tls else ''}://{_written((_EVERY_ADDRESS.get(host, host), port))}"


def _written(listener: Listener) -> str:
    host, port = listener
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
