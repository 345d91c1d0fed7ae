"""One request through each server that can carry it: only the way in differs."""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient

from berth.factory import create_app
from berth.settings import Settings
from kit.servers import Reply, Server, project_environ, start_flask_run, start_gunicorn, write_function

REAL_SERVERS = ("gunicorn", "flask-run")
TRANSPORTS = (*REAL_SERVERS, "test-client")
# Returns its event.
ECHO = (
    "import json\n\ndef handler(event, context):\n    return {'statusCode': 200, 'body': json.dumps(event)}\n"
)
_HANDLER = """
def handler(event, context):
    path = event.get("path") or event["rawPath"]
    match path.split("/")[-1]:
"""


class Client:
    """Flask's test client, spoken to as a server is."""

    def __init__(self, client: FlaskClient) -> None:
        self._client = client

    def send(
        self, method: str, target: str, headers: Iterable[tuple[str, str]] = (), body: bytes | None = None
    ) -> Reply:
        """Send one request."""
        with self._client.open(target, method=method, headers=list(headers), data=body) as response:
            return Reply(response.status_code, list(response.headers), response.data)

    def get(self, target: str, headers: Iterable[tuple[str, str]] = ()) -> Reply:
        """Send a GET request."""
        return self.send("GET", target, headers)


Transport = Server | Client


def isolation_for(transport: str) -> str:
    """A module-wide test client may keep no child process: its functions run inline."""
    return "inline" if transport == "test-client" else "process"


def new_project(folder: Path, **stages: dict[str, Any]) -> Path:
    """Make a project without functions; the stages are `dev` unless others are given."""
    (folder / "functions").mkdir(parents=True)
    (folder / "manifests").mkdir()
    for name, manifest in (stages or {"dev": {}}).items():
        (folder / "manifests" / f"{name}.json").write_text(json.dumps(manifest))
    return folder


def write_answer(project: Path, name: str, answer: str, *routes: str, **manifest: Any) -> None:
    """Write a function whose handler has one statement."""
    write_function(project, name, f"def handler(event, context):\n    {answer}\n", *routes, **manifest)


def write_answers(project: Path, name: str, answers: Mapping[str, str], path: str, **manifest: Any) -> None:
    """Write one function, one process, with many routes below a path: each route has its own statement.

    The statements are keyed by the route's last path segment.
    """
    cases = (f"        case {segment!r}:\n            {answer}\n" for segment, answer in answers.items())
    code = f"{_HANDLER}{''.join(cases)}"
    write_function(project, name, code, *(f"ANY {path}/{segment}" for segment in answers), **manifest)


@contextmanager
def open_transport(transport: str, project: Path, stage: str = "dev") -> Iterator[Transport]:
    """Serve the functions of a project folder for as long as the block lasts."""
    environ = {"BERTH_STAGE": stage}
    if transport == "test-client":
        app = create_app(Settings.from_environ({**project_environ(project), **environ}))
        app.testing = True
        try:
            yield Client(app.test_client())
        finally:
            app.extensions["berth"].close()
        return
    start = start_gunicorn if transport == "gunicorn" else start_flask_run
    temp = project / "temp"  # where a server that is killed may leave something
    temp.mkdir(exist_ok=True)
    server = start(project, environ={**environ, "TMPDIR": str(temp)})
    try:
        yield server
    finally:
        server.kill()
