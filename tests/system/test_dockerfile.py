"""The Dockerfile as text: what a build is not needed for."""

import http.server
import json
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from berth.tools.cli.project_files import DOCKERFILE
from kit.servers import ROOT

TEXT = (ROOT / "Dockerfile").read_text()
MANUAL = (ROOT / "docs/deploy.md").read_text()


@dataclass
class Instruction:
    """One instruction, its lines joined."""

    keyword: str
    value: str


def _instructions() -> list[Instruction]:
    lines = [line for line in TEXT.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    return [Instruction(*line.split(" ", 1)) for line in joined.splitlines()]


def _stages() -> dict[str, dict[str, str]]:
    """The instructions of each stage by keyword, of repeated ones the last. The last stage is named ""."""
    stages: dict[str, dict[str, str]] = {}
    for each in _instructions():
        if each.keyword == "FROM":
            name = each.value.partition(" AS ")[2]
            stages[name] = {}
        if stages:
            stages[name][each.keyword] = each.value
    return stages


STAGES = _stages()
BASE = STAGES["base"]


@pytest.mark.parametrize("text", [TEXT, DOCKERFILE], ids=["repository", "new project"])
def test_hadolint_finds_nothing(text):
    search = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    hadolint = shutil.which("hadolint", path=search)
    if hadolint is None:
        pytest.skip("NOT TESTED: the Dockerfile's form. hadolint is not installed: pip install -e '.[dev]'")
    checked = subprocess.run([hadolint, "-"], input=text, capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")


def test_the_base_can_be_chosen():
    assert _instructions()[:3] == [
        Instruction("ARG", "BASE=python:3.13-slim"),
        Instruction("ARG", "BUILDER=${BASE}"),
        Instruction("FROM", "${BUILDER} AS build"),
    ]
    assert BASE["FROM"] == "${BASE} AS base"
    assert re.findall(r"python3\.\d+", TEXT) == []


def test_the_functions_are_put_on_the_base_and_change_nothing_else():
    assert list(STAGES) == ["build", "server", "base", "functions", ""]
    assert STAGES[""] == {
        "FROM": "base",
        "COPY": "--from=functions /srv/berth ./",
        "RUN": "berth function check",
    }


def test_a_new_project_does_the_same_with_published_images():
    stages = [part.splitlines() for part in DOCKERFILE.split("FROM ")[1:]]
    assert [lines[0] for lines in stages] == ["${BERTH}-build AS build", "${BERTH}"]
    assert stages[0][-2] == "RUN berth function build"
    assert [line for line in stages[1][1:] if line[0] != "#"] == [
        "COPY --from=build /srv/berth /srv/berth",
        "RUN berth function check",
    ]


def test_the_user_is_fixed_and_not_root():
    assert BASE["USER"] == "10001:10001"


def test_it_starts_in_exec_form():
    assert json.loads(BASE["ENTRYPOINT"]) == ["gunicorn", "wsgi:app"]
    assert "CMD" not in BASE


def test_it_ends_on_sigterm():
    assert BASE["STOPSIGNAL"] == "SIGTERM"


def test_it_says_where_it_listens_and_writes():
    assert BASE["EXPOSE"] == "8000"
    assert json.loads(BASE["VOLUME"]) == ["/tmp"]
    assert BASE["ENV"] == (
        "PATH=/srv/venv/bin:$PATH HOME=/tmp PYTHONUNBUFFERED=1 BERTH_CHECK=strict BERTH_EXTRAS=$EXTRAS"
    )


def _image_health_check() -> list[str]:
    options, command = BASE["HEALTHCHECK"].split("CMD ")
    assert options == "--interval=30s --timeout=5s --start-period=10s "
    return json.loads(command)


def _manual_health_check() -> list[str]:
    blocks = map(json.loads, re.findall(r"```json\n(.*?)```", MANUAL, re.DOTALL))
    (definition,) = [block for block in blocks if "healthCheck" in block]
    kind, *command = definition["healthCheck"]["command"]
    assert kind == "CMD"
    return command


CHECKS = [
    pytest.param(_image_health_check, "/_berth/health/ready", id="image"),
    pytest.param(_manual_health_check, "/_berth/health/live", id="manual"),
]


class _Health(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        statuses = self.server.statuses
        self.send_response(statuses.get(self.path, 404))
        self.end_headers()

    def log_message(self, *arguments):
        pass


@pytest.fixture
def health() -> Iterator[http.server.HTTPServer]:
    """A server whose `statuses` say what each path answers."""
    with http.server.HTTPServer(("127.0.0.1", 0), _Health) as server:
        server.statuses = {}
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(("read_command", "path"), CHECKS)
def test_the_health_check_believes_200_only(health, read_command, path):
    environ = {"PORT": str(health.server_port), "http_proxy": "http://127.0.0.1:1"}
    health.statuses = {path: 200}
    assert _status(read_command(), environ) == 0
    health.statuses = {path: 503}
    assert _status(read_command(), environ) == 1


@pytest.mark.parametrize(("read_command", "path"), CHECKS)
def test_the_health_check_knows_the_default_port(read_command, path):
    program, *_, code = read_command()
    assert program == "python"
    assert "int(os.environ.get('PORT') or 8000)" in code


def _status(command: list[str], environ: dict[str, str]) -> int:
    program = [sys.executable, *command[1:]]
    return subprocess.run(program, env=environ, capture_output=True, check=False).returncode
