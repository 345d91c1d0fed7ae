"""`berth migrate record` as a user types it."""

import json
import os
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from berth.comparison.recording import RecordedInvocation, write_recording
from berth.comparison.redaction import Redactor
from berth.tools.cli.record import record_command
from berth.tools.sample import build_sample_event
from kit.servers import project_environ, write_function

GET = json.dumps(build_sample_event("GET", "/orders/7", resource="/orders/{id}")).encode()
POST = json.dumps(build_sample_event("POST", "/orders", shape="http2")).encode()


def _line(function: str, hour: int, event: bytes, error: str | None = None) -> bytes:
    invocation = RecordedInvocation(function, f"2026-07-10T{hour:02}:00:00.000+00:00", event, b"null", error)
    return write_recording(invocation, Redactor(b"key"))


@pytest.fixture
def recording(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a recording, which the stage names, and with files of others."""
    write_function(project, "orders", "def handler(event, context): pass")
    (project / "manifests" / "dev.json").write_text('{"record": {"to": "../rec"}}')
    for name, value in project_environ(project).items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(project)
    folder = project / "rec"
    folder.mkdir()
    (folder / "2026-07-10-1.jsonl").write_bytes(
        _line("orders", 9, GET) + _line("orders", 8, GET, "Unhandled") + b"not json\n" + _line("a", 7, b"{}")
    )
    (folder / "2026-07-11-1.jsonl").write_bytes(_line("orders", 10, POST))
    (folder / "others.jsonl").write_text('{"a": 1}\n')
    return folder


def _run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(record_command, list(arguments))
    return result.exit_code, result.output


@pytest.mark.usefixtures("recording")
def test_recording_of_the_stage_is_listed_by_route() -> None:
    status, output = _run()
    assert status == 0
    assert [line.split("  ")[0] for line in output.splitlines()] == ["FUNCTION", "a", "orders", "orders"]
    lines = [" ".join(line.split()) for line in output.splitlines()]
    assert lines[1:] == [
        "a - 1 0 2026-07-10T07:00:00.000+00:00 2026-07-10T07:00:00.000+00:00",
        "orders GET /orders/{id} 2 1 2026-07-10T08:00:00.000+00:00 2026-07-10T09:00:00.000+00:00",
        "orders POST /orders 1 0 2026-07-10T10:00:00.000+00:00 2026-07-10T10:00:00.000+00:00",
    ]


def test_recording_is_listed_as_json(recording: Path) -> None:
    status, output = _run(str(recording), "--json")
    assert status == 0
    assert [(each["route"], each["count"], each["errors"]) for each in json.loads(output)] == [
        ("-", 1, 0), ("GET /orders/{id}", 2, 1), ("POST /orders", 1, 0),
    ]  # fmt: skip


def test_old_files_are_removed_and_none_of_others(recording: Path) -> None:
    old = time.time() - 10 * 86_400
    for name in ("2026-07-10-1.jsonl", "others.jsonl"):
        os.utime(recording / name, (old, old))
    status, output = _run("--prune", "7")
    assert (status, output.splitlines()[0]) == (0, "removed 1 files")
    assert sorted(each.name for each in recording.iterdir()) == ["2026-07-11-1.jsonl", "others.jsonl"]


@pytest.mark.usefixtures("recording")
def test_what_is_not_there_is_said() -> None:
    assert _run("nothing") == (1, "Error: nothing is no folder: nothing was recorded there yet\n")
    stage = Path("manifests/dev.json")
    stage.write_text("{}")
    assert _run() == (1, "Error: the stage has no `record`: name a folder, or add the key\n")
    stage.write_text('{"record": {"to": "s3://bucket/x"}}')
    fetch = "aws s3 sync s3://bucket/x recordings"
    assert _run() == (1, f"Error: the recording is in S3: fetch it by `{fetch}`, and name the folder\n")
