"""A module imports only from strictly lower floors or its own folder."""

import ast

import pytest

from kit.sources import PACKAGE, imported, modules, own_module
from kit.tables import for_each

# From the ground up. A module belongs to the longest entry that its path begins with, and imports only
# from lower floors or from its own entry.
FLOORS = (
    ("errors.py", "model", "host"),
    # So low because the shadow of the gateway, the recorder of invocations and the command that compares all
    # use it, and because a stage's manifest names addresses and paths as it reads them.
    ("comparison",),
    ("variables.py",),
    ("settings.py", "schemas"),
    ("payload/schema", "manifest/schema"),
    ("payload",),
    # Above payload, which checks the models of request bodies when manifests are loaded.
    ("manifest/document.py",),
    ("manifest/checks",),
    ("manifest",),
    # They read manifests and files, and need nothing of what runs functions.
    ("tools/migrate/compare", "tools/migrate/doctor"),
    (
        "runtime/logs",
        "runtime/limits",
        "runtime/sandbox",
        "runtime/environment.py",
        "runtime/temp_folders.py",
        "runtime/search.py",
        "runtime/requirements.py",
        "runtime/task_thread.py",
    ),
    ("runtime/outcome.py", "runtime/imports.py"),
    ("runtime/supervisor.py", "runtime/advice.py"),
    # The pool knows no kind of environment: only environments.py does.
    ("runtime/process", "runtime/pool"),
    ("runtime/inline",),
    ("runtime",),
    (
        "invoke/sqlite_file.py",
        "invoke/aws_client.py",
        "invoke/results/state_store.py",
        "invoke/queue/event_queue.py",
    ),
    ("invoke/results", "invoke/queue"),
    ("invoke",),
    ("gateway/trusted_context.py",),
    ("gateway/facts.py",),
    ("gateway/routing",),
    ("gateway/authorizers",),
    ("gateway",),
    ("server",),
    ("tools/sample.py", "tools/deploy"),
    # Moving in: the words first, then reading files, then the readers, then what is written.
    ("tools/migrate/model",),
    ("tools/migrate/source",),
    ("tools/migrate/cloudformation",),
    ("tools/migrate/cloudformation/apis",),
    ("tools/migrate/serverless", "tools/migrate/terraform", "tools/migrate/account"),
    ("tools/migrate/writing",),
    ("tools",),
    ("factory.py",),
    ("__init__.py",),
    ("__main__.py",),
    ("testing",),
)
MODULES = modules()
CHILD = {
    *("runtime/process/bootstrap.py", "runtime/process/start.py", "runtime/process/frames.py"),
    *("runtime/process/parts.py", "runtime/process/template.py"),
    "runtime/sandbox/child.py",
}
BRIDGE = "tools/deploy/bridge/forwarding.py"  # runs on Lambda, under Lambda's own runtime


def _entry(path: str) -> str:
    """The entry of FLOORS that a module belongs to."""
    entries = [each for floor in FLOORS for each in floor if path == each or path.startswith(f"{each}/")]
    assert entries, f"{path} has no floor"
    return max(entries, key=len)


def _floor(entry: str) -> int:
    return next(number for number, floor in enumerate(FLOORS) if entry in floor)


def test_every_entry_is_a_module_or_folder_of_the_package():
    assert [each for floor in FLOORS for each in floor if not (PACKAGE / each).exists()] == []


@for_each("path", MODULES)
def test_imports_go_down(path):
    own = _entry(path)
    for name in imported(MODULES[path]):
        module = own_module(name)
        if module is not None and _entry(module) != own:
            assert _floor(_entry(module)) < _floor(own), f"{path} imports {name}"


@pytest.mark.parametrize(
    ("forbidden", "allowed"),
    [
        ({"flask", "werkzeug"}, ("gateway", "server", "tools", "testing")),
        (
            {"marshmallow"},
            ("schemas", "payload/schema", "manifest/schema", "gateway/authorizers/answer_schema.py"),
        ),
        ({"subprocess", "signal"}, ("runtime/process", "server", "tools")),
        ({"awslambdaric"}, ("runtime", BRIDGE)),
        (
            {"uuid", "time", "datetime"},
            ("host", "runtime", "invoke", "gateway", "server", "tools", "testing"),
        ),
        ({"pytest"}, ("testing",)),
    ],
)
def test_packages_stay_in_their_place(forbidden, allowed):
    for path, tree in MODULES.items():
        if not path.startswith(allowed):
            found = {name.split(".")[0] for name in imported(tree)} & forbidden
            assert not found, f"{path} imports {found}"


def test_the_child_and_the_bridge_import_nothing_of_ours():
    for path in (*CHILD, BRIDGE):
        assert [name for name in imported(MODULES[path]) if name.split(".")[0] == "berth"] == []


def test_the_environment_has_one_door():
    swapping = {f"runtime/inline/{each}.py" for each in ("global_state", "variables")}  # around inline calls
    for path, tree in MODULES.items():
        if path not in CHILD | swapping | {"settings.py", BRIDGE}:
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
