"""A module imports only from strictly lower floors or its own folder."""

import ast

import pytest
from sources import imported, modules

FLOORS = {
    "app/ecs.py": 0,
    "app/errors.py": 0,
    "app/machine.py": 0,
    "app/model": 0,
    "app/settings.py": 1,
    "app/schemas": 1,
    "app/payload": 2,
    "app/manifest": 2,
    "app/authorizers": 3,
    "app/runtime": 3,
    "app/invoke.py": 4,
    "app/gateway": 5,
    "app/cli": 6,
    "app/factory.py": 7,
    "app/__init__.py": 8,
    "app/testing": 9,
}
MODULES = modules()
CHILD = {"app/runtime/bootstrap.py"}


def _place(path: str) -> str:
    return path if path in FLOORS else "/".join(path.split("/")[:2])


def _target(name: str) -> str | None:
    """The folder or module of ours behind a dotted name."""
    parts = name.split(".")
    if parts[0] != "app" or len(parts) < 2:
        return None
    folder = f"app/{parts[1]}"
    return folder if folder in FLOORS else f"{folder}.py"


def test_every_module_has_a_floor():
    assert {_place(path) for path in MODULES} == set(FLOORS)


@pytest.mark.parametrize("path", MODULES)
def test_imports_go_down(path):
    own = _place(path)
    for name in imported(MODULES[path]):
        target = _target(name)
        if target is not None and target != own:
            assert FLOORS[target] < FLOORS[own], f"{path} imports {name}"


@pytest.mark.parametrize(
    ("forbidden", "allowed"),
    [
        ({"flask", "werkzeug"}, ("app/gateway", "app/cli", "app/testing")),
        ({"marshmallow"}, ("app/schemas",)),
        ({"subprocess", "signal"}, ("app/runtime/os_process.py", "app/runtime/bootstrap.py", "app/cli")),
        ({"awslambdaric"}, ("app/runtime",)),
        (
            {"uuid", "time", "datetime"},
            ("app/ecs.py", "app/authorizers", "app/runtime", "app/gateway", "app/cli", "app/testing"),
        ),
        ({"pytest"}, ("app/testing",)),
    ],
)
def test_packages_stay_in_their_place(forbidden, allowed):
    for path, tree in MODULES.items():
        if not path.startswith(allowed):
            found = {name.split(".")[0] for name in imported(tree)} & forbidden
            assert not found, f"{path} imports {found}"


def test_the_child_imports_nothing_of_ours():
    for path in CHILD:
        assert [name for name in imported(MODULES[path]) if name.split(".")[0] == "app"] == []


def test_the_environment_has_one_door():
    swapping = {"app/runtime/module_scope.py"}  # gives an inline function an environment of its own
    for path, tree in MODULES.items():
        if path not in CHILD | swapping | {"app/settings.py"}:
            names = {f"{ast.unparse(node)}" for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
            assert not names & {"os.environ", "os.getenv", "os.putenv"}, path


def test_nothing_is_started_at_import():
    """At module level there are definitions and plain values: no call of a thread, process or file."""
    started = {"Thread", "Popen", "Process", "open", "Pool", "create_app"}
    for path, tree in MODULES.items():
        calls = {ast.unparse(node.func).split(".")[-1] for node in _module_level_calls(tree)}
        assert not calls & started, path


def _module_level_calls(tree: ast.Module) -> list[ast.Call]:
    statements = [node for node in tree.body if not isinstance(node, ast.FunctionDef | ast.ClassDef)]
    return [node for each in statements for node in ast.walk(each) if isinstance(node, ast.Call)]
