"""A shadow between two real servers, in both directions."""

import json
import signal
from pathlib import Path

import pytest

from kit.servers import Server, start_gunicorn, write_function
from kit.small_apis import small_apis
from kit.transports import new_project

pytestmark = pytest.mark.system
ORDERS = """
import json, uuid

def handler(event, context):
    body = {"id": str(uuid.uuid4()), "length": len(event["body"] or ""), "version": "here"}
    return {"statusCode": 200, "body": json.dumps(body)}
"""
THERE = '{"id": "1a3bc9d0-1c2d-4e5f-8a9b-0c1d2e3f4a5b", "length": 0, "version": "there"}'


def _start(tmp_path: Path, url: str, primary: str) -> Server:
    shadow = {
        "to": url,
        "primary": primary,
        "sampleRate": 1,
        "methods": ["GET", "POST"],
        "report": "../report",
    }
    record = {"to": "../recordings", "sampleRate": 1}
    project = new_project(tmp_path / "project", dev={"shadow": shadow, "record": record})
    write_function(project, "orders", ORDERS, "ANY /orders")
    return start_gunicorn(project)


@pytest.mark.parametrize("primary", ["berth", "target"])
def test_every_request_has_one_answer_and_one_copy(tmp_path: Path, primary: str) -> None:
    large = b"x" * 600_000  # more than a worker receives before somebody wants it
    with small_apis(THERE) as (api,), _start(tmp_path, api.url, primary) as server:
        replies = [server.get("/orders") for _ in range(20)]
        replies.append(server.send("POST", "/orders", [("Content-Type", "text/plain")], large))
        assert {reply.status for reply in replies} == {200}
        assert {reply.json()["version"] for reply in replies} == {"here" if primary == "berth" else "there"}
        assert server.stop(signal.SIGTERM) == 0
        assert len(api.asked) == 21
        assert max(len(each.body) for each in api.asked) == len(large)
    assert "SHADOW 21 copies of 1 routes: 21 different\n" in server.log
    (file,) = (tmp_path / "project" / "report").iterdir()
    differences = json.loads(file.read_text())["differences"]
    assert {each["path"]: each["count"] for each in differences}["body.version"] == 21
    assert "body.id" not in {each["path"] for each in differences}
    lines = [
        line
        for each in (tmp_path / "project" / "recordings").iterdir()
        for line in each.read_text().splitlines()
    ]
    assert len(lines) == 21
