"""What `import` finds in a function: its own files, what PYTHONPATH names, what is installed for it."""

import py_compile
import sys
import tempfile
from collections.abc import Iterator
from importlib.machinery import BuiltinImporter, FrozenImporter
from pathlib import Path

import pytest

from berth.invoke.invoker import Invoker
from berth.testing.values import make_function
from kit.runtime_api import awslambdaric
from kit.under_test import KINDS, build_function, invoke

LOADED = "import sys\nLOADED = sorted(sys.modules)\ndef handler(event, context): return LOADED\n"
# What `python -m` imports and Lambda's own program, which is a file, does not.
STARTED_AS_A_MODULE = {"runpy"}
OWN_FILES = """
import importlib
import os


def handler(event, context):
    strangers = []
    for name in event:
        file = getattr(importlib.import_module(name), "__file__", None) or ""
        if os.path.dirname(file) != os.path.dirname(__file__):
            strangers.append(name)
    return strangers
"""
USES_CTYPES = """
import ctypes
import resource
import struct


class Pair(ctypes.Structure):
    _fields_ = [("a", ctypes.c_int), ("b", ctypes.POINTER(ctypes.c_int))]


def handler(event, context):
    compare = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)(lambda one, other: 0)
    number = ctypes.c_int(7)
    ctypes.CDLL(None).qsort((ctypes.c_int * 4)(), 4, ctypes.sizeof(ctypes.c_int), compare)
    seen = Pair(1, ctypes.pointer(number)).b.contents.value
    return [seen, struct.calcsize("i"), resource.getrlimit(resource.RLIMIT_NOFILE)[0]]
"""
TELLS_VARIABLE = "import os\ndef handler(event, context): return os.environ.get('FROM_HOOK')\n"
RUNS_BROUGHT = """
import subprocess
import sys


def handler(event, context):
    done = subprocess.run([sys.executable, "-m", "brought"], capture_output=True, text=True)
    return [done.stdout, done.returncode]
"""
SOCKETS = """
import multiprocessing
import os
import socket
import tempfile


def bind(event, context):
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(os.path.join(tempfile.mkdtemp(), "a.sock"))
    return "bound"


def fork(event, context):
    process = multiprocessing.get_context("forkserver").Process(target=print, args=("it ran",))
    process.start()
    process.join()
    return process.exitcode
"""
LONG = "a-function-whose-name-is-as-long-as-names-on-lambda-may-be-xxxxx"


def test_no_more_is_imported_before_the_handler_than_by_awslambdaric(
    invoker: Invoker, tmp_path: Path
) -> None:
    (tmp_path / "app.py").write_text(LOADED)
    function = make_function("loaded", tmp_path, timeout=10)
    ours = set(invoke(invoker, function).value)
    with awslambdaric(function) as runtime:
        theirs = set(invoke(runtime, function).value)  # type: ignore[arg-type]
    assert ours - theirs == {"awslambdaric.__main__"}  # there it is called __main__
    assert ours.isdisjoint(STARTED_AS_A_MODULE)


def test_own_file_goes_before_every_module_that_awslambdaric_does_not_import(
    invoker: Invoker, tmp_path: Path
) -> None:
    probe = tmp_path / "probe"
    probe.mkdir()
    (probe / "app.py").write_text(LOADED)
    with awslambdaric(make_function("probe", probe, timeout=10)) as runtime:
        loaded = set(invoke(runtime, make_function("probe", probe)).value)  # type: ignore[arg-type]
    names = sorted(name for name in sys.stdlib_module_names - loaded if not _is_compiled_in(name))
    files = {"resource", "struct", "socket", "ctypes", "signal", "pathlib", "typing"}
    assert files | ({"select"} if not _is_compiled_in("select") else set()) < set(names)
    for name in names:
        (tmp_path / f"{name}.py").touch()
    (tmp_path / "app.py").write_text(OWN_FILES)
    function = make_function("own-files", tmp_path, timeout=20)
    assert invoke(invoker, function, repr(names).replace("'", '"').encode()).payload == b"[]"


def _is_compiled_in(name: str) -> bool:
    """Whether the interpreter itself holds the module: no file goes before that, on Lambda neither."""
    return any(finder.find_spec(name) for finder in (BuiltinImporter, FrozenImporter))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["resource", "socket", "struct", "ctypes"])
def test_handler_may_have_the_name_of_a_module_of_the_standard_library(
    invoker: Invoker, tmp_path: Path, kind: str, name: str
) -> None:
    (tmp_path / f"{name}.py").write_text("def handler(event, context): return __name__\n")
    function = make_function("named", tmp_path, handler=f"{name}.handler", isolation=kind)
    assert invoke(invoker, function).payload == f'"{name}"'.encode()


def test_modules_that_the_runtime_has_used_work_in_the_function(invoker: Invoker, tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(USES_CTYPES)
    assert invoke(invoker, make_function("uses-ctypes", tmp_path)).payload == b"[7, 4, 1024]"


def test_modules_of_pythonpath_take_no_place_in_the_runtime(invoker: Invoker, tmp_path: Path) -> None:
    (tmp_path / "lib").mkdir()
    for name in ("ctypes", "resource", "struct", "simplejson", "awslambdaric"):
        (tmp_path / "lib" / f"{name}.py").write_text("raise AssertionError('imported by the runtime')\n")
    (tmp_path / "app.py").write_text("def handler(event, context): return 'answered'\n")
    function = make_function("guarded", tmp_path, environment={"PYTHONPATH": "lib"})
    assert invoke(invoker, function).payload == b'"answered"'


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["sitecustomize", "usercustomize"])
def test_customization_on_pythonpath_runs_before_anything_else(
    invoker: Invoker, tmp_path: Path, kind: str, name: str
) -> None:
    (tmp_path / "hooks").mkdir()
    code = "import os, sys\nos.environ['FROM_HOOK'] = str('app' in sys.modules)\n"
    if kind == "process":
        code += "assert 'awslambdaric' not in sys.modules and 'logging' not in sys.modules\n"
    (tmp_path / "hooks" / f"{name}.py").write_text(code)
    (tmp_path / "app.py").write_text(TELLS_VARIABLE)
    function = make_function("hooked", tmp_path, environment={"PYTHONPATH": "hooks"}, isolation=kind)
    assert [invoke(invoker, function).payload for _ in range(2)] == [b'"False"', b'"False"']


