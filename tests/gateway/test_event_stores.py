"""What requests leave in the event queue and in the state store, and what they are told if they cannot."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from berth.factory import create_app
from berth.gateway.flask_app import GatewayApp
from berth.invoke.queue.sqlite_queue import SqliteQueue
from berth.settings import Settings
from kit.aws_server import Aws
from kit.servers import project_environ
from kit.transports import new_project, write_answer

PREFIX, TOKEN = "X-Berth-0123456789abcdef-", "a1b2" * 10
GATEWAY = {"trust": "token", "prefix": {"environment": "PREFIX"}, "tokens": [{"environment": "TOKEN"}]}
INVOKE_PATH = "/2015-03-31/functions/job/invocations"


@contextmanager
def _application(folder: Path, stage: dict[str, Any], **environ: str) -> Iterator[GatewayApp]:
    """An application with one asynchronous route, whose events nobody runs."""
    project = new_project(folder / "project", dev=stage)
    write_answer(project, "job", "return 1", "POST /job", invocation="async")
    environ = {"BERTH_WORKER": "off", "BERTH_QUEUE_URL": f"sqlite:///{folder}/events.db", **environ}
    app = create_app(Settings.from_environ({**project_environ(project), **environ}))
    app.testing = True
    yield app
    app.extensions["berth"].close()


def _post(app: GatewayApp, **headers: str) -> int:
    """Send a request of some kilobytes; returns the status."""
    lines = {name.replace("_", "-"): value for name, value in headers.items()}
    with app.test_client().post("/job", data=b"x" * 4000, headers=lines) as answer:
        return answer.status_code


def _invoke(app: GatewayApp) -> tuple[int, str | None]:
    """Send an event to the Invoke API; returns the status and the type of the error."""
    server = {"wsgi.input_terminated": True}  # a body that has been read may be read again
    headers = {"X-Amz-Invocation-Type": "Event"}
    with app.test_client().post(INVOKE_PATH, data=b"{}", headers=headers, environ_overrides=server) as answer:
        return answer.status_code, answer.headers.get("x-amzn-ErrorType")


def _queued(app: GatewayApp) -> int:
    return app.extensions["berth"].stores.queue.depth().depth


def test_queue_file_holds_the_event_and_no_gateway_token(tmp_path: Path) -> None:
    with _application(tmp_path, {"gateway": GATEWAY}, PREFIX=PREFIX, TOKEN=TOKEN) as app:
        headers = {f"{PREFIX}Token": TOKEN, f"{PREFIX}Request-Id": "a-request", "X_Other": "kept"}
        assert _post(app) == 403
        assert _post(app, **headers) == 202
        content = b"".join(path.read_bytes() for path in tmp_path.glob("events.db*"))
    assert b"kept" in content
    assert not [each for each in (TOKEN, PREFIX, PREFIX.lower()) if each.encode() in content]


def test_messages_and_items_hold_the_event_and_no_gateway_token(aws: Aws, tmp_path: Path) -> None:
    queue, table = aws.create_queue("events"), aws.create_table()
    endpoint = aws.client("sqs").meta.endpoint_url
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", endpoint)
        environ = {
            "BERTH_QUEUE_URL": f"sqs://sqs.eu-west-1.amazonaws.com/123456789012/{queue}",
            "BERTH_STATE": f"dynamodb:{table}",
            "AWS_REGION": "eu-west-1",
        }
        with _application(tmp_path, {"gateway": GATEWAY}, PREFIX=PREFIX, TOKEN=TOKEN, **environ) as app:
            headers = {f"{PREFIX}Token": TOKEN, "X_Other": "kept"}
            assert _post(app, **headers) == 202
    items = aws.client("dynamodb").scan(TableName=table)["Items"]
    messages = aws.messages(queue)
    assert (len(items), len(messages)) == (1, 1)
    assert "kept" in messages[0]["Body"]
    stored = repr([items, messages])
    assert not [each for each in (TOKEN, PREFIX, PREFIX.lower()) if each in stored]


def test_no_request_is_accepted_while_the_file_is_locked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("berth.invoke.sqlite_file._LOCKED_SECONDS", 0.05)
    api = {"invokeApi": {"auth": "none"}}
    with _application(tmp_path, api) as app:
        assert (_post(app), _invoke(app)) == (202, (202, None))
        with closing(sqlite3.connect(tmp_path / "events.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            assert (_post(app), _invoke(app)) == (503, (500, "ServiceException"))
            other.execute("ROLLBACK")
        assert _queued(app) == 2
        assert (_post(app), _invoke(app)) == (202, (202, None))
        assert _queued(app) == 4


def test_every_accepted_request_is_stored_when_the_disk_becomes_full(tmp_path: Path) -> None:
    with _application(tmp_path, {}) as app:
        queue = app.extensions["berth"].stores.queue
        assert isinstance(queue, SqliteQueue)
        queue.file.write(lambda connection: connection.execute("PRAGMA max_page_count = 60").close())
        statuses = [_post(app) for _ in range(60)]
        accepted = statuses.count(202)
        assert 0 < accepted < 60
        assert set(statuses) == {202, 503}
        # An event whose page found no room is kept, and its caller is told to try again.
        assert _queued(app) in {accepted, accepted + 1}
    with closing(sqlite3.connect(tmp_path / "events.db")) as stored:
        events = [json.loads(payload)["body"] for (payload,) in stored.execute("SELECT payload FROM events")]
    assert len(events) >= accepted
    assert set(events) == {"x" * 4000}
