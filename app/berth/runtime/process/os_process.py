"""A process of the operating system and the process group it leads."""

import os
import select
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Protocol

_PR_SET_DUMPABLE = 4


def hide_process() -> None:
    """Forbid other processes of the same user, such as functions, to read this process's memory.

    https://man7.org/linux/man-pages/man2/PR_SET_DUMPABLE.2const.html
    """
    with suppress(ImportError, AttributeError):  # macOS has no prctl
        import ctypes

        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0)


class Child(Protocol):
    """A child process of this one: what Popen knows of it."""

    pid: int
    returncode: int | None

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end; raises TimeoutExpired."""
        ...


class OsProcess:
    """A started process, until collect() has waited for its end."""

    def __init__(self, process: Child) -> None:
        self._process = process
        self.pid = process.pid
        self.descriptor = _open_pid(process.pid)
        self._poller = select.poll()
        if self.descriptor is not None:
            self._poller.register(self.descriptor, select.POLLIN)
        self._ending = threading.Lock()
        self._is_killed = False

    def has_exited(self, seconds: float = 0) -> bool:
        """Whether the process has ended; waits for that at most this many seconds."""
        if self._process.returncode is not None:
            return True
        if self.descriptor is not None:
            return bool(self._poller.poll(seconds * 1000))
        try:
            return self._process.wait(seconds) is not None
        except subprocess.TimeoutExpired:
            return False

    def resume(self) -> None:
        """Let the process go on after somebody has stopped it."""
        self.send_signal(signal.SIGCONT)

    def send_signal(self, number: int) -> None:
        """Send the process a signal, unless it has been killed."""
        with self._ending:
            if not self._is_killed:
                with suppress(ProcessLookupError):
                    os.kill(self.pid, number)

    def kill_group(self) -> None:
        """Kill the process and its group; any thread may call this, and more than once."""
        with self._ending:
            if self._is_killed:
                return
            self._is_killed = True
            # The process is collected only after this, so no other group can have its number.
            # PermissionError: macOS raises it if every process of the group has ended.
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)

    def collect(self) -> None:
        """Kill the group, and wait until the process has ended."""
        self.kill_group()
        self._process.wait()
        with self._ending:
            descriptor, self.descriptor = self.descriptor, None
        if descriptor is not None:
            os.close(descriptor)

    def ending(self) -> str:
        """How the process ended, in the words of Lambda's supervisor, which is written in Go."""
        self.collect()
        status = self._process.returncode or 0
        if status == 0:
            return "without providing a reason"
        if status > 0:
            return f"with error: exit status {status}"
        return f"with error: signal: {(signal.strsignal(-status) or str(-status)).split(':')[0].lower()}"


def _open_pid(pid: int) -> int | None:
    """Open a descriptor for a process; None on macOS, old kernels and in some sandboxes."""
    try:
        return os.pidfd_open(pid)
    except (AttributeError, OSError):
        return None


def spawn(
    program: Sequence[str], *, folder: Path, environ: Mapping[str, str], output: int, inherited: Sequence[int]
) -> OsProcess:
    """Start a program in its own session; it inherits descriptors besides stdin, stdout and stderr."""
    return OsProcess(
        subprocess.Popen(
            program,
            cwd=folder,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            pass_fds=inherited,
            start_new_session=True,
        )
    )
