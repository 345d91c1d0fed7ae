"""A process of the operating system and the process group it leads."""

import os
import select
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

_PR_SET_DUMPABLE = 4


def hide_process() -> None:
    """Keep this process's memory and environment from other processes of its user, as functions are.

    https://man7.org/linux/man-pages/man2/PR_SET_DUMPABLE.2const.html
    """
    with suppress(ImportError, AttributeError):  # macOS has nothing of the kind
        import ctypes

        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0)


class OsProcess:
    """A process that was started, until its end has been collected."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self._process = process
        self.pid = process.pid
        self.descriptor = _open_pid(process.pid)
        self._poller = select.poll()
        if self.descriptor is not None:
            self._poller.register(self.descriptor, select.POLLIN)
        self._ending = threading.Lock()
        self._is_killed = False

    def has_exited(self, seconds: float = 0) -> bool:
        """Whether it has ended, waiting at most so long."""
        if self._process.returncode is not None:
            return True
        if self.descriptor is not None:
            return bool(self._poller.poll(seconds * 1000))
        try:
            return self._process.wait(seconds) is not None
        except subprocess.TimeoutExpired:
            return False

    def kill_group(self) -> None:
        """Kill it and what it started in its group; any thread may, and more than once."""
        with self._ending:
            if self._is_killed:
                return
            self._is_killed = True
            # It is collected after this only, so the group's number cannot have been given away.
            with suppress(ProcessLookupError, PermissionError):  # the latter: on macOS, a group of zombies
                os.killpg(self.pid, signal.SIGKILL)

    def collect(self) -> None:
        """Kill the group, and wait until the process is gone."""
        self.kill_group()
        self._process.wait()
        with self._ending:
            descriptor, self.descriptor = self.descriptor, None
        if descriptor is not None:
            os.close(descriptor)

    def ending(self) -> str:
        """How it ended by itself, in the words of Lambda's supervisor (Go's)."""
        self.collect()
        status = self._process.returncode
        if status == 0:
            return "without providing a reason"
        if status > 0:
            return f"with error: exit status {status}"
        return f"with error: signal: {(signal.strsignal(-status) or str(-status)).split(':')[0].lower()}"


def _open_pid(pid: int) -> int | None:
    """A descriptor for a process; macOS, old kernels and some sandboxes have none to give."""
    try:
        return os.pidfd_open(pid)
    except (AttributeError, OSError):
        return None


def spawn(
    program: Sequence[str], *, folder: Path, environ: Mapping[str, str], output: int, inherited: int
) -> OsProcess:
    """Start a program in a session of its own, with one descriptor more than the usual three."""
    return OsProcess(
        subprocess.Popen(
            program,
            cwd=folder,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            pass_fds=(inherited,),
            start_new_session=True,
        )
    )
