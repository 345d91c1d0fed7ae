"""The apps served directly, by the servers their frameworks are made for."""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kit.servers import follow_log

APPS = Path(__file__).parent / "apps"
_LISTENING = re.compile(r"(?:Listening at:|running on) http://127\.0\.0\.1:(\d+)")
_UVICORN = ("uvicorn", "--host", "127.0.0.1", "--port", "0", "--no-access-log")
_GUNICORN = ("gunicorn", "--bind", "127.0.0.1:0", "--worker-class", "gthread", "--threads", "2")
PROGRAMS = {
    "starlette": (*_UVICORN, "starlette_app:app"),
    "flask": (*_GUNICORN, "--limit-request-line", "8190", "--no-control-socket", "flask_app:app"),
    "powertools": (*_UVICORN, "powertools_local:app"),
}


@contextmanager
def serve_directly(framework: str) -> Iterator[int]:
    """Serve a framework's app for as long as the block lasts; gives the port."""
    process = subprocess.Popen(
        [sys.executable, "-m", *PROGRAMS[framework]],
        cwd=APPS,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    log, reader, port = follow_log(process, _LISTENING)
    try:
        assert port is not None, f"{framework} did not start:\n{''.join(log)}"
        yield port
    finally:
        _end(process)
        reader.join(5)


def _end(process: subprocess.Popen[str]) -> None:
    """Both servers end their own workers on SIGTERM."""
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
