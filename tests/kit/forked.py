"""Programs that start quickly, because they are forked by a process that has imported what they need."""

import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from tempfile import TemporaryFile
from threading import Lock
from typing import IO

from kit.fork_server import NUMBER

_FORK_SERVER = Path(__file__).with_name("fork_server.py")
_LONGEST_RUN = 120  # seconds, so that a program that does not end fails its test


class Forked:
    """A running program, with the members of `subprocess.Popen` that tests use."""

    def __init__(
        self, pid: int, report: int, stdin: IO[str] | None = None, stdout: IO[str] | None = None
    ) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self.stdin = stdin
        self.stdout = stdout
        self._report = report

    def poll(self) -> int | None:
        """Its status if it has ended."""
        if self.returncode is None and self._has_ended(0):
            self._take_status()
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Its status once it has ended; raises subprocess.TimeoutExpired."""
        if self.returncode is None:
            if not self._has_ended(timeout):
                raise subprocess.TimeoutExpired(str(self.pid), timeout or 0)
            self._take_status()
        assert self.returncode is not None
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send a signal unless it has ended."""
        if self.poll() is None:
            with suppress(ProcessLookupError):  # its status is on the way
                os.kill(self.pid, number)

    def kill(self) -> None:
        """Send SIGKILL."""
        self.send_signal(signal.SIGKILL)

    def _has_ended(self, timeout: float | None) -> bool:
        poll = select.poll()
        poll.register(self._report, select.POLLIN)
        return bool(poll.poll(None if timeout is None else timeout * 1000))

    def _take_status(self) -> None:
        (self.returncode,) = NUMBER.unpack(os.read(self._report, NUMBER.size))
        os.close(self._report)


class ForkServer:
    """Started with the first program that is asked for."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._requests: socket.socket | None = None

    @property
    def pid(self) -> int | None:
        """Its process id while it runs."""
        return self._process.pid if self._process else None

    def start(self, module: str, arguments: list[str], folder: Path, environ: Mapping[str, str]) -> Forked:
        """Run a module with arguments, as `python -m` does, its stderr in its stdout."""
        with ExitStack() as theirs:
            stdin, to_stdin = os.pipe()
            theirs.callback(os.close, stdin)
            from_stdout, stdout = os.pipe()
            theirs.callback(os.close, stdout)
            pid, report = self._fork(module, arguments, folder, environ, (stdin, stdout, stdout))
        return Forked(pid, report, os.fdopen(to_stdin, "w"), os.fdopen(from_stdout, errors="replace"))

    def run(
        self, module: str, arguments: list[str], folder: Path, environ: Mapping[str, str], stdin: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """Run a module with arguments to its end, as `python -m` does; raises subprocess.TimeoutExpired."""
        with TemporaryFile("w+") as given, TemporaryFile("w+") as output, TemporaryFile("w+") as errors:
            given.write(stdin)
            given.seek(0)
            streams = (given.fileno(), output.fileno(), errors.fileno())
            program = Forked(*self._fork(module, arguments, folder, environ, streams))
            try:
                status = program.wait(_LONGEST_RUN)
            finally:
                program.kill()
                program.wait()
            output.seek(0)
            errors.seek(0)
            return subprocess.CompletedProcess([module, *arguments], status, output.read(), errors.read())

    def _fork(
        self,
        module: str,
        arguments: list[str],
        folder: Path,
        environ: Mapping[str, str],
        streams: tuple[int, int, int],
    ) -> tuple[int, int]:
        """The process id of a new program, and the descriptor that tells its status at its end."""
        request = {"module": module, "arguments": arguments, "folder": str(folder), "environ": dict(environ)}
        ours, theirs = os.pipe()
        try:
            with self._lock:
                socket.send_fds(self._connection(), [json.dumps(request).encode()], [*streams, theirs])
        finally:
            os.close(theirs)
        (pid,) = NUMBER.unpack(os.read(ours, NUMBER.size))
        return pid, ours

    def close(self) -> None:
        """End it; what it has started lives on."""
        if self._process and self._requests:
            self._requests.close()
            self._process.wait()
            self._process = self._requests = None

    def _connection(self) -> socket.socket:
        if self._requests is None:
            self._requests, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            with theirs:
                program = [sys.executable, str(_FORK_SERVER), str(theirs.fileno())]
                self._process = subprocess.Popen(
                    program, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL
                )
        return self._requests


fork_server = ForkServer()
