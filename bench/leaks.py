"""What many invocations with many crashes among them leave behind: nothing."""

import json
import os
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from bench.processes import children
from bench.report import print_table
from bench.soak_functions import write_soak_functions
from bench.soak_server import is_zombie
from berth.invoke.invoker import Invoker
from berth.manifest.loader import load
from berth.model.function import Function
from berth.model.invocation import Invocation
from berth.runtime.environments import create_environments
from berth.settings import Settings

_CALLERS = 4
_ROWS = 10
_CHILDREN = 2  # the column
_ALLOWANCE = 5
_ONE_ENVIRONMENTS_ALLOWANCE = 7  # descriptors of a running environment, in the process that invokes it


def measure_leaks(folder: Path, invocations: int, crashes: int) -> bool:
    """Print what this process holds while it invokes and handlers crash; whether all of it stays flat."""
    write_soak_functions(folder)
    (folder / "temp").mkdir()
    tempfile.tempdir = str(folder / "temp")
    settings = Settings.from_environ(
        {
            "BERTH_FUNCTIONS_DIR": str(folder / "functions"),
            "BERTH_MANIFESTS_DIR": str(folder / "manifests"),
            "PATH": os.environ["PATH"],
        }
    )
    function = replace(load(settings).functions["steady"], timeout=10)
    rows = []
    with (
        tempfile.TemporaryFile() as log,
        closing(create_environments(settings, output=log.fileno())) as environments,
    ):
        for done in _in_parts(Invoker(environments), function, invocations, max(1, invocations // crashes)):
            rows.append((str(done), *map(str, _holdings())))
            print(f"{done} of {invocations}", file=sys.stderr)
    print_table(
        f"{invocations} invocations, {invocations // max(1, invocations // crashes)} of them crashed",
        ("invocations", "resident MB", "descriptors", "children", "zombies", "temp folders"),
        [*rows, ("after the end", *map(str, _holdings()))],
    )
    return _is_flat(rows)


def _in_parts(invoker: Invoker, function: Function, invocations: int, every: int) -> Iterator[int]:
    part = invocations // _ROWS // _CALLERS
    for row in range(_ROWS):
        numbers = range(row * part * _CALLERS, (row + 1) * part * _CALLERS)
        threads = [
            threading.Thread(target=_call, args=(invoker, function, numbers[caller::_CALLERS], every))
            for caller in range(_CALLERS)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        yield numbers.stop


def _call(invoker: Invoker, function: Function, numbers: range, every: int) -> None:
    for number in numbers:
        kind = "leave" if number % every == 0 else "child" if number % every == 1 else "echo"
        event = {"pathParameters": {"kind": kind, "token": str(number)}}
        result = invoker.invoke(Invocation(function, json.dumps(event).encode(), str(number)))
        expected = {"errorType": "Runtime.ExitError"} if kind == "leave" else {"body": str(number)}
        assert expected.items() <= result.value.items(), result


def _holdings() -> tuple[int, int, int, int, int]:
    """Resident MB, descriptors, children, zombies among them, temporary folders."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    started = children(os.getpid())
    folders = sum(len(names) for _, names, _ in os.walk(tempfile.gettempdir()))
    megabytes = pages * os.sysconf("SC_PAGE_SIZE") // 1_000_000
    return megabytes, len(os.listdir("/proc/self/fd")), len(started), sum(map(is_zombie, started)), folders


def _is_flat(rows: list[tuple[str, ...]]) -> bool:
    first, last = (list(map(int, row[1:])) for row in (rows[0], rows[-1]))
    more_children = max(0, last[_CHILDREN] - first[_CHILDREN])  # as many as callers happened to overlap
    allowance = _ALLOWANCE + _ONE_ENVIRONMENTS_ALLOWANCE * more_children
    return all(late <= early + allowance for early, late in zip(first, last, strict=True))
