"""A handler is answered whatever it replaces of the standard library and the builtins.

What awslambdaric itself calls is left out: a function that replaces that fails on Lambda, too.
"""

import importlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from berth.invoke.invoker import Invoker
from berth.model.function import Function
from berth.runtime.environments import create_environments
from berth.settings import Settings
from berth.testing.values import make_function
from kit.under_test import invoke

MODULES = (
    *("builtins", "collections", "functools", "importlib", "importlib.machinery", "io", "json"),
    *("json.decoder", "json.encoder", "logging", "os", "posix", "select", "signal", "site", "socket"),
    *("struct", "sys", "threading", "time", "traceback", "types"),
)
# Found by a run of `python -m awslambdaric`, which these end.
CALLED_BY_AWSLAMBDARIC = {
    *("builtins:KeyError", "builtins:bytes", "builtins:dict", "builtins:isinstance", "builtins:len"),
    *("builtins:ord", "builtins:setattr", "builtins:str"),
}
REPLACING = f"""
import importlib

modules = {{name: importlib.import_module(name) for name in {MODULES!r}}}
keep_setattr, keep_vars = setattr, vars
undo = []


def replaced(*arguments, **more):
    raise RuntimeError("replaced")


def handler(event, context):
    while undo:
        keep_setattr(*undo.pop())
    module, _, name = event.rpartition(":")
    if module:
        undo.append((modules[module], name, keep_vars(modules[module])[name]))
        keep_setattr(modules[module], name, replaced)
    return "answered"
"""
ANSWERED = "\n    return 'answered'\n"
AT_IMPORT = "\ndef handler(event, context):" + ANSWERED
OTHERS = {
    "json at import": "import json\njson.dumps = json.loads = None" + AT_IMPORT,
    "the classes of json": "import json\njson.JSONEncoder = json.JSONDecoder = None" + AT_IMPORT,
    "the standard streams": "import sys\nsys.stdout = sys.stderr = None" + AT_IMPORT,
    "all modules": "import sys\ndef handler(event, context):\n    sys.modules.clear()" + ANSWERED,
    "the main module": "import __main__\ndef handler(event, context):\n    vars(__main__).clear()" + ANSWERED,
    "imports": "import builtins\ndef handler(event, context):\n    builtins.__import__ = None" + ANSWERED,
}


@pytest.fixture(scope="module")
def replacing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Invoker, Function]]:
    folder = tmp_path_factory.mktemp("replacing")
    (folder / "app.py").write_text(REPLACING)
    environments = create_environments(Settings(concurrency=1, max_environments=1))
    invoker, function = Invoker(environments), make_function("replacing", folder, timeout=10)
    invoke(invoker, function, b'""')
    yield invoker, function
    environments.close()


@pytest.mark.parametrize("module", MODULES)
def test_handler_is_answered_whatever_it_replaces_in_a_module(
    replacing: tuple[Invoker, Function], module: str
) -> None:
    members = vars(importlib.import_module(module)).items()
    names = [name for name, member in members if callable(member) and not name.startswith("__")]
    names += ["__import__", "__build_class__"] if module == "builtins" else []
    places = [f"{module}:{name}" for name in names if f"{module}:{name}" not in CALLED_BY_AWSLAMBDARIC]
    answers = {place: _answers(replacing, place) for place in places}
    assert len(answers) > 0
    assert [place for place, answer in answers.items() if answer != (b'"answered"', b'"answered"')] == []


def _answers(replacing: tuple[Invoker, Function], place: str) -> tuple[bytes, bytes]:
    """The answer of the invocation that replaces a name, and of the next one, which puts it back."""
    first, second = (invoke(*replacing, json.dumps(event).encode()).payload for event in (place, ""))
    return first, second


@pytest.mark.parametrize("what", OTHERS)
def test_handler_is_answered_twice_when_it_takes_away(invoker: Invoker, tmp_path: Path, what: str) -> None:
    (tmp_path / "app.py").write_text(OTHERS[what])
    function = make_function("takes-away", tmp_path, timeout=10)
    assert [invoke(invoker, function).payload for _ in range(2)] == [b'"answered"', b'"answered"']


def test_too_large_result_is_told_when_print_and_stderr_are_replaced(
    invoker: Invoker, tmp_path: Path
) -> None:
    (tmp_path / "app.py").write_text(
        "import builtins, os, sys\n"
        "def handler(event, context):\n"
        "    builtins.print = sys.stderr = None\n"
        "    os.close(2)\n"
        "    return 'x' * 7_000_000\n"
    )
    result = invoke(invoker, make_function("large", tmp_path, timeout=10))
    assert result.value["errorType"] == "Function.ResponseSizeTooLarge"
