"""A program that the tests' fork server starts is as one that Python starts."""

import os
import subprocess
import sys
from pathlib import Path

from kit.forked import fork_server

PROGRAM = """
import atexit, json, os, sys, tempfile

atexit.register(lambda: print("at exit"))
names = [stream.name for stream in (sys.stdin, sys.stdout, sys.stderr)]
print(json.dumps([__name__, sys.argv, os.getcwd(), sys.path[0], dict(os.environ), names]))
print(input(), tempfile.gettempdir(), "é")
print("told", file=sys.stderr)
sys.exit(int(sys.argv[1]) if sys.argv[1].isdigit() else sys.argv[1])
"""


def test_program_sees_and_gives_what_it_would_if_python_had_started_it(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(PROGRAM)
    environ = {"PATH": os.environ["PATH"], "TMPDIR": str(tmp_path), "LANG": "C.UTF-8"}
    for argument in ("0", "3", "in words"):
        started = subprocess.run(
            [sys.executable, "-m", "program", argument],
            cwd=tmp_path,
            env=environ,
            input="given\n",
            capture_output=True,
            text=True,
            check=False,
        )
        forked = fork_server.run("program", [argument], tmp_path, environ, "given\n")
        assert (forked.returncode, forked.stdout, forked.stderr) == (
            started.returncode,
            started.stdout,
            started.stderr,
        )


def test_program_that_a_signal_ends_has_its_number(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n")
    assert fork_server.run("program", [], tmp_path, os.environ).returncode == -9
