"""`flask gateway token` as a user types it, and that a stage takes what it prints."""

import json
import re
from pathlib import Path

from kit.forked import fork_server
from kit.servers import ROOT, project_environ, start_gunicorn, write_function


def _make_token(project: Path) -> dict[str, str]:
    command = ["--app", str(ROOT / "wsgi.py"), "gateway", "token"]
    shown = fork_server.run("flask", command, project, project_environ(project))
    assert shown.returncode == 0, shown.stderr
    return dict(line.split() for line in shown.stdout.splitlines())


def test_token_and_prefix_are_random(project):
    first, second = _make_token(project), _make_token(project)
    assert re.fullmatch("[0-9a-f]{64}", first["token"])
    assert re.fullmatch("X-Berth-[0-9a-f]{24}-", first["prefix"])
    assert first["token"] != second["token"]
    assert first["prefix"] != second["prefix"]


def test_stage_takes_what_is_printed(project):
    made = _make_token(project)
    write_function(project, "says", "def handler(event, context): return {'body': 'yes'}", "GET /says")
    gateway = {
        "trust": "token",
        "prefix": {"environment": "PREFIX"},
        "tokens": [{"environment": "TOKEN"}],
    }
    (project / "manifests" / "dev.json").write_text(json.dumps({"gateway": gateway}))
    environ = {"PREFIX": made["prefix"], "TOKEN": made["token"]}
    with start_gunicorn(project, environ=environ) as server:
        assert server.get("/says").status == 403
        told = server.send("GET", "/says", [(f"{made['prefix']}Token", made["token"])])
        assert (told.status, told.body) == (200, b"yes")
