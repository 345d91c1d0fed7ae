"""`berth migrate doctor`: its lines, its JSON, its table and its exit status."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from berth.tools.cli.migrate import migrate_group
from kit.doctor import FUNCTION, write_project
from kit.tables import for_each

WARNS = {f"{FUNCTION}/app.py": "p = '/tmp/x'"}
FAILS = {f"{FUNCTION}/app.py": "import stripe\np = '/tmp/x'\nq = '/tmp/y'  # berth: ok D104 one function"}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _doctor(*arguments: str) -> Result:
    return CliRunner().invoke(migrate_group, ["doctor", *arguments])


def test_lines_and_table_are_printed(here: Path) -> None:
    hello: dict[str, str | bytes] = {
        "functions/hello/manifest.json": '{"handler": "app.handler"}',
        "functions/hello/app.py": "def handler(event, context): ...",
    }
    write_project(here, {**FAILS, **hello})
    ended = _doctor()
    assert ended.exit_code == 1
    assert ended.output.splitlines() == [
        "functions/orders/app.py:1  D103  error  "
        "the module `stripe` is in no folder that the function searches  "
        "name stripe in requirements.txt and run `berth function install`",
        "functions/orders/app.py:2  D104  warning  "
        "/tmp is shared by all functions and all their environments here  "
        "let `tempfile` or os.environ['TMPDIR'] name the folder, "
        "or set BERTH_SANDBOX=namespaces where the host permits it",
        "",
        "| function | status  | errors | warnings | notes |",
        "|----------|---------|--------|----------|-------|",
        "| hello    | ready   |        |          |       |",
        "| orders   | blocked | D103   | D104     |       |",
        "",
        "2 functions: 1 ready, 0 check, 1 blocked; 1 suppressed",
    ]


STATUSES: list[tuple[dict[str, str | bytes], list[str], int]] = [
    ({f"{FUNCTION}/app.py": "import uuid\nI = uuid.uuid4()"}, ["--strict"], 0),
    ({**WARNS}, [], 0),
    ({**WARNS}, ["--strict", "--json"], 3),
    ({**FAILS}, [], 1),
    ({f"{FUNCTION}/manifest.json": "{"}, ["--strict"], 1),
]


@for_each("files, arguments, status", STATUSES)
def test_exit_status(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    files: dict[str, str | bytes],
    arguments: list[str],
    status: int,
) -> None:
    folder = tmp_path / f"project-{len(os.listdir(tmp_path))}"
    write_project(folder, files)
    monkeypatch.chdir(folder)
    assert _doctor(*arguments).exit_code == status


def test_json_has_the_same_and_its_functions(here: Path) -> None:
    write_project(here, dict(FAILS))
    said: dict[str, Any] = json.loads(_doctor("--json", "--platform", "linux/arm64").output)
    assert said.pop("python").startswith("3.")
    assert said == {
        "version": 1,
        "stage": "dev",
        "platform": "linux/arm64",
        "functions": [{"name": "orders", "status": "blocked", "errors": 1, "warnings": 1, "notes": 0}],
        "findings": [
            {
                "file": "functions/orders/app.py",
                "line": 1,
                "id": "D103",
                "severity": "error",
                "text": "the module `stripe` is in no folder that the function searches",
                "advice": "name stripe in requirements.txt and run `berth function install`",
                "functions": ["orders"],
            },
            {
                "file": "functions/orders/app.py",
                "line": 2,
                "id": "D104",
                "severity": "warning",
                "text": "/tmp is shared by all functions and all their environments here",
                "advice": "let `tempfile` or os.environ['TMPDIR'] name the folder, "
                "or set BERTH_SANDBOX=namespaces where the host permits it",
                "functions": ["orders"],
            },
        ],
        "suppressed": [
            {"file": "functions/orders/app.py", "line": 3, "id": "D104", "reason": "one function"}
        ],
    }


def test_only_the_named_functions_are_examined(here: Path) -> None:
    users: dict[str, str | bytes] = {
        "functions/users/manifest.json": '{"handler": "app.handler"}',
        "functions/users/app.py": "import nowhere",
    }
    write_project(here, {**WARNS, **users})
    assert "D103" not in _doctor("orders").output
    assert json.loads(_doctor("orders", "--json").output)["functions"][0]["name"] == "orders"
    assert _doctor("users").exit_code == 1


def test_unknown_function_is_refused(here: Path) -> None:
    write_project(here, {})
    ended = _doctor("order")
    assert (ended.exit_code, ended.output) == (1, "Error: order: no such function (found: orders)\n")


def test_unknown_platform_is_a_usage_error(here: Path) -> None:
    write_project(here, {})
    assert _doctor("--platform", "windows").exit_code == 2


def test_folder_without_functions_is_told(here: Path) -> None:
    ended = _doctor()
    assert ended.exit_code == 1
    assert "there is no such folder of functions" in ended.output


def test_settings_count(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = "import boto3, jwt\np = '/tmp/x'\nboto3.client('lambda').invoke(FunctionName='x')"
    stage = '{"invokeApi": {"auth": "none"}}'
    write_project(here, {f"{FUNCTION}/app.py": code, "manifests/prod.json": stage})
    found = [each["id"] for each in json.loads(_doctor("--json").output)["findings"]]
    assert found == ["D103", "D104", "D110"]
    for name, value in {
        "STAGE": "prod",
        "EXTRAS": "aws,jwt",
        "SANDBOX": "namespaces",
        "INVOKE_HERE": "on",
    }.items():
        monkeypatch.setenv(f"BERTH_{name}", value)
    said = json.loads(_doctor("--json").output)
    assert (said["stage"], said["findings"]) == ("prod", [])


def test_project_elsewhere_has_paths_of_its_own(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_project(here / "shop", dict(WARNS))
    (here / "other").mkdir()
    monkeypatch.chdir(here / "other")
    monkeypatch.setenv("BERTH_FUNCTIONS_DIR", str(here / "shop/functions"))
    monkeypatch.setenv("BERTH_MANIFESTS_DIR", str(here / "shop/manifests"))
    assert _doctor().output.startswith("functions/orders/app.py:1  D104  warning  ")


def test_help_lists_the_commands_and_says_what_doctor_does() -> None:
    assert "doctor" in CliRunner().invoke(migrate_group, ["--help"]).output
    assert "No code of a function runs." in " ".join(_doctor("--help").output.split())
    assert CliRunner().invoke(migrate_group, ["nonsense"]).exit_code == 2
