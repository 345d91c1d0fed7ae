"""Layers: what they add, and in which order modules are searched for.

R18  the function's folder before its packages, layers (a later one first), /opt, what is installed
R19  path files in each of them
R20  a PYTHONPATH of the function's own takes the layers off
"""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from berth.invoke.invoker import Invoker
from berth.model.function import Function
from berth.model.invocation import InvocationResult
from kit.under_test import KINDS, build_function, invoke

TESTS = Path(__file__).parents[1]
VERSIONED = f"lib/python{sys.version_info.major}.{sys.version_info.minor}/site-packages"
MODULES = (
    "first/python/beside.py",
    "first/python/first_only.py",
    "first/python/both.py",
    "first/python/two_folders.py",
    "first/python/flask.py",
    f"first/python/{VERSIONED}/two_folders.py",
    f"first/python/{VERSIONED}/versioned.py",
    "first/python/hidden/by_path_file.py",
    f"first/python/{VERSIONED}/hidden/by_versioned_path_file.py",
    "second/both.py",
    "second/second_only.py",
    "elsewhere/elsewhere.py",
    "elsewhere/both.py",
)
OPT_PROGRAM = """
import sys
from kit.under_test import build_function, invoke
from berth.invoke.invoker import Invoker
from berth.runtime.environments import create_environments
from berth.settings import Settings
environments = create_environments(Settings())
function = build_function("imports_by_name", "app.where")
invoker = Invoker(environments)
print([invoke(invoker, function, b'"%s"' % name.encode()).payload.decode() for name in sys.argv[1:]])
environments.close()
"""


@pytest.fixture
def layers(tmp_path: Path) -> tuple[Path, ...]:
    """Two layers, the second without a `python` folder; each module knows where it is."""
    for name in MODULES:
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"WHERE = {name!r}\n")
    for folder in ("first/python", f"first/python/{VERSIONED}"):
        (tmp_path / folder / "more.pth").write_text("hidden\n")
    for layer in ("first", "second"):
        program = tmp_path / layer / "bin/tell-layer"
        program.parent.mkdir()
        program.write_text(f"#!/bin/sh\necho {layer}\n")
        program.chmod(0o755)
        (tmp_path / layer / "lib").mkdir(exist_ok=True)
    return tmp_path / "first", tmp_path / "second"


def _function(layers: tuple[Path, ...], handler: str, kind: str = "process", **environment: str) -> Function:
    return build_function("imports_by_name", handler, kind, layers=layers, environment=environment)


@pytest.mark.parametrize(
    ("module", "where"),
    [
        ("first_only", b'"first/python/first_only.py"'),
        ("second_only", b'"second/second_only.py"'),
        ("both", b'"second/both.py"'),
        ("beside", b'"beside the handler"'),
        ("flask", b'"first/python/flask.py"'),
        ("versioned", f'"first/python/{VERSIONED}/versioned.py"'.encode()),
        ("two_folders", f'"first/python/{VERSIONED}/two_folders.py"'.encode()),
        ("by_path_file", b'"first/python/hidden/by_path_file.py"'),
        ("by_versioned_path_file", f'"first/python/{VERSIONED}/hidden/by_versioned_path_file.py"'.encode()),
    ],
)
@pytest.mark.parametrize("kind", KINDS)
def test_module_comes_from_the_first_place_that_has_it(
    invoker: Invoker, layers: tuple[Path, ...], kind: str, module: str, where: bytes
) -> None:
    function = _function(layers, "app.where", kind)
    assert invoke(invoker, function, f'"{module}"'.encode()) == InvocationResult(where)


@pytest.mark.parametrize("kind", KINDS)
def test_installed_package_goes_before_a_layer_when_the_function_brings_it(
    invoker: Invoker, layers: tuple[Path, ...], kind: str, tmp_path: Path
) -> None:
    task_root = tmp_path / "function"
    shutil.copytree(_function(layers, "app.where").directory, task_root)
    packages = task_root / ".packages"
    packages.mkdir()
    (packages / "flask.py").write_text("WHERE = 'the package of the function'\n")
    function = build_function("imports_by_name", "app.where", kind, layers=layers)
    function = Function(**{**vars(function), "directory": task_root})
    assert invoke(invoker, function, b'"flask"').payload == b'"the package of the function"'


@pytest.mark.parametrize(
    ("module", "payload"),
    [
        ("elsewhere", b'"elsewhere/elsewhere.py"'),
        ("both", b'"elsewhere/both.py"'),
        ("beside", b'"beside the handler"'),
    ],
)
@pytest.mark.parametrize("kind", KINDS)
def test_own_pythonpath_is_searched_instead_of_the_layers(
    invoker: Invoker, layers: tuple[Path, ...], kind: str, module: str, payload: bytes
) -> None:
    function = _function(layers, "app.where", kind, PYTHONPATH=str(layers[0].parent / "elsewhere"))
    assert invoke(invoker, function, f'"{module}"'.encode()) == InvocationResult(payload)


@pytest.mark.parametrize("kind", KINDS)
def test_layers_are_not_searched_when_the_function_sets_pythonpath(
    invoker: Invoker, layers: tuple[Path, ...], kind: str
) -> None:
    result = invoke(invoker, _function(layers, "app.where", kind, PYTHONPATH="/nowhere"), b'"first_only"')
    assert result.value["errorMessage"] == "No module named 'first_only'"


def test_programs_of_a_layer_are_found_and_the_later_layer_goes_first(
    invoker: Invoker, layers: tuple[Path, ...]
) -> None:
    assert invoke(invoker, _function(layers, "app.run"), b'["tell-layer"]').payload == b'"second\\n"'


@pytest.mark.parametrize(("variable", "folder"), [("PATH", "bin"), ("LD_LIBRARY_PATH", "lib")])
def test_folders_of_layers_end_a_search_path_with_that_of_opt_last(
    invoker: Invoker, layers: tuple[Path, ...], variable: str, folder: str
) -> None:
    value = invoke(invoker, _function(layers, "app.variable"), f'"{variable}"'.encode()).value
    first, second = layers
    assert value.endswith(f":{second}/{folder}:{first}/{folder}:/opt/{folder}")


def test_modules_in_opt_go_before_installed_ones_and_after_the_functions(tmp_path: Path) -> None:
    script = f"""
        mount -t tmpfs none /opt && mkdir -p /opt/python/{VERSIONED} &&
        echo 'WHERE = "/opt/python"' | tee /opt/python/flask.py /opt/python/beside.py > /dev/null &&
        echo 'WHERE = "versioned"' > /opt/python/{VERSIONED}/versioned.py && exec "$@"
    """
    unshare = shutil.which("unshare")
    if unshare is None or Path(sys.base_prefix).is_relative_to("/opt"):
        pytest.skip("no place to hide /opt behind")
    in_own_opt = [unshare, "--mount", "--map-root-user", "sh", "-c", script, "sh"]
    if subprocess.run([*in_own_opt, "true"], stderr=subprocess.DEVNULL).returncode:
        pytest.skip("this user may not mount")
    program = [sys.executable, "-c", OPT_PROGRAM, "flask", "beside", "versioned"]
    environ = {"PYTHONPATH": f"{TESTS}", "TMPDIR": str(tmp_path), "PATH": "/usr/bin:/bin"}
    ended = subprocess.run(
        [*in_own_opt, *program], env=environ, stdout=subprocess.PIPE, text=True, check=True
    )
    assert ended.stdout.splitlines()[-1] == "['\"/opt/python\"', '\"beside the handler\"', '\"versioned\"']"
