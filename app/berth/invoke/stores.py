"""Which event queue and which state store the settings name."""

import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from berth.invoke.queue.event_queue import EventQueue
from berth.invoke.queue.sqlite_queue import SqliteQueue
from berth.invoke.results.sqlite_store import SqliteStore
from berth.invoke.results.state_store import StateStore
from berth.invoke.sqlite_file import SqliteFile
from berth.settings import Settings

_SQLITE = "sqlite:///"


@dataclass(frozen=True)
class Stores:
    """The event queue and the state store of a server."""

    queue: EventQueue
    state: StateStore

    def close(self) -> None:
        """Close both."""
        self.queue.close()
        self.state.close()


def open_stores(settings: Settings) -> Stores:
    """Name the stores; nothing is opened before something is written or read."""
    file = SqliteFile(queue_path(settings))
    return Stores(SqliteQueue(file), SqliteStore(file))


def describe_stores(settings: Settings) -> str:
    """Where the events wait and where their pages are, in words."""
    queue = settings.queue_url or f"{queue_path(settings)} (BERTH_QUEUE_URL is not set)"
    return f"the queue {queue}, with the pages {f'in {settings.state}' if settings.state else 'beside it'}"


def queue_path(settings: Settings) -> Path:
    """The file of a queue in SQLite.

    Without a setting it is in the folder for temporary files, so it outlives the server, not the container.
    """
    if settings.queue_url is not None:
        return Path(settings.queue_url.removeprefix(_SQLITE)).absolute()
    whose = f"{settings.functions_dir} {settings.stage}"  # stages have variables and functions of their own
    project = hashlib.sha256(whose.encode()).hexdigest()[:12]
    return Path(tempfile.gettempdir(), f"berth-events-{os.getuid()}-{project}.db")
