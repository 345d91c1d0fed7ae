"""`flask function ...` as a user types it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from berth.manifest.schema.json_schema import PUBLISHED
from berth.tools.sample import build_sample_event
from kit.forked import fork_server
from kit.inner_pytest import run_pytest
from kit.servers import ROOT, project_environ, write_function

HELLO = """
import logging

def handler(event, context):
    print("printed")
    logging.getLogger().warning("logged")
    if event.get("fail"):
        raise ValueError("no")
    return {"event": event, "name": context.function_name}
"""


def _flask(project: Path, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    arguments = ("--app", str(ROOT / "wsgi.py"), *arguments)
    return fork_server.run("flask", [*arguments], project, project_environ(project), stdin)


@pytest.fixture
def hello(project: Path) -> Path:
    write_function(project, "hello", HELLO, "GET /hello", "ANY /{proxy+}", timeout=5, memorySize=256)
    return project


def test_list_shows_a_table(hello):
    shown = _flask(hello, "function", "list")
    assert shown.stdout.splitlines() == [
        "NAME   HANDLER      TIMEOUT  MEMORY  ROUTES",
        "hello  app.handler  5 s      256 MB  GET /hello, ANY /{proxy+}",
    ]


def test_routes_shows_every_route(hello):
    rows = {tuple(line.split()) for line in _flask(hello, "routes").stdout.splitlines()}
    assert ("hello.get_hello", "GET", "/hello") in rows
    assert any(row[:1] == ("hello.any_proxy",) and row[-1] == "/<path:proxy>" for row in rows)


def test_invoke_prints_the_result_and_logs_to_stderr(hello):
    done = _flask(hello, "function", "invoke", "hello", "--event", "-", stdin='{"a": 1}')
    assert (done.returncode, done.stdout) == (0, '{"event": {"a": 1}, "name": "hello"}\n')
    assert "printed\n" in done.stderr
    assert "[WARNING]" in done.stderr


def test_invoke_reads_a_file_and_ends_with_1_on_a_function_error(hello):
    (hello / "event.json").write_text('{"fail": true}')
    done = _flask(hello, "function", "invoke", "hello", "--event", "event.json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["errorMessage"] == "no"


def test_invoke_refuses_what_is_not_json(hello):
    done = _flask(hello, "function", "invoke", "hello", "--event", "-", stdin="{")
    assert done.returncode == 1
    assert "is not JSON" in done.stderr
    assert done.stdout == ""


def test_invoke_names_what_there_is_when_there_is_no_such_function(hello):
    done = _flask(hello, "function", "invoke", "helo")
    assert done.returncode == 1
    assert "helo: no such function (found: hello)" in done.stderr
    assert "Traceback" not in done.stderr


def test_check_imports_handlers_and_reads_samples(hello):
    events = hello / "functions" / "hello" / "events"
    events.mkdir()
    (events / "good.json").write_text('{"Records": []}')
    assert _flask(hello, "function", "check").stdout == "hello: ok\n"
    (events / "bad.json").write_text('{"requestContext": {}, "httpMethod": 1}')
    (events / "worse.json").write_text("{")
    socket = {"requestContext": {"connectionId": "a", "eventType": "CONNECT"}}
    (events / "socket.json").write_text(json.dumps(socket))
    write_function(hello, "broken", "import nope\ndef handler(event, context): pass")
    done = _flask(hello, "function", "check")
    assert done.returncode == 1
    assert "warning: hello: events/bad.json: lacks what AWS always sends: resource, path, " in done.stderr
    assert "  events/bad.json: httpMethod: must be a string, not 1\n" in done.stdout
    assert "  events/worse.json: not JSON: " in done.stdout
    other = 'this is a WebSocket API event, the function\'s api is "rest"'
    assert f"  events/socket.json: {other}\n" in done.stdout
    unable = "Runtime.ImportModuleError: Unable to import module 'app': No module named 'nope'"
    fix = "No module named 'nope': not in requirements.txt; add it, then `flask function install broken`"
    assert f"broken: FAILED\n  handler 'app.handler': {unable}\n  {fix}\n" in done.stdout
    assert "LAMBDA_WARNING" not in done.stderr
    assert done.stderr.endswith("Error: 2 of 2 functions failed their checks\n")


@pytest.mark.parametrize("command", ["berth", "flask"])
def test_hints_name_the_command_that_was_typed(project, command):
    write_function(project, "broken", "import nope\ndef handler(event, context): pass")
    checked, made = (
        fork_server.run(command, ["function", *arguments], project, project_environ(project))
        for arguments in (["check"], ["new", "hello"])
    )
    assert f"then `{command} function install broken`\n" in checked.stdout
    assert f"Try: {command} run, then curl http://127.0.0.1:8000/hello\n" in made.stdout


def test_event_prints_an_event_without_any_function(project):
    done = _flask(project, "function", "event", "url", "--path", "/é", "--header", "X-A: ☕")
    assert (done.returncode, done.stderr) == (0, "")
    event = json.loads(done.stdout)
    assert (event["rawPath"], event["headers"]["x-a"]) == ("/é", "☕")
    assert done.stdout.startswith('{\n  "version": "2.0",\n')
    assert '"x-a": "☕"' in done.stdout


def test_invoke_refuses_the_event_of_another_api(hello):
    event = json.dumps(build_sample_event("GET", "/hello", shape="http2"))
    done = _flask(hello, "function", "invoke", "hello", "--event", "-", stdin=event)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        'Error: <stdin>: this is an HTTP API 2.0 event, the function\'s api is "rest";'
        " `flask function event rest` prints one for it\n"
    )


def test_invoke_warns_of_an_event_that_lacks_what_aws_sends(hello):
    event = dict(build_sample_event("GET", "/hello"))
    del event["resource"], event["multiValueHeaders"]
    (hello / "event.json").write_text(json.dumps(event))
    done = _flask(hello, "function", "invoke", "hello", "--event", "event.json")
    assert done.returncode == 0
    warning = "warning: event.json: lacks what AWS always sends: resource, multiValueHeaders\n"
    assert done.stderr.startswith(warning)


def test_new_makes_all_that_a_function_needs_in_an_empty_folder(tmp_path):
    made = _flask(tmp_path, "function", "new", "greet-all")
    assert (made.returncode, made.stderr) == (0, "")
    assert made.stdout.splitlines() == [
        "wrote functions/greet-all/app.py",
        "wrote functions/greet-all/manifest.json",
        "wrote functions/greet-all/events/get.json",
        "wrote tests/functions/test_greet_all.py",
        "wrote manifests/dev.json",
        "wrote manifests/schema/function.schema.json",
        "wrote manifests/schema/stage.schema.json",
        "wrote conftest.py",
        "Try: flask run, then curl http://127.0.0.1:8000/greet-all",
    ]
    for path in (tmp_path / "functions" / "greet-all" / "manifest.json", tmp_path / "manifests" / "dev.json"):
        assert (path.parent / json.loads(path.read_text())["$schema"]).is_file()
    assert _flask(tmp_path, "function", "check", "greet-all").stdout == "greet-all: ok\n"
    ran = run_pytest(tmp_path, os.environ)
    assert "2 passed" in ran.stdout, ran.stdout


def test_new_leaves_a_stage_and_the_fixtures_of_tests_as_they_are(project):
    (project / "tests").mkdir()
    (project / "tests" / "conftest.py").touch()
    made = _flask(project, "function", "new", "late")
    assert made.returncode == 0, made.stderr
    assert (project / "manifests" / "dev.json").read_text() == "{}"
    assert not (project / "conftest.py").exists()


def test_schema_writes_the_documents_of_this_version(project):
    old = project / "manifests" / "schema" / "stage.schema.json"
    old.parent.mkdir()
    old.write_text("{}")
    written = "wrote manifests/schema/function.schema.json\nwrote manifests/schema/stage.schema.json\n"
    assert _flask(project, "function", "schema").stdout == written
    assert old.read_bytes() == (PUBLISHED / "stage.schema.json").read_bytes()


def test_build_makes_files_that_every_user_can_read_and_that_are_compiled(hello):
    folder = hello / "functions" / "hello"
    (folder / "template.py").write_text("{{ no Python }}")
    (folder / "run.sh").touch(0o700)
    folder.chmod(0o700)
    (folder / "app.py").chmod(0o600)
    done = _flask(hello, "function", "build")
    assert (done.returncode, done.stdout) == (0, "nothing to install: no requirements.txt\n")
    found = [folder, folder / "app.py", folder / "run.sh", *folder.glob("__pycache__/app.*.pyc")]
    assert [path.stat().st_mode & 0o777 for path in found] == [0o755, 0o644, 0o755, 0o644]


def test_new_leaves_what_exists_alone(hello):
    done = _flask(hello, "function", "new", "hello")
    assert done.returncode == 1
    folder = hello / "functions" / "hello"
    assert done.stderr == f"Error: nothing was written, because this exists already: {folder}\n"
    assert _flask(hello, "function", "new", "../x").returncode == 1


def test_check_tells_names_without_a_value_in_every_stage_and_needs_no_secrets(hello):
    manifest = hello / "functions" / "hello" / "manifest.json"
    environment = {"TABLE": "${deployed.Table}", "DB": "${deployed.Db}"}
    manifest.write_text(json.dumps({"handler": "app.handler", "environment": environment}))
    stage = {"deployed": {"Table": "orders-dev", "Db": {"environment": "NO_SUCH_VARIABLE"}}}
    (hello / "manifests" / "dev.json").write_text(json.dumps(stage))
    (hello / "manifests" / "prod.json").write_text('{"deployed": {"Db": "x"}}')
    done = _flask(hello, "function", "check")
    assert (done.returncode, done.stdout) == (0, "hello: ok\n")
    open_name = "prod.json: deployed.Table: has no value; asked for by"
    assert open_name in done.stderr
    assert (
        "dev.json: deployed.Db.environment: the environment variable NO_SUCH_VARIABLE is not set"
        in done.stderr
    )
    (hello / "manifests" / "dev.json").write_text("{}")
    refused = _flask(hello, "function", "check")
    assert refused.returncode == 1
    assert open_name in refused.stderr
    assert "dev.json: deployed.Table: has no value; asked for by" in refused.stderr


def test_check_says_what_keeps_functions_apart_and_warns_of_a_shared_tmp(hello):
    code = "import os\nPLACE = '/tmp/cache'\ndef handler(event, context): pass\n"
    write_function(hello, "cacher", code)
    done = _flask(hello, "function", "check")
    assert done.returncode == 0
    assert done.stderr.startswith("sandbox auto: ")
    warning = "warning: cacher: app.py, line 2: /tmp is shared by all functions here: "
    assert [line[: len(warning)] for line in done.stderr.splitlines() if "cacher: app.py" in line] == [
        warning
    ]


STOPPING = """
def handler(event, context):
    word = "asked"
    breakpoint()
    return word
"""


def test_invoke_inline_stops_at_a_breakpoint(project):
    write_function(project, "stopping", STOPPING)
    done = _flask(project, "function", "invoke", "stopping", "--inline", stdin="word = 'changed'\nc\n")
    assert (done.returncode, done.stdout) == (0, '"changed"\n')
    # Since Python 3.13, pdb stops at the call itself.
    stop = "breakpoint()" if sys.version_info >= (3, 13) else "return word"
    assert f"-> {stop}\n(Pdb) " in done.stderr


def test_run_refuses_an_inline_function_that_does_not_exist(hello):
    refused = _flask(hello, "run", "--inline", "helo")
    assert refused.returncode == 1
    assert "the stage has no function 'helo': did you mean 'hello'?" in refused.stderr
    assert "Traceback" not in refused.stderr
