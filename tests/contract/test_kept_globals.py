"""What a function changes of the interpreter is there at its next invocation, and nowhere else.

R42  what a handler sets stays with it (and `test_variables.py`)
"""

import colorsys
import importlib.util
import json
import logging
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from berth.invoke.invoker import Invoker
from berth.runtime.environments import create_environments
from berth.settings import Settings
from berth.testing.values import make_function
from kit.under_test import FUNCTIONS, KINDS, build_function, invoke

Change = tuple[str, str]
Turn = tuple[str, list[Change]]
SERVER, FIRST, SECOND = "server", "first", "second"
OWN = FUNCTIONS / "changes_globals"
CHANGES = st.one_of(
    st.tuples(st.sampled_from(["set", "unset"]), st.sampled_from(["ONE", "TWO", "PATH", "AWS_REGION"])),
    st.tuples(st.sampled_from(["import", "import", "forget"]), st.sampled_from(["part_a", "part_b"])),
    st.sampled_from(
        [("search", "inner"), ("move", "inner"), ("move", ".."), ("log", "INFO"), ("log", "ERROR")]
    ),
    st.just(("call", SECOND)),
)
TURNS = st.lists(
    st.tuples(st.sampled_from([SERVER, FIRST, SECOND]), st.lists(CHANGES, max_size=4)), min_size=3, max_size=9
)
REBINDS = """
def handler(event, context):
    globals()["handler"] = lambda event, context: "another"
    return "first"
"""
MANY = [("set", "ONE"), ("import", "part_a"), ("log", "INFO"), ("search", "inner"), ("move", "inner")]


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_function_has_changed_is_there_at_its_next_invocation(invoker: Invoker, kind: str) -> None:
    function = build_function("changes_globals", "app.handler", kind)
    first, second = (
        invoke(invoker, function, json.dumps(changes).encode()).value for changes in (MANY, [("set", "TWO")])
    )
    assert first[0] != first[1] == second[0] != second[1]


@pytest.mark.parametrize("kind", KINDS)
def test_handler_is_looked_up_once_before_the_first_invocation(
    invoker: Invoker, tmp_path: Path, kind: str
) -> None:
    (tmp_path / "app.py").write_text(REBINDS)
    function = make_function("rebinds", tmp_path, handler="app.handler", isolation=kind)
    assert [invoke(invoker, function, b"{}").value for _ in range(3)] == ["first"] * 3


@pytest.mark.parametrize("action", ["forget", "replace"])
def test_a_module_that_a_function_shares_with_the_server_stays_the_servers(
    invoker: Invoker, action: str
) -> None:
    function = build_function("changes_globals", "app.handler", "inline")
    invoke(invoker, function, json.dumps([(action, "colorsys")]).encode())
    assert sys.modules["colorsys"] is colorsys


@pytest.mark.parametrize("kind", KINDS)
def test_a_function_may_remove_the_folder_that_it_is_in(invoker: Invoker, kind: str) -> None:
    function, folder = build_function("changes_globals", "app.removes_its_folder", kind), os.getcwd()
    assert [invoke(invoker, function).payload for _ in range(2)] == [b"null"] * 2
    assert os.getcwd() == folder


def test_a_folder_that_is_gone_at_the_next_call_costs_no_answer(invoker: Invoker, tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    function, folder = build_function("changes_globals", "app.handler", "inline"), os.getcwd()
    changes = [[("move", str(tmp_path / "inner"))], []]
    first = invoke(invoker, function, json.dumps(changes[0]).encode()).value
    (tmp_path / "inner").rmdir()
    second = invoke(invoker, function, json.dumps(changes[1]).encode()).value
    assert (first[1]["folder"], second[0]["folder"]) == (str(tmp_path / "inner"), folder)
    assert os.getcwd() == folder


@settings(max_examples=60, deadline=None)
@given(TURNS)
def test_inline_functions_and_their_server_each_keep_what_they_have_changed(
    places: Path, turns: list[Turn]
) -> None:
    with _players(places) as play:
        had: dict[str, object] = {}
        for player, changes in turns:
            for name, before, after in play(player, changes):
                assert had.get(name, before) == before, name
                had[name] = after
        for player in (SERVER, FIRST, SECOND):
            for name, before, _ in play(player, []):
                assert had.get(name, before) == before, name


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for each player, with modules of the same names."""
    root = tmp_path_factory.mktemp("places")
    for name in (SERVER, FIRST, SECOND):
        shutil.copytree(OWN, root / name)
    return root


@contextmanager
def _players(places: Path) -> Iterator[Callable[[str, list[Change]], list[Any]]]:
    """Have a player change globals; what each one that took part in this had before and after that.

    While the first function runs, it may have the second one called.
    """
    functions = {name: make_function(name, places / name, isolation="inline") for name in (FIRST, SECOND)}
    changer = _load_changer()
    seen: list[Any] = []

    def call(player: str, changes: list[Change]) -> None:
        if player == SERVER:
            seen.append((player, *_worded(changer.handler(changes, None))))
        else:
            result = invoke(invoker, functions[player], json.dumps(changes).encode())
            seen.append((player, *result.value))

    def play(player: str, changes: list[Change]) -> list[Any]:
        seen.clear()
        door = partial(call, changes=[("set", "TWO"), ("import", "part_b")])
        sys.modules["door"] = SimpleNamespace(call=_do_nothing if player == SECOND else door)
        call(player, changes)
        return list(seen)

    with _restored_server(places / SERVER):
        environments = create_environments(Settings(check="off"))
        invoker = Invoker(environments)
        try:
            yield play
        finally:
            environments.close()


@contextmanager
def _restored_server(folder: Path) -> Iterator[None]:
    """Begin in a folder that is on the search path; put back afterwards whatever the server changes."""
    root, variables, path = logging.getLogger(), dict(os.environ), list(sys.path)
    level, handlers = root.level, list(root.handlers)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.syspath_prepend(folder)
        try:
            yield
        finally:
            for name in ("door", "part_a", "part_b"):
                sys.modules.pop(name, None)
            os.environ.clear()
            os.environ.update(variables)
            root.handlers[:] = handlers
            root.setLevel(level)
            sys.path[:] = path


def _load_changer() -> ModuleType:
    spec = importlib.util.spec_from_file_location("changer", OWN / "app.py")
    assert spec is not None
    assert spec.loader is not None
    changer = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(changer)
    return changer


def _worded(seen: object) -> Any:
    """As it is in JSON."""
    return json.loads(json.dumps(seen))


def _do_nothing(name: str) -> None:
    pass
