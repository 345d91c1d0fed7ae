"""Every command that the README and the manual print is run as printed, or a reason is given here."""

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from kit.forked import fork_server
from kit.inner_pytest import PYTEST_ADDOPTS
from kit.manual import PAGES, Command, File, steps
from kit.servers import ROOT, Server, start_command
from kit.wheels import write_wheel

pytestmark = pytest.mark.system

# Commands that are not run, as regular expressions, and why.
NOT_RUN = {
    r".*\bcrud\b": "needs a clone of a public repository; followed by hand",
    r"docker ": "needs docker; test_image.py builds these images and runs them",
    r"(AWS_\S+ )?aws |curl \"\$\(aws ": "needs an account of AWS; test_examples.py looks at what it is given",
    r"curl .*https://api\.example\.com/": "asks an API that is deployed",
    r"python3 -m venv \w+$|\. (\.\./)?tutorial/bin/activate": "the tests run in such an environment",
    r"pip (install|wheel) ": "needs the package index; test_installed_wheel.py builds and installs the wheel",
    r"berth migrate compare .*(--lambda|https://)": "needs a function or an API in an account of AWS",
    r"berth deploy bridge .*--run": "needs functions in an account of AWS; test_bridge_command.py asks moto",
    r"export BRIDGE_URL": "is for the commands of a bridge that are not run",
    r"berth migrate record": "needs a recording; test_record.py has one",
    r"pytest$": "these are its tests; those of a project that is made from nothing are run",
    r"python -m bench\b": "measures for minutes; test_bench.py measures for a moment",
    r"python -c .*urllib": "is for the inside of a container; test_image.py asks the same",
}
# How commands of the README begin on a fresh machine. The tests have all that already.
SET_UP = "python3 -m venv .venv && .venv/bin/pip install -e '.[dev]' && .venv/bin/"
# What these print is another text each time.
VARIES = ("berth gateway token",)
# Programs that the test runs: those that are Python modules too, and others. The first word of any other
# command needs a line in NOT_RUN.
MODULES = {"berth", "flask", "gunicorn", "pytest"}
PROGRAMS = MODULES | {"curl", "cd", "mkdir", "mv"}
# Pages that begin in an empty folder; the others are about a project that is there, such as this one.
FROM_NOTHING = {"deploy.md", "import.md", "tutorial.md", "migrating.md", "your-repository.md"}
_SERVES = re.compile(r"(?:[A-Z_]+=\S* )*(?:(?:berth|flask) (?:run|serve)|gunicorn)\b")


class Reader:
    """Follows a page in a folder: writes the files, runs the commands, and has one server at a time."""

    def __init__(self, folder: Path, environ: dict[str, str], shared: Server | None = None) -> None:
        self._folder = folder
        self._environ = environ
        self._shared = shared  # answers until the page starts a server of its own
        self._own: Server | None = None
        self._done: set[str] = set()  # since a file was written

    def close(self) -> None:
        """End the server that the page has started."""
        if self._own:
            self._own.stop(signal.SIGINT)
            self._own = None

    def follow(self, step: File | Command) -> None:
        """Write a file or run a command."""
        if isinstance(step, File):
            path = self._folder / step.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(step.text)
            self._done.clear()
        elif step.program == "curl" or step.text not in self._done:
            self._done.add(step.text)
            self._run(step)

    def _run(self, command: Command) -> None:
        if command.program == "cd":
            self._folder /= command.text.split()[1]
        elif _SERVES.match(command.text):
            self._serve(command)
        else:
            self._compare(command)

    def _serve(self, command: Command) -> None:
        self.close()
        variables, module, arguments = _program(command)
        program = [sys.executable, "-m", module, *arguments]
        self._own = start_command(program, self._folder, self._environ | variables)

    def _compare(self, command: Command) -> None:
        ended = self._run_in_bash(command) if _needs_shell(command) else self._run_module(command)
        said = f"{command.place}: {command.text}\nprinted:\n{ended.stdout}{ended.stderr}"
        if command.output and not command.text.startswith(VARIES):
            words = " ".join(f"{ended.stdout} {ended.stderr}".split())
            lines = (line.removesuffix("...").split() for line in command.output)
            missing = [" ".join(line) for line in lines if " ".join(line) not in words]
            assert not missing, f"{said}and not {missing}"
        else:
            assert ended.returncode == 0, f"{said}status {ended.returncode}"

    def _run_module(self, command: Command) -> subprocess.CompletedProcess[str]:
        variables, module, arguments = _program(command)
        return fork_server.run(module, arguments, self._folder, self._environ | variables)

    def _run_in_bash(self, command: Command) -> subprocess.CompletedProcess[str]:
        text = command.text.replace(" /tmp/", f" {self._environ['TMPDIR']}/")
        if server := self._own or self._shared:
            text = text.replace("127.0.0.1:8000", f"127.0.0.1:{server.port}")
        return subprocess.run(
            ["bash", "-c", text],
            cwd=self._folder,
            env=self._environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=60,
            check=False,
        )


