"""Versions of `sys.modules` tell what has changed; inline functions keep their modules without them, too."""

import os
import subprocess
import sys
from collections.abc import Callable
from types import ModuleType

import pytest

from berth.runtime.inline.module_changes import ServerModules, modules_version
from kit.under_test import FUNCTIONS

CHANGES: dict[str, Callable[[], object]] = {
    "add": lambda: sys.modules.update(another=ModuleType("another")),
    "replace": lambda: sys.modules.update(one=ModuleType("one")),
    "remove": lambda: sys.modules.pop("one"),
}
counts_changes = pytest.mark.skipif(sys.version_info >= (3, 14), reason="Python counts no changes of a dict")

# A Python that does not count the changes of a dict.
ELSEWHERE = """
import json, sys

name, sys.implementation.name = sys.implementation.name, "other"
from berth.runtime.inline.module_changes import modules_version
sys.implementation.name = name

from berth.invoke.invoker import Invoker
from berth.model.invocation import Invocation
from berth.runtime.environments import create_environments
from berth.settings import Settings
from berth.testing.values import make_function
from pathlib import Path

assert modules_version() != modules_version()
environments = create_environments(Settings(check="off"))
function = make_function("changing", Path(sys.argv[1]), handler="app.handler", isolation="inline")
for changes in ([("import", "part_a")], []):
    result = Invoker(environments).invoke(Invocation(function, json.dumps(changes).encode(), "id"))
    print([list(seen["parts"]) for seen in result.value], "part_a" in sys.modules, file=sys.stderr)
environments.close()
"""


@pytest.fixture(autouse=True)
def one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the module `one` in place; after the test remove it, and `another` if the test has added that."""
    monkeypatch.setitem(sys.modules, "one", ModuleType("one"))
    monkeypatch.setitem(sys.modules, "another", ModuleType("another"))
    del sys.modules["another"]


@counts_changes
def test_version_stays_while_nothing_changes() -> None:
    before = modules_version()
    assert (sys.modules.get("one") is not None, "another" in sys.modules) == (True, False)
    assert modules_version() == before


@counts_changes
@pytest.mark.parametrize("change", CHANGES)
def test_every_change_makes_another_version(change: str) -> None:
    before = modules_version()
    CHANGES[change]()
    assert modules_version() != before


@counts_changes
def test_what_changed_since_a_function_was_left_counts_once() -> None:
    modules = ServerModules()
    first = modules.changes()
    modules.note(modules_version())
    assert modules.changes() == first
    CHANGES["add"]()
    assert modules.changes() == first + 1
    modules.note(modules_version())
    assert modules.changes() == first + 1


def test_a_function_that_has_changed_modules_counts_as_a_change() -> None:
    modules = ServerModules()
    first = modules.changes()
    modules.note(None)
    assert modules.changes() == first + 1


def test_inline_functions_keep_their_modules_where_python_counts_no_changes() -> None:
    program = [sys.executable, "-c", ELSEWHERE, str(FUNCTIONS / "changes_globals")]
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, sys.path))}
    seen = subprocess.run(program, capture_output=True, text=True, check=True, env=environ)
    assert seen.stderr.splitlines() == ["[[], ['part_a']] False", "[['part_a'], ['part_a']] False"]
