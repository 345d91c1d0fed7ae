"""Tables, and the facts without which their numbers mean nothing."""

import math
import os
import platform
import sys
from collections.abc import Sequence
from importlib import metadata

import berth

PACKAGES = (
    *("flask", "werkzeug", "gunicorn", "marshmallow", "awslambdaric", "falcon", "functions-framework"),
    *("huey", "dramatiq", "celery", "rq"),
)


def quantile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least this share of all values does not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def print_facts() -> None:
    """Print the command, the versions and the machine."""
    print("$ python -m bench", *sys.argv[1:])
    print(f"berth {berth.__version__}, {', '.join(filter(None, map(_version, PACKAGES)))}")
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    load = f", load average {os.getloadavg()[0]:.2f}" if hasattr(os, "getloadavg") else ""
    print(
        f"{platform.python_implementation()} {platform.python_version()}, "
        f"{platform.system()} {platform.machine()}, {cores} cores{load}"
    )


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print one table: the first column to the left, figures to the right."""
    print(f"\n{title}")
    table = [columns, *rows]
    widths = [max(len(row[index]) for row in table) for index in range(len(columns))]
    for row in table:
        first, *others = (
            text.rjust(width) if index else text.ljust(width)
            for index, (text, width) in enumerate(zip(row, widths, strict=True))
        )
        print("  ".join([first, *others]).rstrip())


def _version(package: str) -> str | None:
    try:
        return f"{package} {metadata.version(package)}"
    except metadata.PackageNotFoundError:
        return None