@pytest.mark.parametrize("kind", KINDS)
def test_customization_that_fails_stops_nobody(invoker: Invoker, tmp_path: Path, kind: str) -> None:
    (tmp_path / "hooks").mkdir()
    (tmp_path / "hooks" / "sitecustomize.py").write_text("import os\nos.environ['FROM_HOOK'] = 'x'\n1 / 0\n")
    (tmp_path / "app.py").write_text(TELLS_VARIABLE)
    function = make_function("hooked", tmp_path, environment={"PYTHONPATH": "hooks"}, isolation=kind)
    assert invoke(invoker, function).payload == b'"x"'


@pytest.mark.parametrize("kind", KINDS)
def test_customization_in_the_task_root_is_not_run(invoker: Invoker, tmp_path: Path, kind: str) -> None:
    (tmp_path / "sitecustomize.py").write_text("import os\nos.environ['FROM_HOOK'] = 'x'\n")
    (tmp_path / "app.py").write_text(TELLS_VARIABLE)
    assert invoke(invoker, make_function("hooked", tmp_path, isolation=kind)).payload == b"null"


@pytest.mark.parametrize("kind", KINDS)
def test_relative_pythonpath_begins_at_the_task_root_wherever_the_handler_goes(
    invoker: Invoker, tmp_path: Path, kind: str
) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "given.py").write_text("NAME = 'given'\n")
    (tmp_path / "app.py").write_text(
        "import os\ndef handler(*_):\n    os.chdir('/')\n    from given import NAME\n    return NAME\n"
    )
    function = make_function("moves", tmp_path, environment={"PYTHONPATH": "lib"}, isolation=kind)
    assert invoke(invoker, function).payload == b'"given"'


@pytest.mark.parametrize("kind", KINDS)
def test_file_in_the_folder_where_the_server_runs_is_not_found(
    invoker: Invoker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    code, project = tmp_path / "code", tmp_path / "project"
    code.mkdir()
    project.mkdir()
    (project / "stranger.py").touch()
    monkeypatch.chdir(project)
    monkeypatch.syspath_prepend(project)
    (code / "app.py").write_text(
        "from importlib.util import find_spec\ndef handler(*_): return find_spec('stranger') is None\n"
    )
    assert invoke(invoker, make_function("searches", code, isolation=kind)).payload == b"true"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("environment", [{}, {"PYTHONPATH": "/nowhere"}, {"PYTHONPATH": ""}])
def test_child_that_is_python_finds_the_installed_packages(
    invoker: Invoker, tmp_path: Path, kind: str, environment: dict[str, str]
) -> None:
    package = tmp_path / ".packages" / "brought"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "__main__.py").write_text("print('brought')\n")
    (tmp_path / "app.py").write_text(RUNS_BROUGHT)
    function = make_function("brings", tmp_path, timeout=20, environment=environment, isolation=kind)
    assert invoke(invoker, function).payload == b'["brought\\n", 0]'


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("handler", ["app.handler", "inner/app.handler", "package.handler"])
def test_handler_without_source_is_imported(
    invoker: Invoker, tmp_path: Path, kind: str, handler: str
) -> None:
    stem = {"package.handler": "package/__init__"}.get(handler, handler.partition(".")[0])
    source = tmp_path / f"{stem}.py"
    source.parent.mkdir(exist_ok=True)
    source.write_text("def handler(event, context): return 'compiled'\n")
    py_compile.compile(str(source), str(source.with_suffix(".pyc")), doraise=True)
    source.unlink()
    function = make_function("compiled", tmp_path, handler=handler, isolation=kind)
    assert invoke(invoker, function).payload == b'"compiled"'


@pytest.fixture
def short_temp(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A temporary folder whose path is hardly longer than /tmp; that of a test run is long."""
    with tempfile.TemporaryDirectory(prefix="t", dir="/tmp") as folder:
        monkeypatch.setattr(tempfile, "tempdir", folder)
        yield folder


@pytest.mark.parametrize(("handler", "payload"), [("app.bind", b'"bound"'), ("app.fork", b"0")])
@pytest.mark.usefixtures("short_temp")
def test_sockets_can_be_made_when_the_functions_name_is_long(
    invoker: Invoker, tmp_path: Path, handler: str, payload: bytes
) -> None:
    (tmp_path / "app.py").write_text(SOCKETS)
    assert len(LONG) == 64
    function = make_function(LONG, tmp_path, handler=handler, timeout=20)
    assert invoke(invoker, function).payload == payload


@pytest.mark.parametrize("kind", KINDS)
def test_variable_for_child_processes_is_the_runtimes_folder(invoker: Invoker, kind: str) -> None:
    variables = invoke(invoker, build_function("asks_environ", "app.everything", kind)).value
    assert variables["PYTHONPATH"] == "/var/runtime"
