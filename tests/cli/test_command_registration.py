"""The commands are entry points of the installed package: no application has to be loaded for them."""

import subprocess
import sys
from pathlib import Path

import pytest

from berth import create_app
from kit.servers import ROOT, project_environ, write_function

APPS = [
    pytest.param([], id="without an application"),
    pytest.param(["--app", str(ROOT / "wsgi.py")], id="wsgi"),
]


def _flask(project: Path, *arguments: str) -> str:
    program = [sys.executable, "-m", "flask", *arguments]
    ended = subprocess.run(
        program, cwd=project, env=project_environ(project), capture_output=True, text=True, check=True
    )
    assert ended.stderr == ""
    return ended.stdout


@pytest.mark.parametrize("option", APPS)
def test_functions_are_listed(project: Path, option: list[str]) -> None:
    write_function(project, "says", "", "GET /says")
    assert _flask(project, *option, "function", "list") == (
        "NAME  HANDLER      TIMEOUT  MEMORY  ROUTES\nsays  app.handler  3 s      128 MB  GET /says\n"
    )


@pytest.mark.parametrize("option", APPS)
def test_token_is_made(project: Path, option: list[str]) -> None:
    assert [line.split()[0] for line in _flask(project, *option, "gateway", "token").splitlines()] == [
        "token",
        "prefix",
    ]


def test_application_does_not_register_them_again() -> None:
    assert create_app().cli.commands == {}
