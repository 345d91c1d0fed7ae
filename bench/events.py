"""How quickly empty events are queued and run: Berth beside its peers, from the same generator in one run."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from statistics import median

from bench.load import Address, get_request
from bench.report import print_table
from bench.samples import ROOT, write_event_project
from bench.server import Command, await_answer, free_address, spawn

_THREADS = 8  # of the generator
_SILENCE_SECONDS = 60.0
_LIVE = get_request("/_berth/health/live")
_SOURCE = """
import os

def handler(event, context):
    descriptor = os.open(os.environ["BENCH_DONE"], os.O_WRONLY | os.O_APPEND)
    os.write(descriptor, b".")
    os.close(descriptor)
"""


@dataclass(frozen=True)
class Contestant:
    """One row: the module that enqueues, the package that it needs, and the workers that run tasks."""

    name: str
    module: str
    isolation: str  # what a task that crashes takes with it
    workers: Sequence[Sequence[str]]
    package: str | None = None
    needs_redis: bool = False
    is_served: bool = False  # a server takes what the generator sends


_HUEY = ("huey.bin.huey_consumer", "bench.event_peers.huey_tasks.huey", "-w", "2", "-k", "process", "-q")
_DRAMATIQ = ("dramatiq", "bench.event_peers.dramatiq_tasks", "--processes", "2", "--threads", "8")
_CELERY = ("celery", "-A", "bench.event_peers.celery_tasks:app", "worker", "-c", "2", "-l", "ERROR")
_RQ = ("rq.cli", "worker", "--quiet", "--url", "{redis}")
_BERTH = "each function"
CONTESTANTS = (
    Contestant("Berth", "berth_http", _BERTH, (), is_served=True),
    Contestant("Berth, enqueued without HTTP", "berth_door", _BERTH, ()),
    Contestant("huey, SQLite", "huey_tasks", "none", [_HUEY], "huey"),
    Contestant("dramatiq, Redis", "dramatiq_tasks", "none", [_DRAMATIQ], "dramatiq", needs_redis=True),
    Contestant("Celery, Redis", "celery_tasks", "none", [_CELERY], "celery", needs_redis=True),
    Contestant("RQ, Redis", "rq_tasks", "each task", [_RQ, _RQ], "rq", needs_redis=True),
)


@dataclass(frozen=True)
class Rates:
    """Events per second of one round."""

    enqueued: float
    drained: float


def measure_events(folder: Path, count: int, rounds: int) -> None:
    """Measure all that are installed in turns, and print one table."""
    contestants = list(_present())
    rates: dict[str, list[Rates]] = {each.name: [] for each in contestants}
    for number in range(rounds):
        for index, contestant in enumerate(contestants):
            place = folder / f"{number}-{index}"
            place.mkdir()
            rates[contestant.name].append(_Round(place, contestant, count).run())
    ours = rates[CONTESTANTS[0].name]
    print_table(
        f"{count} empty events, median of {rounds} rounds",
        ("", "enqueued/s", "x Berth", "drained/s", "x Berth", "process of its own for"),
        [_row(each, rates[each.name], ours) for each in contestants],
    )


def _present() -> Iterator[Contestant]:
    has_redis = shutil.which("redis-server") is not None
    for each in CONTESTANTS:
        if each.package and not find_spec(each.package):
            print(f"\n{each.name}: skipped, it is not installed (pip install {each.package})")
        elif each.needs_redis and not has_redis:
            print(f"\n{each.name}: skipped, there is no redis-server on this machine")
        else:
            yield each


def _row(contestant: Contestant, rates: Sequence[Rates], ours: Sequence[Rates]) -> tuple[str, ...]:
    pairs = list(zip(rates, ours, strict=True))
    return (
        contestant.name,
        f"{median(each.enqueued for each in rates):.0f}",
        f"{median(each.enqueued / own.enqueued for each, own in pairs):.2f}",
        f"{median(each.drained for each in rates):.0f}",
        f"{median(each.drained / own.drained for each, own in pairs):.2f}",
        contestant.isolation,
    )


class _Round:
    """One contestant's turn: all events are enqueued, then workers start and run them."""

    def __init__(self, folder: Path, contestant: Contestant, count: int) -> None:
        self._folder = folder
        self._contestant = contestant
        self._count = count - count % _THREADS
        self._done = folder / "done"
        self._done.touch()
        self._address = free_address()

    def run(self) -> Rates:
        with ExitStack() as stack:
            environ = {"BENCH_DONE": str(self._done), **_berth_project(self._folder, self._done)}
            environ["BENCH_PORT"] = str(self._address[1])
            if self._contestant.needs_redis:
                environ["BENCH_REDIS"] = stack.enter_context(_redis(self._folder))
            else:
                environ["BENCH_FILE"] = str(self._folder / "huey.db")
            seconds = self._enqueue(environ)
            drained = self._drain(environ)
        return Rates(self._count / seconds, drained)

    def _enqueue(self, environ: Mapping[str, str]) -> float:
        program = ["bench.event_peers.generator", f"bench.event_peers.{self._contestant.module}"]
        arguments = [*program, str(self._count), str(_THREADS)]
        with ExitStack() as stack:
            if self._contestant.is_served:
                stack.enter_context(self._berth({**environ, "BERTH_WORKER": "off"}))
            command = [sys.executable, "-m", *arguments]
            ended = subprocess.run(
                command, cwd=ROOT, env=_environ(environ), stdout=subprocess.PIPE, check=True
            )
        return float(ended.stdout.split()[-1])

    def _drain(self, environ: Mapping[str, str]) -> float:
        """Start the workers, and measure from the first task that has run to the last."""
        with ExitStack() as stack:
            if self._contestant.workers:
                for worker in self._contestant.workers:
                    arguments = [each.format(redis=environ.get("BENCH_REDIS", "")) for each in worker]
                    command = [sys.executable, "-m", *arguments]
                    stack.enter_context(_process(command, self._folder / "worker.log", environ))
            else:
                stack.enter_context(self._berth(environ))
            return self._watch()

    def _watch(self) -> float:
        first, began, changed, known = 0, 0.0, time.monotonic(), 0
        while known <= self._count:  # the generator has sent one more
            time.sleep(0.002)
            now, done = time.monotonic(), self._done.stat().st_size
            if done > known:
                known, changed = done, now
                if not began:
                    first, began = done, now
            if now - changed > _SILENCE_SECONDS:
                log = (self._folder / "worker.log").read_text("utf-8", "replace")[-2000:]
                raise AssertionError(f"{self._contestant.name} stopped at {known} of {self._count}:\n{log}")
        return (known - first) / (changed - began)

    @contextmanager
    def _berth(self, environ: Mapping[str, str]) -> Iterator[None]:
        with (self._folder / "worker.log").open("w+b") as log:
            server = spawn(Command(("wsgi:app",), ROOT, environ), self._address, log)
            try:
                await_answer(server, self._address, _LIVE, log)
                yield
            finally:
                server.terminate()
                server.wait()


