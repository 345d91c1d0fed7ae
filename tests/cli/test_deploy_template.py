"""`berth deploy template` as a user types it."""

import json
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from berth.tools.cli.deploy import deploy_group
from berth.tools.deploy.template.document import MOST_READ
from berth.tools.deploy.writing import document_text
from kit.project_writing import PREFIX, add_function, write_stage
from kit.servers import project_environ

ENTRY = {"statements": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}], "managed": []}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project of one function."""
    add_function(tmp_path, "says", "GET /says")
    write_stage(tmp_path)
    return tmp_path


def _run(folder: Path, *arguments: str) -> Result:
    environ = {**project_environ(folder), "GATEWAY_PREFIX": PREFIX}
    command = ["template", "--stage", "prod", *arguments]
    return CliRunner(env=environ).invoke(deploy_group, command)


def test_template_is_written_to_stdout(folder: Path) -> None:
    shown = _run(folder, "--concurrency", "4", "--tasks", "1", "3")
    assert (shown.exit_code, shown.stderr) == (0, "")
    template = json.loads(shown.stdout)
    made_by = "berth deploy template --stage prod --api rest --concurrency 4 --tasks 1 3"
    assert template["Metadata"] == {"MadeBy": made_by}
    assert "RestApi" in template["Resources"]


def test_template_is_written_to_a_file_as_yaml(folder: Path) -> None:
    shown = _run(folder, "--format", "yaml", "--output", str(folder / "shop.yaml"))
    assert (shown.exit_code, shown.output) == (0, "")
    template = yaml.safe_load((folder / "shop.yaml").read_text())
    assert template == json.loads(_run(folder).stdout)


def test_what_api_gateway_would_refuse_is_told_and_nothing_is_written(folder: Path) -> None:
    add_function(folder, "other", "GET /{one}", "GET /{two}/x")
    shown = _run(folder, "--output", str(folder / "shop.json"))
    assert shown.exit_code == 1
    assert "nothing was written" in shown.stderr
    assert "other/manifest.json: routes[1].path" in shown.stderr
    assert not (folder / "shop.json").exists()


def test_warnings_count_when_they_are_asked_for(folder: Path) -> None:
    add_function(folder, "slow", "GET /slow", timeout=5000)
    shown = _run(folder)
    assert shown.exit_code == 0
    assert (
        "slow/manifest.json: timeout: 5000 s: the load balancer ends a request after 4000 s" in shown.stderr
    )
    assert _run(folder, "--strict").exit_code == 3


def test_report_of_an_import_is_taken_up_and_told(folder: Path) -> None:
    (folder / "import-report.json").write_text(json.dumps({"iam": {"says": ENTRY}}))
    shown = _run(folder)
    assert f"the task's role has rights from {folder}/import-report.json: says" in shown.stderr
    assert "s3:GetObject" in shown.stdout
    (folder / "other.json").write_text("{}")
    assert "s3:GetObject" not in _run(folder, "--import-report", str(folder / "other.json")).stdout


@pytest.mark.parametrize(("text", "wrong"), [("{", "is no JSON"), ("[]", "is no report of an import")])
def test_report_that_is_none_is_refused(folder: Path, text: str, wrong: str) -> None:
    (folder / "import-report.json").write_text(text)
    shown = _run(folder)
    assert shown.exit_code == 1
    assert f"import-report.json {wrong}" in shown.stderr


def test_template_that_is_too_large_to_be_sent_needs_a_bucket(folder: Path) -> None:
    add_function(folder, "many", *(f"GET /many/{number}" for number in range(30)))
    shown = _run(folder)
    assert shown.exit_code == 0
    assert (
        f"{len(shown.stdout.encode())} bytes are more than 51200: deploy it with --s3-bucket" in shown.stderr
    )


def test_fewer_tasks_at_most_than_at_least_are_refused(folder: Path) -> None:
    shown = _run(folder, "--tasks", "3", "1")
    assert (shown.exit_code, "3 is more than 1" in shown.stderr) == (2, True)


def test_large_template_is_written_without_blanks(folder: Path) -> None:
    """With them CloudFormation would refuse it, and one with as many resources as a REST API may have."""
    add_function(folder, "many", *(f"GET /m/{number}" for number in range(290)))
    shown = _run(folder, "--output", str(folder / "shop.json"))
    assert shown.exit_code == 0
    text = (folder / "shop.json").read_text()
    assert len(text.encode()) < MOST_READ < len(document_text(json.loads(text), "json").encode())


def test_folder_that_is_not_there_is_named_as_it_was_typed(folder: Path) -> None:
    shown = _run(folder, "--output", "/nowhere/shop.json")
    assert shown.exit_code == 1
    assert shown.stderr == "Error: nothing was written: /nowhere/shop.json: No such file or directory\n"
