"""The commands are entry points of the installed package: no application has to be loaded for them."""

from pathlib import Path

import pytest

from berth import create_app
from kit.forked import fork_server
from kit.servers import ROOT, project_environ, write_function

APPS = [
    pytest.param([], id="without an application"),
    pytest.param(["--app", str(ROOT / "wsgi.py")], id="wsgi"),
]


def _flask(project: Path, *arguments: str) -> str:
    ended = fork_server.run("flask", [*arguments], project, project_environ(project))
    assert (ended.returncode, ended.stderr) == (0, "")
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
