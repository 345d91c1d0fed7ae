"""The servers that are compared: how each is started with a workload's functions, and how it is asked."""

import importlib.util
import json
import shutil
import sys
from collections.abc import Callable, Set
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.peer_apps import PROJECT_VARIABLE
from bench.samples import ROOT, environ_of
from bench.server import Command, free_address
from bench.workloads import (
    ARTICLE,
    DIRTY,
    FLASK,
    FLOOR,
    FRAMEWORK,
    INLINE,
    PROCESS,
    RIE,
    Request,
    Workload,
    plain_event,
)

_RIE_PROGRAM = "aws-lambda-rie"
_RIE_PATH = "/2015-03-31/functions/function/invocations"


@dataclass(frozen=True)
class Shape:
    """How large each server is, and on which CPUs it runs."""

    workers: int
    threads: int
    cpus: Set[int] | None = None


def _request_of(workload: Workload) -> Request:
    return workload.request


def _answer_of(workload: Workload) -> bytes:
    return workload.answer


@dataclass(frozen=True)
class Contender:
    """One server: its name on the command line, its title, what it needs, how it is started and asked."""

    name: str
    title: str
    command: Callable[[Workload, Path, Shape], Command]
    needs: str = ""  # what is missing where it cannot be started
    is_at_hand: Callable[[], bool] = field(default=lambda: True)
    request: Callable[[Workload], Request] = _request_of
    answer: Callable[[Workload], bytes] = _answer_of


def contenders() -> dict[str, Contender]:
    """All servers, in the order of the tables."""
    every = [
        Contender(FLOOR, "bare WSGI", _peer("bench.peer_apps:bare_wsgi()")),
        Contender(FLASK, "Flask view", _peer("bench.peer_apps:flask_view()")),
        Contender(
            ARTICLE, "P2, the article", _peer("bench.article:create_app()"), "falcon", _has_module("falcon")
        ),
        Contender(
            FRAMEWORK,
            "functions-framework",
            _peer("bench.peer_apps:functions_framework_app()"),
            "functions-framework",
            _has_module("functions_framework"),
        ),
        Contender(DIRTY, "dirty arbiter", _dirty, "falcon", _has_module("falcon")),
        Contender(
            RIE,
            "RIE, awslambdaric",
            _emulator,
            f"the program {_RIE_PROGRAM}",
            lambda: bool(shutil.which(_RIE_PROGRAM)),
            _emulator_request,
            _emulator_answer,
        ),
        Contender(PROCESS, "Berth, process", _berth("process")),
        Contender(INLINE, "Berth, inline", _berth("inline")),
    ]
    return {each.name: each for each in every}


def _has_module(name: str) -> Callable[[], bool]:
    return lambda: importlib.util.find_spec(name) is not None


def _peer(application: str, *arguments: str) -> Callable[[Workload, Path, Shape], Command]:
    """A server of an application that calls the functions; gunicorn reads no configuration file for it."""

    def command(workload: Workload, folder: Path, shape: Shape) -> Command:
        workload.write(folder)
        plain = ("--worker-class", "gthread", "--keep-alive", "360", "--no-control-socket")
        environ = {**workload.environ, PROJECT_VARIABLE: str(folder)}
        return Command((*plain, *_size(shape), *arguments, application), folder, environ, cpus=shape.cpus)

    return command


def _dirty(workload: Workload, folder: Path, shape: Shape) -> Command:
    """As many dirty workers as calls have to run at one time, because each runs one."""
    own = ("--dirty-app", "bench.dirty_peer:HandlersApp")
    size = ("--dirty-workers", str(workload.at_once), "--dirty-threads", "1")
    return _peer("bench.dirty_peer:create_app()", *own, *size)(workload, folder, shape)


def _berth(isolation: str) -> Callable[[Workload, Path, Shape], Command]:
    """Berth as it is deployed, by its own gunicorn.conf.py; only the number of threads is the peers'."""

    def command(workload: Workload, folder: Path, shape: Shape) -> Command:
        settings = workload.write(folder, isolation)
        environ = {**workload.environ, **environ_of(settings), "WEB_CONCURRENCY": str(shape.workers)}
        return Command(("--threads", str(shape.threads), "wsgi:app"), ROOT, environ, cpus=shape.cpus)

    return command


def _size(shape: Shape) -> tuple[str, ...]:
    return ("--workers", str(shape.workers), "--threads", str(shape.threads))


def _emulator(workload: Workload, folder: Path, shape: Shape) -> Command:
    """AWS's emulator, which runs one function and one invocation at a time, without gunicorn."""
    workload.write(folder)
    host, port = free_address()
    program = (
        *(_RIE_PROGRAM, "--runtime-interface-emulator-address", "{address}"),
        *("--runtime-api-address", f"{host}:{port}"),
    )
    runtime = (sys.executable, "-m", "awslambdaric", "app.lambda_handler")
    directory = folder / "functions" / workload.function
    return Command(runtime, directory, workload.environ, program, shape.cpus)


def _emulator_request(workload: Workload) -> Request:
    event = plain_event(workload.request)
    return Request(_RIE_PATH, "POST", json.dumps(event).encode(), "application/json")


def _emulator_answer(workload: Workload) -> bytes:
    """The handler's result, written as awslambdaric writes it."""
    names: dict[str, Any] = {}
    exec(workload.source, names)
    return json.dumps(
        names["lambda_handler"](plain_event(workload.request), None), ensure_ascii=False
    ).encode()
