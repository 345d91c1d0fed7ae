"""The server's side of a template: a process that the processes of functions are forked from.

It is started by exec, so it inherits nothing of the server's memory, and holds nothing of a function either.
"""

import json
import logging
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from berth.runtime.process.os_process import OsProcess
from berth.runtime.process.template import FORK, NUMBER_BYTES, READY, decode_number, encode_number

log = logging.getLogger("berth")

_START_SECONDS = 10.0
_FORK_SECONDS = 5.0
# The template's variables take this much room, for those of its copies to be written there.
_ROOM_BYTES = 16_384
_POLL_SECONDS = 0.005


class NoTemplate(Exception):
    """Raised when a template cannot be started or does not answer; a process is started without it then."""


def has_room(environ: Mapping[str, str]) -> bool:
    """Whether a template has room for these variables."""
    return sum(len(os.fsencode(f"{name}={value}")) + 1 for name, value in environ.items()) <= _ROOM_BYTES


class ForkedChild:
    """A child of this process that a template has made; it has what OsProcess needs of Popen."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._waiting = threading.Lock()

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end; raises TimeoutExpired."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while not self._collect(0 if deadline is None else os.WNOHANG):
            if deadline is not None and time.monotonic() >= deadline:
                raise subprocess.TimeoutExpired([], timeout or 0)
            time.sleep(_POLL_SECONDS)
        assert self.returncode is not None
        return self.returncode

    def _collect(self, options: int) -> bool:
        with self._waiting:
            if self.returncode is None:
                try:
                    pid, status = os.waitpid(self.pid, options)
                except ChildProcessError:  # somebody else has collected it; Popen says 0 then
                    self.returncode = 0
                else:
                    self.returncode = os.waitstatus_to_exitcode(status) if pid else None
            return self.returncode is not None


class Template:
    """A template and the socket to it; the thread that starts it must live as long."""

    def __init__(self, program: Sequence[str], packages: Sequence[str], environ: Mapping[str, str]) -> None:
        """Start it, and wait until it is ready; raises NoTemplate or OSError."""
        ours, theirs = socket.socketpair()
        self._control = ours
        # Python's own stdout is made for a pipe, as that of every copy.
        self._reading, writing = os.pipe()
        try:
            told = {"control": theirs.fileno(), "server": os.getpid(), "server_packages": packages}
            self._process = subprocess.Popen(
                [*program, json.dumps(told)],
                cwd="/",
                env={**environ, "ROOM": "." * _ROOM_BYTES},
                stdin=subprocess.DEVNULL,
                stdout=writing,
                stderr=writing,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        except BaseException:
            ours.close()
            os.close(self._reading)
            raise
        finally:
            theirs.close()
            os.close(writing)
        ours.settimeout(_START_SECONDS)
        try:
            is_ready = ours.recv(1) == READY
        except OSError:
            is_ready = False
        if not is_ready:
            self._tell_why()
            self.close()
            raise NoTemplate
        ours.settimeout(_FORK_SECONDS)

    def _tell_why(self) -> None:
        os.set_blocking(self._reading, False)
        with suppress(BlockingIOError):
            words = os.read(self._reading, _ROOM_BYTES).decode(errors="replace").strip()
            log.info("a process is started without a template: %s", words.rpartition("\n")[2])

    def fork(
        self,
        place: Mapping[str, Any],
        folder: Path,
        environ: Mapping[str, str],
        output: int,
        descriptors: Mapping[str, int],
    ) -> OsProcess:
        """Fork a process in its own session; it gets these descriptors, which its place names.

        Raises NoTemplate or OSError.
        """
        told = {"place": place, "environ": environ, "folder": str(folder), "descriptors": list(descriptors)}
        data = json.dumps(told).encode()
        ours, theirs = socket.socketpair()
        with ours:
            ours.settimeout(_FORK_SECONDS)
            with theirs:
                child = self._copy(theirs)
            try:
                socket.send_fds(ours, [encode_number(len(data))], [output, *descriptors.values()])
                ours.sendall(data)
                failed = _receive_number(ours)
            except (OSError, NoTemplate) as reason:
                os.kill(child.pid, signal.SIGKILL)
                child.wait()
                raise NoTemplate from reason
        if failed:
            child.wait()
            raise OSError(failed, os.strerror(failed))
        return OsProcess(child)

    def _copy(self, request: socket.socket) -> ForkedChild:
        """Have the template make a copy, which ends if it gets no request from this socket's other end."""
        try:
            socket.send_fds(self._control, [FORK], [request.fileno()])
        except OSError as reason:
            raise NoTemplate from reason
        pid = _receive_number(self._control)
        if pid < 0:
            raise OSError(-pid, os.strerror(-pid))
        return ForkedChild(pid)

    def close(self) -> None:
        """End the template, not its copies."""
        self._process.kill()
        self._process.wait()
        self._control.settimeout(0)
        with suppress(NoTemplate):
            pid = _receive_number(self._control)  # of a copy that was waited for no longer
            if pid > 0:
                ForkedChild(pid).wait()
        self._control.close()
        os.close(self._reading)


def _receive_number(connection: socket.socket) -> int:
    try:
        data = connection.recv(NUMBER_BYTES, socket.MSG_WAITALL)
    except OSError as reason:
        raise NoTemplate from reason
    if len(data) < NUMBER_BYTES:
        raise NoTemplate
    return decode_number(data)
