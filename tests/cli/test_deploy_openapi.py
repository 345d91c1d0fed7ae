"""`berth deploy openapi` as a user types it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from berth.tools.cli.deploy import deploy_group
from kit.servers import project_environ, write_function
from kit.transports import ECHO, new_project

PREFIX = "X-Berth-0123456789abcdef-"
GATEWAY = {
    "trust": "token",
    "prefix": {"environment": "GATEWAY_PREFIX"},
    "tokens": [{"environment": "GATEWAY_TOKEN"}],
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = new_project(tmp_path / "project", prod={"gateway": GATEWAY})
    write_function(folder, "says", ECHO, "GET /says")
    return folder


def _run(folder: Path, *arguments: str, **environ: str) -> Result:
    own = {"GATEWAY_PREFIX": PREFIX, **environ}
    return CliRunner(env={**project_environ(folder), **own}).invoke(
        deploy_group, ["openapi", "--stage", "prod", *arguments]
    )


def _mappings(document: dict[str, Any]) -> dict[str, str]:
    mappings: dict[str, str] = document["paths"]["/says"]["get"]["x-amazon-apigateway-integration"][
        "requestParameters"
    ]
    return mappings


def test_document_is_written_and_stage_variables_are_told(folder: Path) -> None:
    shown = _run(folder)
    assert shown.exit_code == 0
    assert f"integration.request.header.{PREFIX}Token" in _mappings(json.loads(shown.stdout))
    assert [line.split(":")[0] for line in shown.stderr.splitlines()] == [
        "stage variable berthLink",
        "stage variable berthAddress",
        "stage variable berthBalancer",
        "stage variable berthToken",
    ]


def test_document_is_written_to_a_file_as_yaml(folder: Path) -> None:
    target = folder / "api.yaml"
    target.write_text("what was there before")
    shown = _run(folder, "--output", str(target), "--format", "yaml", "--balancer", "nlb")
    assert (shown.exit_code, shown.stdout) == (0, "")
    document = yaml.safe_load(target.read_text())
    assert "integrationTarget" not in document["paths"]["/says"]["get"]["x-amazon-apigateway-integration"]
    assert [path.name for path in folder.iterdir() if path.name.startswith(".")] == []


def test_placeholder_is_marked(folder: Path) -> None:
    shown = _run(folder, "--placeholder")
    assert PREFIX not in shown.stdout
    assert "integration.request.header.X-Berth-Placeholder-Prefix-Token" in _mappings(
        json.loads(shown.stdout)
    )
    assert shown.stderr.startswith("the prefix is a placeholder: no server accepts this document\n")


def test_untrusted_document_has_no_context(folder: Path) -> None:
    (folder / "manifests" / "prod.json").write_text("{}")
    refused = _run(folder)
    assert refused.exit_code == 1
    assert "prod.json: gateway: its trust must be token" in refused.stderr
    mappings = _mappings(json.loads(_run(folder, "--untrusted").stdout))
    assert mappings == {
        "integration.request.header.Content-Encoding": "method.request.header.Content-Encoding"
    }


def test_problems_are_told_and_nothing_is_written(folder: Path) -> None:
    write_function(folder, "other", ECHO, "GET /x/{id}", "GET /x/{uid}/y")
    target = folder / "api.json"
    refused = _run(folder, "--output", str(target))
    assert (refused.exit_code, refused.stdout, target.exists()) == (1, "", False)
    assert refused.stderr.startswith("Error: nothing was written, 1 problem:\n")
    assert "other/manifest.json: routes[1].path: /x/{uid}/y has {uid}" in refused.stderr


def test_warnings_have_an_exit_status_of_their_own(folder: Path) -> None:
    write_function(folder, "slow", ECHO, "GET /slow", timeout=60)
    for options, status in (((), 0), (("--strict",), 3)):
        shown = _run(folder, *options)
        assert (shown.exit_code, "/slow" in json.loads(shown.stdout)["paths"]) == (status, True)
        assert "warning: " in shown.stderr


def test_function_without_an_api_is_told(folder: Path) -> None:
    write_function(folder, "balanced", ECHO, "GET /x", api="alb")
    (folder / "functions" / "says" / "manifest.json").write_text(json.dumps({"handler": "app.handler"}))
    refused = _run(folder)
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "no function has a route of a REST API or an HTTP API" in refused.stderr


@pytest.mark.parametrize(
    ("arguments", "wrong"),
    [
        (["--stage", "a/b"], "'a/b' is not a stage name"),
        (["--api", "soap"], "'soap' is not one of"),
        (["--output", "/nowhere/at/all.json"], "nothing was written: /nowhere/at"),
        (["--stage", "other"], "no manifest for the stage 'other' (found: prod)"),
    ],
)
def test_wrong_options_are_told_without_a_traceback(folder: Path, arguments: list[str], wrong: str) -> None:
    refused = _run(folder, *arguments)
    assert refused.exit_code in {1, 2}
    assert wrong in refused.stderr
    assert "Traceback" not in refused.stderr


def test_group_imports_a_command_when_it_is_used() -> None:
    program = "import sys, berth.tools.cli.deploy; print([m for m in sys.modules if 'tools.deploy' in m])"
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert shown.stdout == "[]\n"
