"""BERTH_CHECK: whether a server is ready whose functions cannot be imported."""

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from kit.servers import Server, start_flask_run, start_gunicorn, write_function
from kit.under_test import await_that

pytestmark = pytest.mark.system
HANDLER = "def handler(event, context): return {'statusCode': 200, 'body': 'served'}\n"
READY = "/_berth/health/ready"
FIX = "No module named 'nope': not in requirements.txt; add it, then `berth function install {}`"


def _ready(server: Server) -> tuple[int, Mapping[str, str]]:
    answer = server.get(READY)
    return answer.status, answer.json()


def test_strict_server_is_ready_once_all_functions_were_imported(project: Path) -> None:
    gate = project / "gate"
    os.mkfifo(gate)
    write_function(project, "slow", f"open({str(gate)!r}).read()\n{HANDLER}", "GET /slow")
    write_function(project, "quick", HANDLER, "GET /quick", reservedConcurrency=1)
    server = start_gunicorn(project, environ={"BERTH_CHECK": "strict"})
    try:
        await_that(lambda: "quick" not in _ready(server)[1]["reason"], 30)
        assert _ready(server) == (503, {"status": "starting", "reason": "not imported yet: slow"})
        assert server.get("/_berth/health/live").status == 200
        assert server.get("/quick").body == b"served"
        gate.write_text("open")
        await_that(lambda: _ready(server) == (200, {"status": "ready"}), 30)
    finally:
        assert server.stop() == 0


def test_strict_server_stays_unready_and_names_what_failed(project: Path) -> None:
    write_function(project, "broken", f"import nope\n{HANDLER}", "GET /broken")
    write_function(project, "warm", f"raise KeyError('s3cret')\n{HANDLER}", provisionedConcurrency=1)
    server = start_gunicorn(project, environ={"BERTH_CHECK": "strict"})
    try:
        await_that(lambda: "not imported yet" not in _ready(server)[1]["reason"], 30)
        status, body = _ready(server)
        unable = "broken: Runtime.ImportModuleError: Unable to import module 'app': No module named 'nope'"
        assert (status, sorted(body["reason"].split("; "))) == (503, [unable, "warm: KeyError, see the log"])
        assert server.get("/broken").status == 502
        server.await_log(f"broken: cannot be imported: {FIX.format('broken')}\n")
        server.await_log("warm: provisioned concurrency: KeyError: 's3cret'\n")
    finally:
        assert server.stop() == 0


def test_development_server_is_ready_and_warns(project: Path) -> None:
    write_function(project, "broken", f"import nope\n{HANDLER}", "GET /broken")
    server = start_flask_run(project, environ={"BERTH_CHECK": ""})
    try:
        assert _ready(server) == (200, {"status": "ready"})
        fix = FIX.format("broken").replace("`berth ", "`flask ")  # the command that was typed
        server.await_log(f"broken: cannot be imported: {fix}\n", 30)
    finally:
        server.stop()


def test_first_invocation_logs_the_fix_and_answers_as_lambda_does(project: Path) -> None:
    write_function(project, "broken", f"import nope\n{HANDLER}", "GET /broken")
    server = start_gunicorn(project)
    try:
        assert server.get("/broken").status == 502
        server.await_log(f"broken: {FIX.format('broken')}\n")
        assert server.get("/broken").status == 502
        assert "".join(server.log).count("requirements.txt") == 1
    finally:
        assert server.stop() == 0
