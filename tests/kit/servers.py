"""Real servers for tests: started on a free port of 127.0.0.1, ended by their own process id."""

import http.client
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from kit.forked import Forked, fork_server
from kit.processes import children, descendants

ROOT = Path(__file__).resolve().parents[2]
_LISTENING = re.compile(r"(?:Listening at:|Running on) https?://127\.0\.0\.1:(\d+)")
# What happens at once takes this long at most on a machine that is busy. What waits for a drain or for a
# handler takes longer: 110 s and more.
SOON = 30  # seconds
_servers: set[int] = set()


def running_servers() -> set[int]:
    """The process ids of servers that outlive a test on purpose."""
    return _servers | {fork_server.pid} if fork_server.pid else set(_servers)


@contextmanager
def outliving(pid: int) -> Iterator[None]:
    """Let a process outlive a test."""
    _servers.add(pid)
    try:
        yield
    finally:
        _servers.discard(pid)


@dataclass
class Reply:
    """An HTTP response with one entry per header line."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def all(self, name: str) -> list[str]:
        """Every value of a header, in order."""
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def get(self, name: str) -> str | None:
        """The only value of a header, or None."""
        values = self.all(name)
        assert len(values) < 2, f"{name} came {len(values)} times"
        return values[0] if values else None

    def json(self) -> Any:
        """The body read as JSON."""
        return json.loads(self.body)


@dataclass
class Server:
    """A running server; `log` grows as it prints."""

    process: subprocess.Popen[str] | Forked
    port: int
    log: list[str]
    reader: threading.Thread = field(repr=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        """End the server within seconds, whatever state it is in."""
        self.stop(signal.SIGINT)

    @property
    def workers(self) -> list[int]:
        """gunicorn's workers, each with the environments it has started."""
        return children(self.process.pid)

    @property
    def descendants(self) -> list[int]:
        """Every process it has started, and all that those started."""
        return descendants(self.process.pid)

    def send(
        self,
        method: str,
        target: str,
        headers: Iterable[tuple[str, str]] = (),
        body: bytes | None = None,
        timeout: float = 30,
    ) -> Reply:
        """Send one request exactly as given: nothing is added but Host and Content-Length."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            lines = list(headers)
            names = {name.lower() for name, _ in lines}
            connection.putrequest(method, target, skip_host="host" in names, skip_accept_encoding=True)
            for name, value in lines:
                connection.putheader(name, value)
            if body is not None and "content-length" not in names:
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            response = connection.getresponse()
            return Reply(response.status, response.getheaders(), response.read())
        finally:
            connection.close()

    def get(self, target: str, **options: Any) -> Reply:
        """Send a GET request."""
        return self.send("GET", target, **options)

    def await_log(self, text: str, seconds: float = SOON, count: int = 1) -> None:
        """Wait until the server has printed a text so many times."""
        deadline = time.monotonic() + seconds
        while "".join(self.log).count(text) < count:
            assert time.monotonic() < deadline, f"no {text!r} in:\n{''.join(self.log)}"
            time.sleep(0.01)

    def stop(self, signal_number: int = signal.SIGTERM, timeout: float = 30) -> int:
        """End the server and return its exit status."""
        _servers.discard(self.process.pid)
        if self.process.poll() is None:
            self.process.send_signal(signal_number)
        try:
            return self.process.wait(timeout)
        finally:
            _end(self.process, self.reader)

    def kill(self) -> None:
        """End the server and all that it has started at once, in tests that are not about its end."""
        _servers.discard(self.process.pid)
        _end(self.process, self.reader)


def start_gunicorn(
    project: Path,
    *options: str,
    environ: Mapping[str, str] | None = None,
    python: str = sys.executable,
    folder: Path = ROOT,
) -> Server:
    """Start gunicorn with the shipped configuration on the functions of a project folder.

    `folder` is the one that holds the wsgi.py.
    """
    program = [python, "-m", "gunicorn", "-c", str(ROOT / "gunicorn.conf.py"), "-b", "127.0.0.1:0"]
    return _start([*program, *options, "wsgi:app"], project, environ, folder)


def start_flask_run(project: Path, *options: str, environ: Mapping[str, str] | None = None) -> Server:
    """Start `flask run` on the functions of a project folder."""
    program = [sys.executable, "-m", "flask", "--app", str(ROOT / "wsgi.py"), "run", *options]
    return _start(program, project, {"PORT": "0", **(environ or {})})


def start_command(program: list[str], folder: Path, environ: Mapping[str, str] = os.environ) -> Server:
    """Start a server of a project in its folder, as a user would: by nothing but a command."""
    return _start_in(folder, program, {**environ, "PORT": "0", "PYTHONUNBUFFERED": "1"})


def start_worker(project: Path, *options: str, environ: Mapping[str, str] | None = None) -> Server:
    """Start `berth worker` on the functions of a project folder; its port is that of its health."""
    program = [sys.executable, "-m", "berth", "worker", "-b", "127.0.0.1:0", *options]
    return _start(program, project, environ)


def project_environ(project: Path) -> dict[str, str]:
    """The environment in which commands see a project folder."""
    return {
        **os.environ,
        "BERTH_FUNCTIONS_DIR": str(project / "functions"),
        "BERTH_MANIFESTS_DIR": str(project / "manifests"),
        "BERTH_CHECK": "off",  # tests count processes and lines of the log
        "PYTHONUNBUFFERED": "1",
    }


def write_function(project: Path, name: str, code: str, /, *routes: str, **manifest: Any) -> Path:
    """Write a function whose `app.handler` is the code; routes as `GET /path`."""
    folder = project / "functions" / name
    folder.mkdir(parents=True)
    (folder / "app.py").write_text(code)
    listed = [dict(zip(("method", "path"), route.split(" ", 1), strict=True)) for route in routes]
    document = {"handler": "app.handler", "routes": listed, **manifest}
    (folder / "manifest.json").write_text(json.dumps(document))
    return folder


def _start(
    program: list[str], project: Path, environ: Mapping[str, str] | None, folder: Path = ROOT
) -> Server:
    return _start_in(folder, program, {**project_environ(project), **(environ or {})})


def _start_in(folder: Path, program: list[str], environ: Mapping[str, str]) -> Server:
    process = _run(folder, program, environ)
    log, reader, port = follow_log(process, _LISTENING)
    if port is None:
        _end(process, reader)
        raise AssertionError(f"the server did not start:\n{''.join(log)}")
    _servers.add(process.pid)
    return Server(process, port, log, reader)


def _run(folder: Path, program: list[str], environ: Mapping[str, str]) -> subprocess.Popen[str] | Forked:
    """Run it by the fork server, unless it has another interpreter or starts its own command line again."""
    if program[:2] == [sys.executable, "-m"] and "--debug" not in program:
        return fork_server.start(program[2], program[3:], folder, environ)
    return subprocess.Popen(
        program,
        cwd=folder,
        env=environ,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )


def _end(process: subprocess.Popen[str] | Forked, reader: threading.Thread) -> None:
    left = descendants(process.pid) if process.poll() is None else []
    process.kill()
    for pid in left:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    process.wait()
    reader.join(5)
    if process.stdin:
        process.stdin.close()


def follow_log(
    process: subprocess.Popen[str] | Forked, pattern: re.Pattern[str]
) -> tuple[list[str], threading.Thread, int | None]:
    """A server's growing log, who reads it, and the port that it listens at; None if it does not."""
    log: list[str] = []
    listening = threading.Event()
    reader = threading.Thread(target=_read_log, args=(process, pattern, log, listening), daemon=True)
    reader.start()
    listening.wait(30)
    return log, reader, next((int(found[1]) for line in log if (found := pattern.search(line))), None)


def _read_log(
    process: subprocess.Popen[str] | Forked,
    pattern: re.Pattern[str],
    log: list[str],
    listening: threading.Event,
) -> None:
    assert process.stdout
    with process.stdout:
        for line in process.stdout:
            log.append(line)
            if pattern.search(line):
                listening.set()
    listening.set()
