"""A fault run: mixed load on a real server, functions that crash, hang and eat memory, processes killed.

Every answer is checked: each request has a token of its own that only its own answer may hold.
"""

import http.client
import os
import random
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from bench.report import print_table
from bench.server import Command, running
from bench.soak_functions import KINDS, Kind, write_soak_functions
from bench.soak_server import ServerProcesses, Vitals, described_zombie, end_strays, function_of
from bench.soak_verdict import Kills, ZombieWatch, growth

_FAILED = b'{"message": "Internal server error"}'
_ANSWER_SECONDS = 60.0


@dataclass(frozen=True)
class SoakPlan:
    """How long and how hard; 0 kills nothing."""

    seconds: float
    clients: int = 8
    environment_kills_every: float = 0.5  # seconds
    worker_kills_every: float = 60.0  # seconds


@dataclass
class SoakReport:
    """What came of it; `problems` is empty if all promises were kept."""

    sent: Counter[str] = field(default_factory=Counter)
    right: Counter[str] = field(default_factory=Counter)
    failed_by_kill: Counter[str] = field(default_factory=Counter)
    cut_off: Counter[str] = field(default_factory=Counter)
    unanswered: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)
    kills: Kills = field(default_factory=Kills)
    vitals: list[Vitals] = field(default_factory=list)
    seconds: float = 0.0


class Soak:
    """One fault run."""

    def __init__(self, plan: SoakPlan, port: int, server: ServerProcesses) -> None:
        self.report = SoakReport()
        self._plan = plan
        self._port = port
        self._server = server
        self._over = threading.Event()
        self._counting = threading.Lock()

    def run(self) -> None:
        """Run until the plan is over or Ctrl-C."""
        jobs: list[Callable[[], None]] = [self._kill_environments, self._kill_workers]
        jobs += [partial(self._call, random.Random(seed)) for seed in range(self._plan.clients)]
        threads = [threading.Thread(target=job) for job in jobs]
        for thread in threads:
            thread.start()
        try:
            self._watch()
        except KeyboardInterrupt:
            print("\nended early", file=sys.stderr)
        finally:
            self._over.set()
            for thread in threads:
                thread.join()
        self.report.problems += growth(self.report.vitals)

    def _call(self, chance: random.Random) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=_ANSWER_SECONDS)
        connected = 0.0
        while not self._over.is_set():
            (kind,) = chance.choices(KINDS, [kind.share for kind in KINDS])
            token = f"{kind.name}-{chance.getrandbits(64):016x}"
            began = time.monotonic()
            connected = connected if connection.sock else began
            with self._counting:
                self.report.sent[kind.name] += 1
            try:
                connection.request("GET", f"/{kind.function}/{kind.name}/{token}")
                answer = connection.getresponse()
                self._check(kind, token, began, answer.status, answer.read())
            except (OSError, http.client.HTTPException) as lost:
                connection.close()
                self._check_lost(kind, token, lost, connected)
        connection.close()

    def _check(self, kind: Kind, token: str, began: float, status: int, body: bytes) -> None:
        is_answered = (status, body) == (200, token.encode())
        is_failed = (status, body) == (502, _FAILED)
        with self._counting:
            if is_failed if not kind.is_good else is_answered:
                self.report.right[kind.name] += 1
            elif is_failed and self.report.kills.excuse_failure(kind.function, began, time.monotonic()):
                self.report.failed_by_kill[kind.name] += 1
            else:
                self.report.problems.append(f"WRONG ANSWER to {token}: {status} {body[:100]!r}")

    def _check_lost(self, kind: Kind, token: str, lost: Exception, connected: float) -> None:
        with self._counting:
            if self.report.kills.excuse_loss(connected, time.monotonic()):
                self.report.cut_off[kind.name] += 1
            else:
                self.report.unanswered[kind.name] += 1
                self.report.problems.append(f"UNANSWERED {token}: {lost!r}")

    def _kill_environments(self) -> None:
        chance = random.Random(0)
        while self._pause(self._plan.environment_kills_every):
            victims = [
                (pid, function) for pid in self._server.environments() if (function := function_of(pid))
            ]
            if victims:
                pid, function = chance.choice(victims)
                with self._counting:
                    self.report.kills.add_environment(time.monotonic(), function)
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    def _kill_workers(self) -> None:
        # The successor of a killed worker removes its temporary folder, so there has to be time for one.
        every = self._plan.worker_kills_every
        latest = time.monotonic() + self._plan.seconds - every / 2
        while self._pause(every) and time.monotonic() < latest:
            with self._counting:
                self.report.kills.workers.append(time.monotonic())
            for worker in self._server.workers():
                with suppress(ProcessLookupError):
                    os.kill(worker, signal.SIGKILL)

    def _pause(self, seconds: float) -> bool:
        """Whether the run goes on after so long; 0 seconds are forever."""
        return not self._over.wait(seconds or None)

    def _watch(self) -> None:
        began = time.monotonic()
        watch = ZombieWatch()
        while (passed := time.monotonic() - began) < self._plan.seconds:
            self.report.vitals += filter(None, [self._server.vitals()])
            for zombie in watch.look(self._server.zombies(), passed):
                self.report.problems.append(f"{passed:.0f} s: {described_zombie(zombie)}")
            self.report.seconds = passed
            if len(self.report.vitals) % 10 == 1:
                self._print_progress(passed)
            time.sleep(1.0)

    def _print_progress(self, passed: float) -> None:
        done, latest = self.report.sent.total(), self.report.vitals[-1]
        print(
            f"{passed:5.0f} s: {done} requests, {self.report.kills.environments} environments killed, "
            f"worker {latest.megabytes:.0f} MB, {latest.descriptors} descriptors, "
            f"{latest.environments} environments, {len(self.report.problems)} problems",
            file=sys.stderr,
        )