def _berth_project(folder: Path, done: Path) -> Mapping[str, str]:
    environ = write_event_project(folder, {"empty": (_SOURCE, {"environment": {"BENCH_DONE": str(done)}})})
    return {**environ, "BERTH_ASYNC_CONCURRENCY": "16"}  # as many as dramatiq has threads


def _environ(environ: Mapping[str, str]) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("BERTH_")}
    return {**inherited, "PYTHONPATH": str(ROOT), **environ}


@contextmanager
def _redis(folder: Path) -> Iterator[str]:
    """A Redis of one round; the value is its URL."""
    address = free_address()
    command = ["redis-server", "--bind", address[0], "--port", str(address[1]), "--dir", str(folder)]
    with _process(command, folder / "redis.log", {}):
        _await_listener(address)
        yield f"redis://{address[0]}:{address[1]}/0"


@contextmanager
def _process(command: Sequence[str], log: Path, environ: Mapping[str, str]) -> Iterator[None]:
    with (
        log.open("ab") as output,
        subprocess.Popen(
            command, cwd=ROOT, env=_environ(environ), stdout=output, stderr=subprocess.STDOUT
        ) as process,
    ):
        try:
            yield
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


def _await_listener(address: Address) -> None:
    deadline = time.monotonic() + _SILENCE_SECONDS
    while True:
        try:
            socket.create_connection(address).close()
        except ConnectionRefusedError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return
