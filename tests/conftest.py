"""What every test may use, and what none may leave behind."""

import os
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from servers import running_servers

pytest_plugins = ["app.testing.plugin"]

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session", autouse=True)
def _private_temp_dir(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A temp dir of this run's own, so that what is left in it was left by a test."""
    folder = tmp_path_factory.mktemp("temp")
    patch = pytest.MonkeyPatch()
    patch.setenv("TMPDIR", str(folder))
    patch.setattr(tempfile, "tempdir", str(folder))
    yield
    patch.undo()


@pytest.fixture(autouse=True)
def _leak_detector(_private_temp_dir: None) -> Iterator[None]:
    """Fail a test that leaves a child process, a thread or a temp dir; module-wide servers may stay."""
    before = _living()
    yield
    left = _living() - before
    assert not left, f"left behind: {sorted(left)}"


def _living() -> set[str]:
    threads = {f"thread {thread.name}" for thread in threading.enumerate()}
    folders = {f"temp {name}" for name in os.listdir(tempfile.gettempdir())}
    return threads | folders | {f"process {pid}" for pid in _children() - running_servers()}


def _children() -> set[int]:
    pids: set[int] = set()
    for task in Path("/proc/self/task").glob("*/children"):
        try:
            pids |= set(map(int, task.read_text().split()))
        except (FileNotFoundError, ProcessLookupError):
            continue  # the thread ended meanwhile
    return pids


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """An empty project: folders for functions and manifests, and a stage `dev` without settings."""
    (tmp_path / "functions").mkdir()
    (tmp_path / "manifests").mkdir()
    (tmp_path / "manifests" / "dev.json").write_text("{}")
    return tmp_path