def run_soak(folder: Path, plan: SoakPlan) -> SoakReport:
    """Do a fault run on a server of its own, in an empty folder; what the server leaves is a problem."""
    write_soak_functions(folder)
    temp = folder / "temp"
    temp.mkdir()
    command = Command(("wsgi:app",), Path(__file__).parents[1], _environ(folder, temp))
    with running(command, b"GET /_berth/health/live HTTP/1.1\r\nHost: x\r\n\r\n") as server:
        processes = ServerProcesses(server.pid, temp)
        soak = Soak(plan, server.address[1], processes)
        soak.run()
        processes.await_no_zombie(soak.report.problems)
        everyone = processes.everyone()
    report = soak.report
    report.problems += [f"process {pid} was left" for pid in everyone if Path(f"/proc/{pid}").exists()]
    # What handlers have started survives the kill of a worker, and nothing else.
    if (strays := end_strays(folder)) and not report.kills.workers:
        report.problems.append(f"{strays} processes that handlers started were left")
    report.problems += [f"{path.name} was left" for path in temp.iterdir()]
    return report


def _environ(folder: Path, temp: Path) -> dict[str, str]:
    return {
        "BERTH_FUNCTIONS_DIR": str(folder / "functions"),
        "BERTH_MANIFESTS_DIR": str(folder / "manifests"),
        "TMPDIR": str(temp),
    }


def measure_soak(folder: Path, plan: SoakPlan) -> bool:
    """Run it and print its table; whether all promises were kept."""
    report = run_soak(folder, plan)
    rows: list[tuple[str, ...]] = [
        _row(kind.name, report, "200" if kind.is_good else "502") for kind in KINDS
    ]
    columns = (
        *("kind of request", "sent", "expected", "right"),
        *("502 after a kill", "worker killed", "unanswered", "wrong"),
    )
    print_table(f"{report.sent.total()} requests in {report.seconds:.0f} s", columns, rows)
    vitals = report.vitals
    print_table(
        f"{report.kills.environments} environments and {len(report.kills.workers)} workers were killed",
        ("the worker, once a second", "least", "most"),
        [
            _range("resident memory, MB", [each.megabytes for each in vitals]),
            _range("descriptors", [each.descriptors for each in vitals]),
            _range("environments", [each.environments for each in vitals]),
            _range("temporary folders", [each.folders for each in vitals]),
        ],
    )
    for problem in report.problems:
        print(problem)
    print(f"\n{len(report.problems)} problems")
    return not report.problems


def _row(name: str, report: SoakReport, expected: str) -> tuple[str, ...]:
    counts: list[Any] = [report.sent[name], expected, report.right[name]]
    counts += [report.failed_by_kill[name], report.cut_off[name], report.unanswered[name]]
    wrong = report.sent[name] - sum(counts[2:])
    return tuple(map(str, (name, *counts, wrong)))


def _range(name: str, values: list[float] | list[int]) -> tuple[str, ...]:
    return (name, f"{min(values, default=0):.0f}", f"{max(values, default=0):.0f}")
