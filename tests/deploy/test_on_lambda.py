"""The image on Lambda itself: AWS's runtime runs one function of it, with its packages and layers."""

import json
import os
import sys
from pathlib import Path
from uuid import uuid4

import pytest
from click.testing import CliRunner

from berth.model.invocation import Invocation
from berth.testing.values import make_function
from berth.tools.cli.function import function_group
from kit.runtime_api import awslambdaric
from kit.servers import project_environ, write_function
from kit.transports import new_project

SHOP = """
import os
import sys

import beside
import layered
import packed

def handler(event, context):
    if event == "fail":
        raise ValueError("no")
    berth = [name for name in os.environ if name.startswith("BERTH_")]
    return {
        "from": [beside.NAME, layered.NAME, packed.NAME],
        "at": os.getcwd(),
        "table": os.environ["TABLE"],
        "level": os.environ["LEVEL"],
        "berth": berth or [name for name in sys.modules if name.startswith(("berth", "flask"))],
        "id": context.aws_request_id,
        "event": event,
    }
"""


def _project(folder: Path) -> Path:
    project = new_project(folder / "project", dev={"environment": {"TABLE": "orders"}})
    layer = project / "layers" / "common" / "python"
    code = write_function(
        project, "shop", SHOP, layers=["../../layers/common"], environment={"LEVEL": "INFO"}
    )
    for place, name in ((code, "beside"), (layer, "layered"), (code / ".packages", "packed")):
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{name}.py").write_text(f"NAME = {name!r}\n")
    return project


def test_function_of_the_image_runs_under_awss_runtime(tmp_path: Path) -> None:
    project = _project(tmp_path)
    folder = project / "functions" / "shop"
    program = [sys.executable, "-m", "berth", "function", "on-lambda", "shop"]
    places = {name: value for name, value in project_environ(project).items() if name.startswith("BERTH_")}
    variables = {**places, "PATH": os.environ["PATH"], "LEVEL": "DEBUG"}  # the Lambda function has one more
    with awslambdaric(make_function("shop", folder), program, variables) as runtime:
        first = Invocation(runtime.function, b"[1]", str(uuid4()))
        result, failed = runtime.invoke(first), runtime.invoke(Invocation(first.function, b'"fail"', "2"))
    assert json.loads(result.payload) == {
        "from": ["beside", "layered", "packed"],
        "at": str(folder),
        "table": "orders",
        "level": "DEBUG",
        "berth": [],
        "id": first.request_id,
        "event": [1],
    }
    assert (failed.value["errorType"], failed.function_error) == ("ValueError", "Unhandled")
    assert [frame.partition(",")[0] for frame in failed.value["stackTrace"]] == [f'  File "{folder}/app.py"']


SECRETS = {
    "gateway": {
        "trust": "token",
        "prefix": {"environment": "PREFIX"},
        "tokens": [{"environment": "GATEWAY_TOKEN"}],
    },
    "invokeApi": {"auth": "token", "tokens": [{"environment": "BRIDGE_TOKEN"}], "bind": "127.0.0.1:9001"},
    "deployed": {"Table": {"environment": "TABLE_NAME"}, "Other": {"environment": "OTHER"}},
}
ECHO = "import os\ndef handler(event, context):\n    return os.environ['TABLE']\n"


def test_function_needs_no_secret_of_the_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the values that stand in what it is itself: its role on Lambda gets no token of the gateway."""
    project = new_project(tmp_path / "project", dev=SECRETS)
    folder = write_function(project, "echo", ECHO, environment={"TABLE": "${deployed.Table}"})
    program = [sys.executable, "-m", "berth", "function", "on-lambda", "echo"]
    places = {name: value for name, value in project_environ(project).items() if name.startswith("BERTH_")}
    variables = {**places, "PATH": os.environ["PATH"], "TABLE_NAME": "orders"}
    with awslambdaric(make_function("echo", folder), program, variables) as runtime:
        assert runtime.invoke(Invocation(runtime.function, b"{}", str(uuid4()))).value == "orders"
    for name, value in {**places, "AWS_LAMBDA_RUNTIME_API": "127.0.0.1:9"}.items():
        monkeypatch.setenv(name, value)
    result = CliRunner().invoke(function_group, ["on-lambda", "echo"])
    missing = "deployed.Table.environment: the environment variable TABLE_NAME is not set"
    assert (result.exit_code, len(result.output.splitlines()), missing in result.output) == (1, 2, True)


def test_command_is_refused_where_lambda_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in project_environ(_project(tmp_path)).items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_LAMBDA_RUNTIME_API", raising=False)
    result = CliRunner().invoke(function_group, ["on-lambda", "shop"])
    assert (result.exit_code, result.output) == (
        1,
        "Error: this is for Lambda, which sets AWS_LAMBDA_RUNTIME_API\n",
    )
