"""`berth deploy plan`: its output, its files and its exit status."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from berth.tools.cli.deploy import deploy_group
from kit.planned import write_article
from kit.project_writing import PREFIX, add_function, write_stage
from kit.tables import for_each


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The project of the article, which has warnings; it is the working folder."""
    write_article(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GATEWAY_PREFIX", PREFIX)
    return tmp_path


def _plan(*arguments: str) -> Result:
    return CliRunner().invoke(deploy_group, ["plan", "--stage", "prod", *arguments])


def test_a_summary_for_people(project: Path) -> None:
    ended = _plan("--balancer", "nlb", "--tasks", "1", "3")
    assert (ended.exit_code, ended.stderr) == (0, "")
    lines = ended.stdout.splitlines()
    assert lines[0] == "Stage prod: REST API, VPC link V1, Network Load Balancer, Fargate"
    assert lines[3].startswith("  web: 1 to 3 tasks of ")
    assert PREFIX not in ended.output


@for_each(
    "arguments, status", [([], 0), (["--strict"], 3), (["--json", "--strict"], 3), (["--api", "http"], 1)]
)
def test_exit_status(project: Path, arguments: list[str], status: int) -> None:
    assert _plan(*arguments).exit_code == status


def test_strict_without_warnings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add_function(tmp_path, "hello", "GET /hello")
    write_stage(tmp_path)
    monkeypatch.chdir(tmp_path)
    assert _plan("--strict", "--placeholder").exit_code == 0


def test_json(project: Path) -> None:
    document = json.loads(_plan("--json").stdout)
    assert list(document) == [
        *("stage", "api", "balancer", "region", "accountId", "services", "functions", "resources"),
        *("parameters", "differences", "import", "warnings"),
    ]


def test_a_picture_in_both_forms(project: Path) -> None:
    assert _plan("--diagram", "stage.svg").exit_code == 0
    assert (project / "stage.svg").read_text().startswith("<svg ")
    assert (project / "stage.svg.mmd").read_text().startswith("flowchart LR\n")


def test_a_picture_that_cannot_be_written(project: Path) -> None:
    ended = _plan("--diagram", "nowhere/stage.svg")
    assert (ended.exit_code, "No such file or directory" in ended.stderr) == (1, True)


def test_the_report_of_an_import_beside_the_functions_is_read(project: Path) -> None:
    entry = {"class": "elsewhere", "path": "Resources.T", "text": "stays in AWS", "function": ""}
    (project / "import-report.json").write_text(json.dumps({"entries": [entry]}))
    lines = _plan().stdout.splitlines()
    at = lines.index("Import: left to you")
    assert lines[at + 1] == "  Resources.T: stays in AWS"


@for_each("text", ["{", "[]", '"x"'])
def test_a_report_that_is_none(project: Path, text: str) -> None:
    (project / "report.json").write_text(text)
    ended = _plan("--import-report", "report.json")
    assert (ended.exit_code, ended.stderr.startswith("Error: nothing was written: report.json is no")) == (
        1,
        True,
    )
