"""Starts programs quickly: it has imported what a server needs and forks a process for each of them.

`python fork_server.py DESCRIPTOR` listens at that socket. A request is a JSON object of module, arguments,
folder and environment; with it come the descriptors of stdin, stdout, stderr and of a pipe. Into the pipe go
the new process's id and, at its end, its status.
"""

import atexit
import contextlib
import gc
import io
import json
import os
import runpy
import socket
import struct
import sys
import tempfile
import threading
import traceback
from collections.abc import Callable
from typing import Any, NoReturn

NUMBER = struct.Struct("i")
_PRELOADED = (
    "awslambdaric.bootstrap",
    "berth.factory",
    "berth.server.dev_server",
    "berth.server.gunicorn_hooks",
    "berth.server.gunicorn_worker",
    "berth.server.json_log",
    "berth.tools.cli.function",
    "berth.tools.cli.gateway",
    "berth.tools.cli.migrate",
    "berth.tools.cli.new",
    "berth.tools.cli.queue",
    "berth.tools.cli.run",
    "berth.tools.cli.serve",
    "berth.tools.cli.worker",
    "flask.cli",
    "gunicorn.app.wsgiapp",
    "gunicorn.glogging",
)


def main(requests: socket.socket) -> None:
    """Serve until the other end is closed."""
    del sys.path[0]  # the folder of this file
    for name in _PRELOADED:
        __import__(name)
    gc.freeze()  # no collection looks at these modules again, or every process would have a copy of them
    while True:
        data, descriptors, _, _ = socket.recv_fds(requests, 1 << 20, 4)
        _reap()
        if not data:
            return
        if os.fork() == 0:
            requests.close()
            _watch(json.loads(data), descriptors)
        for descriptor in descriptors:
            os.close(descriptor)


def _reap() -> None:
    """Take note of all watchers that have ended."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _watch(request: dict[str, Any], descriptors: list[int]) -> NoReturn:
    """Be the parent of the program, and report its id and its status."""
    *streams, report = descriptors
    pid = os.fork()
    if pid == 0:
        os.close(report)
        _run(streams, **request)
    for descriptor in (0, 1, 2, *streams):  # the reader of its output sees its end
        os.close(descriptor)
    os.write(report, NUMBER.pack(pid))
    _, status = os.waitpid(pid, 0)
    os.write(report, NUMBER.pack(os.waitstatus_to_exitcode(status)))
    os._exit(0)


def _run(
    streams: list[int], module: str, arguments: list[str], folder: str, environ: dict[str, str]
) -> NoReturn:
    """Run a module as `python -m` does."""
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    sys.stdin = sys.__stdin__ = io.TextIOWrapper(io.BufferedReader(_named(0, "<stdin>")))
    sys.stdout = sys.__stdout__ = io.TextIOWrapper(_named(1, "<stdout>"), write_through=True)
    sys.stderr = sys.__stderr__ = io.TextIOWrapper(_named(2, "<stderr>"), write_through=True)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environ)
    tempfile.tempdir = None
    sys.argv[:] = [module, *arguments]
    sys.path.insert(0, folder)
    _exit(lambda: runpy.run_module(module, run_name="__main__", alter_sys=True))


def _exit(program: Callable[[], object]) -> NoReturn:
    """Run a program and end as Python does, but leave all objects alone: to free them takes longest.

    The processes that the program forks come back here as well.
    """
    status: object = 1
    try:
        program()
        status = 0
    except SystemExit as asked:
        status = asked.code
    except BaseException:
        traceback.print_exc()
    threading._shutdown()  # type: ignore[attr-defined]  # waits for threads
    atexit._run_exitfuncs()
    if isinstance(status, str):
        print(status, file=sys.stderr)
    sys.stdout.flush()
    os._exit(status if isinstance(status, int) else int(status is not None))


def _named(descriptor: int, name: str) -> io.FileIO:
    stream = io.FileIO(descriptor, "wb" if descriptor else "rb", closefd=False)
    stream.name = name
    return stream


if __name__ == "__main__":
    main(socket.socket(fileno=int(sys.argv[1])))
