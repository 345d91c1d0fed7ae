"""A server's processes as /proc shows them."""

import os
import signal
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from bench.processes import children, environments, stat_fields

_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_ZOMBIE_SECONDS = 5.0
_PARENT, _THREADS = 2, 18  # where they are in what stat_fields() returns


@dataclass(frozen=True)
class Vitals:
    """What one worker uses at one moment."""

    worker: int
    megabytes: float
    descriptors: int
    environments: int
    folders: int  # of environments, in the server's place for temporary files


class ServerProcesses:
    """gunicorn's master, its workers, and their environments."""

    def __init__(self, master: int, temp: Path) -> None:
        self._master = master
        self._temp = temp

    def workers(self) -> list[int]:
        """The workers."""
        return children(self._master)

    def environments(self) -> list[int]:
        """The processes that run functions."""
        return [pid for worker in self.workers() for pid in environments(worker)]

    def everyone(self) -> list[int]:
        """Every process of the server."""
        return [self._master, *self.workers(), *self.environments()]

    def vitals(self) -> Vitals | None:
        """What the worker uses; None while there is none."""
        for worker in self.workers():
            with suppress(OSError):
                pages = int(Path(f"/proc/{worker}/statm").read_text().split()[1])
                descriptors = len(os.listdir(f"/proc/{worker}/fd"))
                folders = sum(1 for _ in self._temp.glob("*/*"))
                megabytes = pages * _PAGE_BYTES / 1e6
                return Vitals(worker, megabytes, descriptors, len(children(worker)), folders)
        return None

    def zombies(self) -> set[int]:
        """Processes that have ended and were not collected."""
        return {pid for pid in self.everyone() if is_zombie(pid)}

    def await_no_zombie(self, problems: list[str]) -> None:
        """Give the server a moment to collect who has died; who has not been by then is a problem."""
        deadline = time.monotonic() + _ZOMBIE_SECONDS
        while (zombies := self.zombies()) and time.monotonic() < deadline:
            time.sleep(0.05)
        problems += map(described_zombie, zombies)


def function_of(pid: int) -> str | None:
    """The function that a process runs; None if it has ended."""
    return _variables(pid).get("AWS_LAMBDA_FUNCTION_NAME")


def end_strays(folder: Path) -> int:
    """Kill what handlers of the functions in this folder have started; how many there were."""
    numbers = [int(path.name) for path in Path("/proc").glob("[0-9]*")]
    strays = [pid for pid in numbers if _variables(pid).get("LAMBDA_TASK_ROOT", "").startswith(f"{folder}/")]
    for pid in strays:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return len(strays)


def _variables(pid: int) -> dict[str, str]:
    """The environment a process was started with; nothing if it has ended."""
    with suppress(OSError):
        lines = Path(f"/proc/{pid}/environ").read_text("utf-8", "replace").split("\0")
        return {name: value for name, _, value in (line.partition("=") for line in lines)}
    return {}


def is_zombie(pid: int) -> bool:
    """Whether a process has ended and was not collected yet."""
    return stat_fields(pid)[1:2] == ["Z"]


def described_zombie(pid: int) -> str:
    """What is known of a process that was not collected: its name, its threads, who has to collect it."""
    if not (fields := stat_fields(pid)):
        return f"process {pid} was a zombie"
    name, parent, threads = (fields[index] for index in (0, _PARENT, _THREADS))
    return f"process {pid} ({name}, {threads} threads) is a zombie, a child of {parent}"
