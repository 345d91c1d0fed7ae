"""Fixtures for every test, and a check that no test leaves a process, thread or temporary file behind."""

import compileall
import fcntl
import gc
import os
import shutil
import signal
import sys
import tempfile
import threading
import uuid
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from berth.invoke.aws_client import AwsClients
from kit.aws_server import REGION, Aws, moto_server
from kit.forked import fork_server
from kit.servers import running_servers
from kit.sources import PACKAGE

pytest_plugins = ["berth.testing.plugin"]
_TESTS = Path(__file__).parent
_LONGEST = ("system", "round_trip", "cli", "contract", "gateway", "properties")

_LIVING = pytest.StashKey[set[str]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the flag that writes the golden documents of tests/deploy anew."""
    parser.addoption("--golden", action="store_true", help="keep the documents that are made now")


@pytest.fixture
def is_written(request: pytest.FixtureRequest) -> bool:
    """Whether golden documents are to be written, not compared."""
    return bool(request.config.getoption("--golden"))


def pytest_configure(config: pytest.Config) -> None:
    """Give this run a temp dir of its own, so that what is left in it was left by a test."""
    gc.disable()  # until all tests are collected, which makes millions of objects and little garbage
    _prepare_for_servers()
    folder = tempfile.mkdtemp(prefix="berth-tests-")
    config.add_cleanup(partial(shutil.rmtree, folder, ignore_errors=True))
    config.add_cleanup(fork_server.close)
    patch = pytest.MonkeyPatch()
    config.add_cleanup(patch.undo)
    patch.setenv("TMPDIR", folder)
    patch.setattr(tempfile, "tempdir", folder)


def _prepare_for_servers() -> None:
    """Compile the package and the tests once, not in every process, and let servers be interrupted."""
    compileall.compile_dir(PACKAGE, quiet=2)
    sys.dont_write_bytecode = False  # of tests: to rewrite their assertions takes most of their collection
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # in the background of a shell
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Run all tests in two processes more than there are cores, and a chosen few in this one.

    Tests of servers often wait: meanwhile the other processes have a core.
    """
    is_whole = any(Path(arg).resolve() in (_TESTS, _TESTS.parent) for arg in config.args)
    return min(5, len(os.sched_getaffinity(0)) + 2) if is_whole else 0


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the tests that take longest: at the end all processes have something left to do."""
    items.sort(key=lambda item: _place(item.path.relative_to(_TESTS).parts[0]))


def pytest_collection_finish() -> None:
    """Have no garbage collection look at what stays until the end of the run."""
    gc.freeze()
    gc.enable()


def _place(folder: str) -> int:
    return _LONGEST.index(folder) if folder in _LONGEST else len(_LONGEST)


@pytest.fixture(autouse=True)
def _remember_living(request: pytest.FixtureRequest) -> None:
    """Remember the processes, threads and temporary files there are before a test."""
    request.node.stash[_LIVING] = _living()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Iterator[None]:
    """Fail a test that leaves a child process, a thread or a temp dir."""
    result = yield
    if _LIVING in item.stash:
        left = _living() - item.stash[_LIVING]
        assert not left, f"left behind: {sorted(left)}"
    return result


def _living() -> set[str]:
    threads = {f"thread {thread.name}" for thread in threading.enumerate()}
    names = (name for name in os.listdir(tempfile.gettempdir()) if not _is_in_use(name))
    folders = {f"temp {name}" for name in names}
    return threads | folders | {f"process {pid}" for pid in _children() - running_servers()}


def _is_in_use(name: str) -> bool:
    """Whether a folder is pytest's, or that of a server that lives: it holds a lock on it."""
    if name.startswith("berth-events-"):
        return bool(running_servers())  # removed at the end of the server that made it
    if not name.startswith("berth-environments-"):
        return name.startswith("pytest-of-")
    try:
        folder = os.open(Path(tempfile.gettempdir(), name), os.O_RDONLY)
    except FileNotFoundError:
        return True
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(folder)
    return False


def _children() -> set[int]:
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return set()  # the usual case, told by one system call
    pids: set[int] = set()
    for task in Path("/proc/self/task").glob("*/children"):
        try:
            pids |= set(map(int, task.read_text().split()))
        except (FileNotFoundError, ProcessLookupError):
            continue  # the thread ended meanwhile
    return pids


@pytest.fixture(scope="session")
def aws_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server that imitates AWS, for all tests of this process that want it."""
    with moto_server(tmp_path_factory.mktemp("moto") / "log") as address:
        yield address


@pytest.fixture(scope="session")
def aws_clients() -> Iterator[AwsClients]:
    """Clients that several tests use, because each takes long to be made."""
    clients = AwsClients(REGION)
    yield clients
    clients.close()


@pytest.fixture
def aws(aws_address: str, aws_clients: AwsClients, monkeypatch: pytest.MonkeyPatch) -> Aws:
    """An AWS account without anything of another test, which boto3 finds by the environment."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws_address)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    return Aws(aws_clients, f"test-{uuid.uuid4().hex[:12]}")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """An empty project: folders for functions and manifests, and a stage `dev` without settings."""
    (tmp_path / "functions").mkdir()
    (tmp_path / "manifests").mkdir()
    (tmp_path / "manifests" / "dev.json").write_text("{}")
    return tmp_path
