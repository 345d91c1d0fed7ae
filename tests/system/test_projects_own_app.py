"""Projects that have a module or package `app` of their own, served and tested with the package installed.

The package is installed in a virtual environment without links to this repository, where all its names
but `berth` would show.
"""

import json
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path

import pytest

import berth
from kit.servers import ROOT, project_environ, start_gunicorn

pytestmark = pytest.mark.system

MAIN = """
import app


def handler(event, context):
    import app as imported_later
    return {"body": f"{app.NAME}, {imported_later is app}"}
"""
APP = """
NAME = {name!r}


def handler(event, context):
    import app
    return {{"body": f"{{app.NAME}}, {{app.handler is handler}}"}}
"""
TESTS = """
import sys

import pytest

import app


def test_app_is_the_projects():
    assert app.NAME == {expected!r}


@pytest.mark.parametrize("function", ["process", "inline"])
def test_app_is_the_functions_in_its_handler(function_client, function):
    assert function_client(function).get(f"/{{function}}").text == f"app of {{function}}, True"
    assert sys.modules["app"] is app
"""


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment in which the package is installed, beside what it depends on."""
    folder = tmp_path_factory.mktemp("installed") / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    (packages,) = folder.glob("lib/python*/site-packages")
    shutil.copytree(Path(berth.__file__).parent, packages / "berth")
    # Python reads no .pth files of a folder that a .pth file names, so nothing leads to this repository.
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    return folder / "bin" / "python"


def _manifest(name: str, handler: str) -> str:
    routes = [{"method": "GET", "path": f"/{name}"}]
    return json.dumps({"handler": handler, "routes": routes, "isolation": name.rpartition("-")[2]})


def _module(name: str) -> dict[str, str]:
    """A function in one file, which is the module `app`."""
    return {"app.py": APP.format(name=f"app of {name}"), "manifest.json": _manifest(name, "app.handler")}


def _package(name: str) -> dict[str, str]:
    """A function that imports a package `app` of its own."""
    return {
        "app/__init__.py": "from app.names import NAME as NAME",
        "app/names.py": f"NAME = {f'app of {name}'!r}",
        "main.py": MAIN,
        "manifest.json": _manifest(name, "main.handler"),
    }


def _deployment(name: str) -> dict[str, str]:
    """A function beside the `app.py` with which a CDK project is deployed."""
    return {"../../app.py": "NAME = 'app of the deployment'", **_module(name)}


# How a function is written, and what `import app` finds from a folder of the project.
PROJECTS = [
    pytest.param(_module, "functions/process", "app of process", id="module"),
    pytest.param(_package, "functions/process", "app of process", id="package"),
    pytest.param(_deployment, ".", "app of the deployment", id="deployment"),
]


def _write(project: Path, write_function: Callable[[str], dict[str, str]], prefix: str = "") -> None:
    """Write a function for each kind of isolation, named by it, and the file that gunicorn serves."""
    shutil.copy(ROOT / "wsgi.py", project)
    for name in (f"{prefix}process", f"{prefix}inline"):
        for path, text in write_function(name).items():
            file = project / "functions" / name / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)


def test_nothing_called_app_is_installed(python: Path, tmp_path: Path) -> None:
    program = "import berth, importlib.util as i; print(berth.__file__, i.find_spec('app'))"
    shown = subprocess.run([python, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True)
    (package,) = python.parents[1].glob("lib/python*/site-packages/berth")
    assert shown.stdout == f"{package}/__init__.py None\n"


def test_server_lets_handlers_import_their_own(python: Path, project: Path) -> None:
    _write(project, _deployment, "module-")
    _write(project, _package, "package-")
    with start_gunicorn(project, python=str(python), folder=project) as server:
        for name in ("module-process", "module-inline", "package-process", "package-inline"):
            assert server.get(f"/{name}").body == f"app of {name}, True".encode()
        assert server.stop() == 0


@pytest.mark.parametrize(("write_function", "folder", "expected"), PROJECTS)
def test_tests_import_the_projects_own(
    python: Path, project: Path, write_function: Callable[[str], dict[str, str]], folder: str, expected: str
) -> None:
    _write(project, write_function)
    (project / "test_project.py").write_text(TESTS.format(expected=expected))
    options = ["-p", "berth.testing.plugin", "-o", f"pythonpath={folder}", "-W", "error", "-q"]
    program = [python, "-P", "-m", "pytest", *options, "test_project.py"]
    # The other plugins are not what is tested, and take seconds to load.
    environ = {**project_environ(project), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    ended = subprocess.run(program, cwd=project, env=environ, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "3 passed" in ended.stdout
