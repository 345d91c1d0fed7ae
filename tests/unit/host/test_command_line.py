import sys

import pytest

from berth.host.command_line import typed_command
from kit.tables import for_each


@for_each(
    "program, command",
    [
        ("/srv/shop/.venv/bin/flask", "flask run"),
        ("/usr/lib/python3/site-packages/flask/__main__.py", "flask run"),
        ("/srv/shop/.venv/bin/berth", "berth run"),
        ("/usr/lib/python3/site-packages/berth/__main__.py", "berth run"),
        ("/usr/lib/python3/site-packages/gunicorn/__main__.py", "berth run"),
        ("/srv/flask/serve.py", "berth run"),
        ("-c", "berth run"),
        ("", "berth run"),
    ],
)
def test_command_begins_as_the_one_that_was_typed(
    monkeypatch: pytest.MonkeyPatch, program: str, command: str
) -> None:
    monkeypatch.setattr(sys, "argv", [program, "function", "check"])
    assert typed_command("run") == command


def test_command_begins_with_berth_in_a_process_without_a_command_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "argv", [])
    assert typed_command("function check") == "berth function check"
