"""Asynchronous invocations of real servers: queued by the Invoke API, and looked at where their pages are."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from berth.invoke.queue.event_queue import QueueDepth
from berth.invoke.results.pages import Pages
from berth.invoke.stores import Stores, open_stores
from berth.model.asynchronous import InvocationPage
from berth.settings import Settings
from kit.servers import Reply, Server, project_environ, write_function

# Waits for a file, so a test decides when it ends; a second one decides for one job alone.
_JOB = """
import os, pathlib, time

def handler(event, context):
    print("began", event["n"], os.getppid(), flush=True)
    here = pathlib.Path(__file__).parent
    while not (here / "go").exists() and not (here / f"go-{event['n']}").exists():
        time.sleep(0.01)
    return event
"""
_EVENT = (("X-Amz-Invocation-Type", "Event"), ("Content-Type", "application/json"))


@dataclass
class Jobs:
    """The jobs of one project, whose servers have the variables `environ`."""

    project: Path
    environ: dict[str, str]
    stores: Stores

    def __post_init__(self) -> None:
        self.pages = Pages(self.stores.state, 3600)
        (self.project / "manifests" / "dev.json").write_text('{"invokeApi": {"auth": "none"}}')

    def write(self, name: str, **manifest: Any) -> None:
        """Write a function whose invocations wait until they may go on."""
        write_function(self.project, name, _JOB, timeout=900, **manifest)

    def let_go(self, name: str, number: int | None = None) -> None:
        """Let the invocations of a function go on, or the one with a number."""
        suffix = "" if number is None else f"-{number}"
        (self.project / "functions" / name / f"go{suffix}").touch()

    def send(self, server: Server, name: str, number: int = 0) -> Reply:
        """Ask a server to queue one event."""
        path = f"/2015-03-31/functions/{name}/invocations"
        return server.send("POST", path, _EVENT, json.dumps({"n": number}).encode())

    def put(self, server: Server, name: str, number: int = 0) -> str:
        """Queue one event; returns its id."""
        reply = self.send(server, name, number)
        assert reply.status == 202, reply
        request_id = reply.get("x-amzn-RequestId")
        assert request_id
        return request_id

    def page(self, request_id: str) -> InvocationPage:
        """The page of an invocation."""
        page = self.pages.get(request_id)
        assert page is not None
        return page

    def await_state(self, request_id: str, state: str, seconds: float = 30) -> InvocationPage:
        """Wait until an invocation has a state."""
        deadline = time.monotonic() + seconds
        while (page := self.page(request_id)).state != state:
            assert time.monotonic() < deadline, page
            time.sleep(0.02)
        return page

    def depth(self) -> QueueDepth:
        """How much is in the queue."""
        return self.stores.queue.depth()


@contextmanager
def jobs_of(project: Path, **environ: str) -> Iterator[Jobs]:
    """Begin to look at the jobs of a project, whose queue is a file if `environ` does not name another."""
    environ = {
        "BERTH_QUEUE_URL": f"sqlite:///{project / 'queue.db'}",
        "BERTH_LEASE_SECONDS": "1",
        "BERTH_CONCURRENCY": "4",
        **environ,
    }
    stores = open_stores(Settings.from_environ({**project_environ(project), **environ}))
    try:
        yield Jobs(project, environ, stores)
    finally:
        stores.close()
