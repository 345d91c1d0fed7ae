import subprocess
import sys
from pathlib import Path

import pytest

from berth.runtime.process.early_variables import adds_libraries, early_variables, is_early
from berth.runtime.search import server_packages
from kit.tables import for_each

# Whatever AWS's runtime reads of its variables while it is imported.
_RECORDER = """
import os, sys

class Recorder(os._Environ):
    def __getitem__(self, name):
        print(name)
        return super().__getitem__(name)

os.environ.__class__ = Recorder
sys.path.insert(0, sys.argv[1])
sys.modules["runtime_client"] = None
import awslambdaric.__main__
"""


def test_variables_that_awss_runtime_reads_when_it_is_imported_are_early() -> None:
    program = [sys.executable, "-P", "-S", "-c", _RECORDER, server_packages()[0]]
    read = subprocess.run(program, capture_output=True, text=True, check=True, env={}).stdout.split()
    assert read
    assert [name for name in read if not is_early(name)] == []


@for_each(
    "name",
    "PYTHONHASHSEED PYTHONUNBUFFERED PYTHONDONTWRITEBYTECODE PYTHONUTF8 PYTHONIOENCODING PYTHONOPTIMIZE "
    "PYTHONWARNINGS PYTHONFAULTHANDLER PYTHONMALLOC PYTHONPATH PYTHONTRACEMALLOC LD_PRELOAD LD_LIBRARY_PATH "
    "MALLOC_ARENA_MAX GLIBC_TUNABLES LANG LC_ALL LC_CTYPE LOCPATH".split(),
)
def test_what_is_read_at_the_start_is_early(name: str) -> None:
    assert is_early(name)


@for_each("name", ["PATH", "TZ", "AWS_REGION", "TABLE", "TMPDIR", "_HANDLER"])
def test_what_is_read_later_is_not_early(name: str) -> None:
    assert not is_early(name)


def test_early_variables_have_the_servers_own_path_of_the_linker() -> None:
    environ = {"LANG": "C", "LD_LIBRARY_PATH": "/srv/lib:/var/task", "TABLE": "orders"}
    assert early_variables(environ, "/srv/lib") == {"LANG": "C", "LD_LIBRARY_PATH": "/srv/lib"}
    assert early_variables(environ, "") == {"LANG": "C"}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("libpq.so.5", True),
        ("own.so", True),
        ("glibc-hwcaps", True),
        ("app.py", False),
        ("_speed.cpython-311-x86_64-linux-gnu.so", False),
        ("_speed.abi3.so", False),
    ],
)
def test_library_counts_unless_the_linker_knew_its_folder(
    tmp_path: Path, name: str, *, expected: bool
) -> None:
    (tmp_path / name).touch()
    environ = {"LD_LIBRARY_PATH": f"/srv/lib:{tmp_path}:/nowhere"}
    assert adds_libraries(environ, "/srv/lib") is expected
    assert not adds_libraries(environ, f"{tmp_path}:/srv/lib")
