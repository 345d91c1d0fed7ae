"""A process that is forked from the template is as one that is started by itself, and shares nothing."""

import json
import os
import shutil
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from berth.model.invocation import InvocationResult
from berth.runtime.process import forking, launching
from berth.testing.values import make_function
from kit.logged import LoggedServer
from kit.processes import children, is_template, watching
from kit.tables import for_each
from kit.under_test import FUNCTIONS, build_function

Serve = Callable[..., LoggedServer]


def _ask(server: LoggedServer, question: str, about: object = None, name: str = "one", **changes: Any) -> Any:
    """Ask the function of this name, in the process that it has or in a new one."""
    function = replace(build_function("describes_itself", "app.answer", **changes), name=name)
    return _value(server.invoke(function, json.dumps({"asked": question, "about": about}).encode()))


def _value(result: InvocationResult) -> Any:
    assert result.function_error is None, result.payload
    return json.loads(result.payload)


def _template() -> int:
    (pid,) = filter(is_template, children(os.getpid()))
    return pid


def test_process_is_a_copy_of_the_template(serve: Serve) -> None:
    assert _ask(serve(), "forked") is True


@for_each("sandbox", ["auto", "files", "off"])
def test_copy_sees_what_a_process_sees_that_is_started_by_itself(serve: Serve, sandbox: str) -> None:
    copy = _ask(serve(sandbox=sandbox), "everything")
    server = serve(sandbox=sandbox, template=False)
    started = _ask(server, "everything")
    assert _ask(server, "forked") is False
    assert {name: copy[name] for name in copy if copy[name] != started[name]} == {}


def test_copy_can_have_many_callbacks_of_c(serve: Serve) -> None:
    assert _ask(serve(), "callbacks", 3000) == 4_498_500  # libffi 3.8 needs a descriptor for them


@for_each("template", [True, False])
def test_a_function_interrupts_neither_the_server_nor_another_function(serve: Serve, template: bool) -> None:
    server = serve(template=template)
    assert _ask(server, "policy") == [os.SCHED_BATCH, os.SCHED_BATCH]
    assert os.sched_getscheduler(0) == os.SCHED_OTHER


def test_copy_is_a_process_in_its_own_right(serve: Serve) -> None:
    assert _ask(serve(), "itself") == {
        "leads its session": True,
        "thread": [True, True, [int(signal.SIGUSR1)]],
        "uptime": True,
        "logging since": True,
        "variables": [True, [["PYTHONPATH", "/var/runtime"]]],
        "parent": os.getpid(),
    }


def test_copy_can_use_all_of_python(serve: Serve) -> None:
    assert _ask(serve(), "works") == [None, "told\n", "from a fork", None, 0, [0, 1, 4, 9], None, True]


def test_copies_share_no_chance(serve: Serve) -> None:
    server = serve()
    one, two = (_ask(server, "by_chance", name=name) for name in ("one", "two"))
    assert set(one) & set(two) == set()


def test_copy_holds_nothing_of_a_copy_before_it(serve: Serve) -> None:
    server = serve()
    secret = os.urandom(12).hex()
    environment = {"SECRET": secret}
    first = _ask(server, "held", name="one", environment=environment)
    one, two, unknown = (
        _ask(server, "finds_in_memory", [each + 1 for each in text.encode()], name=name, environment=own)
        for name, text, own in (
            ("one", secret, environment),
            ("two", secret, {}),
            ("two", os.urandom(12).hex(), {}),
        )
    )
    assert two == unknown < one
    assert _ask(server, "held", name="three") == first
    assert _ask(server, "forked", name="three") is True


def test_copy_lives_on_when_the_template_ends_and_the_next_has_a_new_one(serve: Serve) -> None:
    server = serve()
    pid = _ask(server, "number")
    template = _template()
    os.kill(template, signal.SIGKILL)
    with watching(template) as ends:
        assert ends.missing(5) == []
    assert _ask(server, "number") == pid
    other = _ask(server, "number", name="two")  # starts by itself
    assert _ask(server, "forked", name="three") is True
    assert other != pid


def test_function_runs_though_the_template_does_not_answer(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forking, "_FORK_SECONDS", 0.5)
    server = serve()
    assert _ask(server, "forked") is True
    template = _template()
    os.kill(template, signal.SIGSTOP)
    assert _ask(server, "forked", name="two") is False
    assert template not in children(os.getpid())
    assert _ask(server, "forked", name="three") is True


def test_function_runs_where_there_can_be_no_template(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launching, "PROGRAM", str(FUNCTIONS / "describes_itself" / "no_template.py"))
    server = serve()
    names = ("one", "two", "three", "four")
    assert [_ask(server, "forked", name=name) for name in names] == [False] * len(names)


@for_each(
    "environment",
    [{"PYTHONHASHSEED": "7"}, {"LC_ALL": "C"}, {"LD_PRELOAD": ""}, {"LARGE": "x" * 16_384}],
)
def test_function_whose_variables_count_at_the_start_is_started_by_itself(
    serve: Serve, environment: dict[str, str]
) -> None:
    server = serve()
    assert _ask(server, "forked") is True
    assert _ask(server, "forked", name="two", environment=environment) is False


def test_function_with_a_library_beside_its_code_is_started_by_itself(serve: Serve, tmp_path: Path) -> None:
    shutil.copytree(FUNCTIONS / "describes_itself", tmp_path, dirs_exist_ok=True)
    function = make_function("one", tmp_path, handler="app.forked")
    server = serve()
    assert _value(server.invoke(function)) is True
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "libown.so.1").touch()
    assert _value(server.invoke(replace(function, name="two"))) is False


def test_zone_of_a_function_is_its_own(serve: Serve) -> None:
    server = serve()
    function = build_function("asks_environ", "app.zone", environment={"TZ": "EST5"})
    assert _value(server.invoke(function)) == ["EST", 18000, 19]
    other = replace(build_function("asks_environ", "app.zone"), name="two")
    assert _value(server.invoke(other)) == ["UTC", 0, 0]
