"""A gunicorn server under measurement: started on a free port, ended by its own process id."""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Set
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from bench.load import Address, fetch_once
from bench.samples import ROOT

_START_SECONDS = 60.0
_END_SECONDS = 20.0


class ServerFailed(Exception):
    """Raised when a server does not come up; carries the end of what it printed."""


@dataclass(frozen=True)
class Command:
    """How to start one server: gunicorn's arguments, the working directory, own variables.

    `{address}` in the program stands for where it is to listen.
    """

    arguments: tuple[str, ...]
    directory: Path
    environ: Mapping[str, str]
    program: tuple[str, ...] = (sys.executable, "-m", "gunicorn", "--bind", "{address}")
    cpus: Set[int] | None = None  # where the server and all its processes run; None: anywhere


@dataclass(frozen=True)
class Server:
    """A server that has answered its first request."""

    address: Address
    start_seconds: float  # from starting the process to the first right answer
    pid: int
    cold_seconds: float = 0.0  # of them, how long the function's first answer took in a server that answers


@contextmanager
def running(command: Command, request: bytes) -> Iterator[Server]:
    """Start a server, wait for its first 200, end it on leaving."""
    address = free_address()
    with tempfile.TemporaryFile() as output:
        began = time.perf_counter()
        process = spawn(command, address, output)
        try:
            await_answer(process, address, request, output)
            yield Server(address, time.perf_counter() - began, process.pid)
        finally:
            end_server(process)


def free_address() -> Address:
    """An address of this machine that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return "127.0.0.1", probe.getsockname()[1]


def spawn(command: Command, address: Address, output: BinaryIO) -> subprocess.Popen[bytes]:
    """Start a server, and return at once; its modules have their bytecode, as in an image."""
    host, port = address
    inherited = {name: value for name, value in os.environ.items() if not _is_a_setting(name)}
    inherited.pop("PYTHONDONTWRITEBYTECODE", None)
    return subprocess.Popen(
        [part.replace("{address}", f"{host}:{port}") for part in (*command.program, *command.arguments)],
        cwd=command.directory,
        env=inherited | {"PYTHONPATH": str(ROOT)} | dict(command.environ),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,  # Ctrl-C ends the measuring, which then ends the server
        preexec_fn=on_cpus(command.cpus),
    )


def _is_a_setting(name: str) -> bool:
    return name.startswith("BERTH_") or name in {"PORT", "WEB_CONCURRENCY", "GUNICORN_CMD_ARGS"}


def await_answer(
    process: subprocess.Popen[bytes], address: Address, request: bytes, output: BinaryIO
) -> None:
    """Wait for the first 200 of a server; raises ServerFailed if it does not come up."""
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            fetch_once(address, request)
        except ConnectionError:
            time.sleep(0.002)
        else:
            return
    output.seek(0)
    raise ServerFailed(output.read()[-4000:].decode("utf-8", "replace"))


def on_cpus(cpus: Set[int] | None) -> Callable[[], None] | None:
    """What a new process does first so that it and its descendants run on these CPUs; None for all."""
    if cpus is None:
        return None
    return lambda: os.sched_setaffinity(0, cpus)


def end_server(process: subprocess.Popen[bytes]) -> None:
    """End a server, by its own process id."""
    process.terminate()
    try:
        process.wait(_END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
