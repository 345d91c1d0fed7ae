"""Instructions of calls in a process of their own, which callgrind counts."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.samples import ROOT

READY, GO = "ready", "go"  # files by which the process and this one wait for each other
_COMMAND = ("valgrind", "--tool=callgrind", "--instr-atstart=no", "--callgrind-out-file=/dev/null")
_START_SECONDS = 120.0


class NotCounted(Exception):
    """Raised when callgrind counted nothing; carries the end of what the process printed."""


def can_count() -> bool:
    """Whether valgrind is installed."""
    return all(map(shutil.which, ("valgrind", "callgrind_control")))


def instructions_per_call(name: str, project: Path, calls: int) -> float:
    """The instructions of the application's process alone: what twice as many calls need more, for each."""
    once, twice = (_instructions(name, project, number) for number in (calls, 2 * calls))
    return (twice - once) / calls


def _instructions(name: str, project: Path, calls: int) -> int:
    """The instructions of so many calls of an application, and of a constant beginning and end."""
    for mark in (READY, GO):
        (project / mark).unlink(missing_ok=True)
    with tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen(
            [*_COMMAND, sys.executable, "-m", "bench.counted_calls", name, str(project), str(calls)],
            cwd=project,
            env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "0"},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
        deadline = time.monotonic() + _START_SECONDS
        try:
            while not (project / READY).exists() and process.poll() is None and time.monotonic() < deadline:
                time.sleep(0.02)
            control = ["callgrind_control", "--instr=on", str(process.pid)]
            subprocess.run(control, capture_output=True, timeout=_START_SECONDS, check=False)
            (project / GO).touch()
            process.wait(_START_SECONDS)
        finally:
            process.kill()
            process.wait()
        output.seek(0)
        return read_instructions(output.read(), process.pid)


def read_instructions(output: str, pid: int) -> int:
    """What callgrind says it counted in one process; its children write to the same place."""
    found = re.search(rf"^=={pid}== Collected *: *(\d+)", output, re.MULTILINE)
    if found is None or not int(found[1]):
        raise NotCounted(output[-500:])
    return int(found[1])
