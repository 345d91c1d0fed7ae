"""Installs what functions and layers require into their own folders: they may need different versions."""

import importlib.util
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import click

from berth.host.machine import usable_cpus
from berth.manifest.checks.functions import real_path
from berth.model.function import PACKAGES_FOLDER
from berth.runtime.requirements import Requirements, distribution_name

_MOST_AT_ONCE = 4
_LAST_LINES = 6
_SECONDS_TO_END = 5.0
_ERROR_LINE = re.compile(r"\s*(ERROR|error|×)", re.IGNORECASE)
_HIDE_LINE = "\r\x1b[K"


@dataclass(frozen=True)
class Target:
    """A folder that requirements are installed into: a function's or a layer's."""

    name: str
    requirements: Requirements


def find_targets(functions_dir: Path, manifests_dir: Path, name: str | None) -> list[Target]:
    """The functions with a requirements.txt, and the layers with one that these functions or stages name.

    Manifests are not checked here: only their keys `code` and `layers` are read, if they can be.
    """
    folders = sorted(path for path in functions_dir.glob(name or "[!._]*") if path.is_dir())
    manifests = {folder: _read_object(folder / "manifest.json") for folder in folders}
    layers = [folder / layer for folder in folders for layer in _texts(manifests[folder].get("layers"))]
    for stage in sorted(manifests_dir.glob("*.json")):
        layers += [manifests_dir / layer for layer in _texts(_read_object(stage).get("layers"))]
    targets = {
        folder.resolve(): Target(folder.name, Requirements.of(folder.resolve(), _code(folder, manifest)))
        for folder, manifest in manifests.items()
    }
    for layer in map(real_path, layers):
        targets.setdefault(layer, Target(f"layer {layer.name}", Requirements.of(layer)))
    return [target for target in targets.values() if target.requirements.exist()]


def install_all(targets: Sequence[Target], *, again: bool) -> None:
    """Install several at a time; raises ClickException with the names of those that failed.

    What is installed already, for this Python and platform, is left alone unless `again`.
    """
    due = [each for each in targets if again or not _is_done(each.requirements)]
    if unchanged := [each.name for each in targets if each not in due]:
        click.echo(f"unchanged: {', '.join(unchanged)}")
    failed: list[str] = []
    with _Installation(due) as installation:
        for count, (target, seconds, failure) in enumerate(installation.results(), 1):
            place = f"[{count}/{len(due)}] {target.name}"
            if failure is None:
                installation.screen.tell(f"{place}: installed in {seconds:.1f} s")
            else:
                failed.append(f"{target.name} ({failure.requirement})")
                installation.screen.tell(
                    f"{place}: FAILED: {failure.requirement} of {target.requirements.file}"
                )
                installation.screen.tell("\n".join(f"    {line}" for line in failure.last_lines))
    if failed:
        raise click.ClickException(f"not installed, what was there is kept: {', '.join(failed)}")


@dataclass(frozen=True)
class _Failure:
    requirement: str
    last_lines: list[str]


class _Screen:
    """Writes lines, and on a terminal one more at the end that says what goes on; threads may share it."""

    def __init__(self) -> None:
        self._is_terminal = sys.stdout.isatty()
        self._writing = threading.Lock()

    def tell(self, line: str) -> None:
        """Write a line that stays."""
        with self._writing:
            click.echo(f"{_HIDE_LINE if self._is_terminal else ''}{line}")

    def show(self, line: str) -> None:
        """Show a line until another one is written."""
        if self._is_terminal:
            width = shutil.get_terminal_size().columns
            with self._writing:
                click.echo(_HIDE_LINE + line[: width - 1], nl=False)


