"""Berth installed from its wheel, in folders that are not this repository."""

import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from kit.inner_pytest import PYTEST_ADDOPTS
from kit.servers import ROOT, start_command

pytestmark = pytest.mark.system

SOURCES = ("app", "LICENSE", "README.md", "pyproject.toml", "setup.cfg")


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of an environment in which the wheel is installed, beside what it depends on."""
    folder = tmp_path_factory.mktemp("installed")
    for name in SOURCES:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copyfile
        copy(ROOT / name, folder / name)
    build = "from setuptools.build_meta import build_wheel; build_wheel('.')"  # as `pip wheel` does
    subprocess.run([sys.executable, "-c", build], cwd=folder, check=True, capture_output=True)
    (wheel,) = folder.glob("berth_lambda-*.whl")
    venv = folder / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True)
    (packages,) = venv.glob("lib/python*/site-packages")
    # Python reads no .pth files of a folder that a .pth file names, so nothing leads to this repository.
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    pip = [venv / "bin" / "python", "-m", "pip", "--disable-pip-version-check"]
    subprocess.run([*pip, "install", "--no-deps", "--no-index", wheel], check=True, capture_output=True)
    return venv / "bin"


@pytest.fixture(scope="module")
def shop(programs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new project."""
    folder = tmp_path_factory.mktemp("projects")
    _run(folder, programs / "berth", "new", "shop")
    return folder / "shop"


def test_the_package_knows_the_documented_differences(programs: Path, shop: Path) -> None:
    program = "from berth.comparison.known import known_differences; print(len(known_differences()) > 10)"
    assert _run(shop, programs / "python", "-c", program) == "True\n"


def test_a_new_project_passes_its_check_and_its_tests(
    programs: Path, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert _run(shop, programs / "python", "-m", "berth", "function", "check") == "hello: ok\n"
    monkeypatch.setenv("PYTEST_ADDOPTS", PYTEST_ADDOPTS)
    tested = _run(shop, programs / "python", "-m", "pytest", "-q", "-p", "no:cacheprovider")
    assert "2 passed" in tested


def test_a_new_project_is_served_by_run(programs: Path, shop: Path) -> None:
    with start_command([str(programs / "berth"), "run"], shop) as server:
        assert server.get("/hello?name=Ada").body == b'{"message": "Hello, Ada"}'


def test_a_project_of_functions_and_manifests_alone_is_served_by_serve(
    programs: Path, shop: Path, tmp_path: Path
) -> None:
    for name in ("functions", "manifests"):
        shutil.copytree(shop / name, tmp_path / name)
    command = [str(programs / "berth"), "serve", "--bind", "127.0.0.1:0"]
    with start_command(command, tmp_path) as server:
        assert server.get("/hello?name=Ada").body == b'{"message": "Hello, Ada"}'
        assert "Using worker: berth.server.gunicorn_worker.GatewayWorker\n" in "".join(server.log)
        assert server.stop() == 0


def test_gunicorn_by_itself_serves_a_new_project(programs: Path, shop: Path) -> None:
    command = [str(programs / "python"), "-m", "gunicorn", "--bind", "127.0.0.1:0", "wsgi:app"]
    with start_command(command, shop) as server:
        assert server.get("/hello?name=Ada").body == b'{"message": "Hello, Ada"}'


@pytest.mark.parametrize("options", [[], ["--preload", "--worker-class", "gthread"]])
def test_gunicorn_without_our_settings_is_refused_with_what_to_start(
    programs: Path, tmp_path: Path, options: list[str]
) -> None:
    command = [programs / "python", "-m", "gunicorn", "--bind", "127.0.0.1:0", "--no-control-socket"]
    ended = subprocess.run(
        [*command, *options, "berth:create_app()"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert ended.returncode != 0
    assert ended.stderr.count("start `berth serve`, or add `-c python:berth.server.gunicorn_conf`") == 1
    assert "Traceback" not in ended.stderr


def _run(folder: Path, *command: str | Path) -> str:
    ended = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout
