"""The project, the queue and the servers of the loss test."""

import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from bench.load import Address, get_request
from bench.samples import ROOT, write_event_project
from bench.server import Command, await_answer, free_address, spawn
from bench.soak_server import ServerProcesses, is_zombie

_LIVE = get_request("/_berth/health/live")
# The function notes each beginning and each end, with the server process that it belongs to.
_SOURCE = """
import json, os, time

server = os.getppid()


def note(what, event, context):
    line = json.dumps([what, context.aws_request_id, server, event["number"]]) + "\\n"
    with open(os.environ["RUNS"], "a") as runs:
        runs.write(line)


def handler(event, context):
    asked = json.loads(event["body"]) if "body" in event else event
    note("begin", asked, context)
    time.sleep(asked["seconds"])
    note("end", asked, context)
    return asked["number"]
"""


def write_loss_project(folder: Path) -> None:
    """Write a project with one function, called by a route and by the Invoke API."""
    manifest = {
        "timeout": 30,
        "invocation": "async",
        "routes": [{"method": "POST", "path": "/work"}],
        "environment": {"RUNS": str(folder / "runs")},
    }
    write_event_project(folder, {"work": (_SOURCE, manifest)})
    (folder / "runs").touch()


def runs(folder: Path) -> list[tuple[str, str, int, int]]:
    """What the function has noted: `begin` or `end`, the id, the server's process, the number."""
    lines = (folder / "runs").read_text().splitlines(keepends=True)
    return [tuple(json.loads(line)) for line in lines if line.endswith("\n")]


class LossServer:
    """A gunicorn that is killed with all its workers, and started again at the same address."""

    def __init__(self, folder: Path, name: str, environ: Mapping[str, str]) -> None:
        self.address: Address = free_address()
        self.killed: set[int] = set()  # workers
        self._temp = folder / f"temp-{name}"
        self._temp.mkdir()
        variables = {
            "BERTH_FUNCTIONS_DIR": str(folder / "functions"),
            "BERTH_MANIFESTS_DIR": str(folder / "manifests"),
            "BERTH_CHECK": "off",
            "TMPDIR": str(self._temp),
        }
        self._command = Command(("wsgi:app",), ROOT, {**variables, **environ})
        self._log = (folder / f"{name}.log").open("w+b")
        self._process: subprocess.Popen[bytes] | None = None
        self._turn = threading.Lock()

    def start(self) -> None:
        """Start the server, and wait until it answers."""
        with self._turn:
            self._process = spawn(self._command, self.address, self._log)
            await_answer(self._process, self.address, _LIVE, self._log)
            self._log.seek(0, os.SEEK_END)

    def kill(self) -> None:
        """End the server as a machine would that loses its power."""
        with self._turn:
            if self._process is None:
                return
            processes = ServerProcesses(self._process.pid, self._temp)
            workers = processes.workers()
            self.killed.update(workers)
            self._process.kill()
            self._process.wait()
            for worker in workers:
                with suppress(ProcessLookupError):
                    os.kill(worker, signal.SIGKILL)
            while any(Path(f"/proc/{pid}").exists() and not is_zombie(pid) for pid in workers):
                time.sleep(0.01)
            self._process = None

    def tracebacks(self) -> int:
        """How often the log says that something unexpected has failed."""
        self._log.seek(0)
        return self._log.read().count(b"Traceback (most recent call last)")

    def close(self) -> None:
        """End the server, and its log."""
        self.kill()
        self._log.close()
