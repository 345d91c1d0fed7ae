"""gunicorn's dirty arbiter as a peer: handlers in their own processes, events by the arbiter's socket.

The web side is the article's application; only the call differs.
"""

from typing import Any

import falcon
from gunicorn.dirty import DirtyApp, get_dirty_client

from bench import article
from bench.peer_apps import project_handlers

HANDLERS = f"{__name__}:HandlersApp"


class HandlersApp(DirtyApp):  # type: ignore[misc]
    """In a dirty worker: the handlers of the project's functions."""

    def init(self) -> None:
        """Load the handlers, once for each dirty worker."""
        self._handlers = project_handlers()

    def call(self, function: str, event: dict[str, Any]) -> dict[str, Any]:
        """Call one handler with one event."""
        return self._handlers[function](event, None)


def create_app() -> falcon.App[Any, Any]:
    """The article's application, with every event handed to a dirty worker."""
    return article.create_app(_execute)


def _execute(function: str, event: dict[str, Any]) -> dict[str, Any]:
    result: dict[str, Any] = get_dirty_client().execute(HANDLERS, "call", function, event)
    return result