class _Installation:
    """Runs the installers of several targets at one time, and ends them with the block that it is used in."""

    def __init__(self, targets: Sequence[Target]) -> None:
        self.screen = _Screen()
        self._targets = targets
        self._workers = ThreadPoolExecutor(max(2, min(_MOST_AT_ONCE, usable_cpus())), "install")
        self._running: set[subprocess.Popen[str]] = set()
        self._changing = threading.Lock()
        self._is_ending = False

    def __enter__(self) -> "_Installation":
        return self

    def __exit__(self, *_: object) -> None:
        """Interrupt what still runs, as after Ctrl-C; each installer removes its own temporary files."""
        with self._changing:
            self._is_ending = True
            running = list(self._running)
        for process in running:
            _end(process)
        self._workers.shutdown(cancel_futures=True)

    def results(self) -> Iterator[tuple[Target, float, _Failure | None]]:
        """Install everything; yields each target as soon as it is done, with seconds and failure."""
        started: dict[Future[tuple[float, _Failure | None]], Target] = {
            self._workers.submit(self._install, target): target for target in self._targets
        }
        for done in as_completed(started):
            yield started[done], *done.result()

    def _install(self, target: Target) -> tuple[float, _Failure | None]:
        """Install into a new folder, then replace the old one by it; if that fails, the old one stays."""
        began, requirements = time.monotonic(), target.requirements
        folder = requirements.packages.parent
        with tempfile.TemporaryDirectory(prefix=f"{PACKAGES_FOLDER}.", dir=folder) as parent:
            fresh = Path(parent) / "new"
            # Both installers read a requirement that is a path from their working directory.
            program = [*_installer(), "--target", str(fresh), "-r", requirements.file.name]
            status, output = self._run(program, requirements.file.parent, target.name)
            if status != 0:
                return time.monotonic() - began, _failure(requirements, output)
            fresh.mkdir(exist_ok=True)  # pip makes no folder for an empty requirements.txt
            requirements.write_stamp(fresh)
            if requirements.packages.exists():
                requirements.packages.rename(Path(parent) / "old")
            fresh.rename(requirements.packages)
        return time.monotonic() - began, None

    def _run(self, program: list[str], folder: Path, name: str) -> tuple[int, list[str]]:
        with self._started(program, folder) as process:
            assert process.stdout
            output = []
            for line in process.stdout:
                output.append(line.rstrip())
                self.screen.show(f"{name}: {line.strip()}")
        return process.returncode, output

    @contextmanager
    def _started(self, program: list[str], folder: Path) -> Iterator["subprocess.Popen[str]"]:
        with self._changing:
            if self._is_ending:
                raise KeyboardInterrupt
            # In a session of its own Ctrl-C does not reach it, so it is ended here and nowhere else.
            process = subprocess.Popen(
                program,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                start_new_session=True,
            )
            self._running.add(process)
        try:
            with process:
                yield process
        finally:
            with self._changing:
                self._running.discard(process)


def _read_object(file: Path) -> dict[str, object]:
    with suppress(OSError, ValueError):
        document = json.loads(file.read_bytes())
        if isinstance(document, dict):
            return document
    return {}


def _code(folder: Path, manifest: dict[str, object]) -> Path:
    code = manifest.get("code", ".")
    is_path = isinstance(code, str) and "\0" not in code
    return real_path(folder / str(code)) if is_path else real_path(folder)


def _texts(value: object) -> list[str]:
    texts = value if isinstance(value, list) else []
    return [each for each in texts if isinstance(each, str) and "\0" not in each]


def _is_done(requirements: Requirements) -> bool:
    return requirements.are_installed() and not requirements.has_paths()


def _failure(requirements: Requirements, output: Sequence[str]) -> _Failure:
    """What an installer's last lines say: the requirements that its errors name, or else the whole file."""
    lines = [line for line in output if line.strip()]
    about = "\n".join(line for line in lines if _ERROR_LINE.match(line)) or "\n".join(lines[-_LAST_LINES:])
    named = [line for line in requirements.lines() if _is_named(line, about)]
    return _Failure(", ".join(named) or requirements.file.name, lines[-_LAST_LINES:])


def _is_named(requirement: str, text: str) -> bool:
    if requirement in text:
        return True
    name = re.escape(distribution_name(requirement)).replace(r"\-", "[-_.]")
    return bool(name) and re.search(rf"(?<![\w-]){name}(?![\w-])", text, re.IGNORECASE) is not None


def _end(process: "subprocess.Popen[str]") -> None:
    """End an installer and what it has started; pip removes its temporary files when it is interrupted."""
    _signal_group(process, signal.SIGINT)
    try:
        process.wait(_SECONDS_TO_END)
    except subprocess.TimeoutExpired:
        _signal_group(process, signal.SIGKILL)


def _signal_group(process: "subprocess.Popen[str]", number: int) -> None:
    if process.poll() is None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, number)


def _installer() -> list[str]:
    """The command that installs: pip, or uv in an environment that uv has made without pip.

    pip's user and its configuration may choose another place to install to, which --target excludes.
    """
    if importlib.util.find_spec("pip"):
        place = ("--no-user", "--prefix=", "--root=/")
        quiet = ("--disable-pip-version-check", "--no-input", "--progress-bar=off")
        return [sys.executable, "-m", "pip", "install", *place, *quiet]
    if uv := shutil.which("uv"):
        return [uv, "pip", "install", "--python", sys.executable]
    missing = "this environment has neither pip nor uv: run `python -m ensurepip`, or `uv pip install pip`"
    raise click.ClickException(missing)