def _needs_shell(command: Command) -> bool:
    return command.program not in MODULES or bool(set(command.text) & set(">|$"))


def _program(command: Command) -> tuple[dict[str, str], str, list[str]]:
    """The variables of a command, its module and its arguments."""
    words = shlex.split(command.text)
    at = words.index(command.program)
    return dict(word.split("=", 1) for word in words[:at]), command.program, words[at + 1 :]


@pytest.fixture(scope="module")
def environ(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a reader: the programs of this one, and an index that has the tutorial's package."""
    index = tmp_path_factory.mktemp("index")
    write_wheel(index, "humanize", "def intcomma(number):\n    return f'{number:,}'\n")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "BERTH_"))}
    return kept | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "TMPDIR": str(tmp_path_factory.mktemp("temp")),
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(index),
        "GUNICORN_CMD_ARGS": "--bind 127.0.0.1:0",
        "PYTEST_ADDOPTS": PYTEST_ADDOPTS,
    }


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory, environ: dict[str, str]) -> Iterator[tuple[Path, Server]]:
    """A copy of this project and its server, which all pages share."""
    folder = tmp_path_factory.mktemp("project")
    for name in ("functions", "manifests", "docs"):
        shutil.copytree(ROOT / name, folder / name)
    for name in ("wsgi.py", "gunicorn.conf.py"):
        shutil.copyfile(ROOT / name, folder / name)
    with start_command([sys.executable, "-m", "berth", "run"], folder, environ) as server:
        yield folder, server


@pytest.mark.parametrize("page", [page.name for page in PAGES if page.name not in FROM_NOTHING])
def test_commands_work_in_this_project(page: str, here: tuple[Path, Server], environ: dict[str, str]) -> None:
    folder, server = here
    _follow(page, Reader(folder, environ, server))


@pytest.mark.parametrize("page", sorted(FROM_NOTHING))
def test_commands_work_from_nothing(page: str, tmp_path: Path, environ: dict[str, str]) -> None:
    _follow(page, Reader(tmp_path, environ))


def test_every_reason_is_needed() -> None:
    texts = [
        step.text.removeprefix(SET_UP) for page in PAGES for step in steps(page) if isinstance(step, Command)
    ]
    assert [each for each in NOT_RUN if not any(re.match(each, text) for text in texts)] == []


def _follow(page: str, reader: Reader) -> None:
    (path,) = (each for each in PAGES if each.name == page)
    try:
        for step in _to_run(path):
            reader.follow(step)
    finally:
        reader.close()


def _to_run(page: Path) -> Iterator[File | Command]:
    from_nothing = page.name in FROM_NOTHING
    for step in steps(page):
        if isinstance(step, File):
            if from_nothing:
                yield step
            continue
        command = replace(step, text=step.text.removeprefix(SET_UP))
        if (from_nothing and command.program == "pytest") or not _reasons(command):
            assert command.program in PROGRAMS, (
                f"{step.place}: {step.text}: run it, or say in NOT_RUN why not"
            )
            yield command


def _reasons(command: Command) -> list[str]:
    return [each for each in NOT_RUN if re.match(each, command.text)]
