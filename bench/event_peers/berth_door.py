"""Berth's own door to asynchronous invocations, called without HTTP."""

import uuid

from berth.factory import create_app
from berth.model.invocation import Invocation

_app = create_app()
_events = _app.extensions["berth"].events
_function = _app.catalog.functions["empty"]


def enqueue() -> None:
    """Queue one event."""
    _events.invoke(Invocation(_function, b"{}", str(uuid.uuid4())))
