"""The apps served directly, by the servers their frameworks are made for."""

import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

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
    log: list[str] = []
    has_started = threading.Event()
    reader = threading.Thread(target=_read_log, args=(process, log, has_started), daemon=True)
    reader.start()
    try:
        has_started.wait(30)
        port = next((int(found[1]) for line in log if (found := _LISTENING.search(line))), None)
        assert port is not None, f"{framework} did not start:\n{''.join(log)}"
        yield port
    finally:
        _end(process)
        reader.join(5)


def _read_log(process: subprocess.Popen[str], log: list[str], has_started: threading.Event) -> None:
    assert process.stdout
    with process.stdout:
        for line in process.stdout:
            log.append(line)
            if _LISTENING.search(line):
                has_started.set()
    has_started.set()


def _end(process: subprocess.Popen[str]) -> None:
    """Both servers end their own workers on SIGTERM."""
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
