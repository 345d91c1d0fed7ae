"""The loss test: events that are queued while servers are killed all run, and their pages are true.

Half of the events come through a route, each with a key by which a repeated request counts once, the others
through the Invoke API. Two servers share one queue, and one of them is killed and started again all the time.
"""

import http.client
import itertools
import json
import random
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.load import Address
from bench.loss_project import LossServer, runs, write_loss_project
from bench.report import print_table
from bench.stores import stores
from berth.invoke.stores import open_stores
from berth.settings import Settings

_INVOKE = "/2015-03-31/functions/work/invocations"
_FINAL = ("succeeded", "failed", "cancelled")
_SILENCE_SECONDS = 30.0
_PATIENCE_SECONDS = 120.0  # for the last events, once no server is killed any more


@dataclass(frozen=True)
class LossPlan:
    """How many events, how long they run at most, how often a server is killed; times in seconds."""

    events: int
    longest: float = 3.0
    kill_every: float = 4.0
    lease: float = 3.0
    queue: str = "sqlite"
    clients: int = 4


@dataclass
class LossReport:
    """What came of it; `problems` is empty if nothing was lost and every page is true."""

    accepted: dict[str, int] = field(default_factory=dict)  # numbers by id
    refused: Counter[str] = field(default_factory=Counter)  # requests that had to be sent again
    kills: int = 0
    completed: int = 0
    twice: int = 0  # events that ran to their end more than once
    begun_again: int = 0
    seconds: float = 0.0
    problems: list[str] = field(default_factory=list)


class LossTest:
    """One loss test on two servers."""

    def __init__(self, folder: Path, plan: LossPlan, servers: Sequence[LossServer]) -> None:
        self.report = LossReport()
        self._folder = folder
        self._plan = plan
        self._servers = servers
        self._numbers = itertools.count()
        self._counting = threading.Lock()
        self._over = threading.Event()

    def run(self) -> None:
        """Send all events, kill servers until all have run, then judge."""
        began = time.monotonic()
        killing = threading.Thread(target=self._kill)
        clients = [threading.Thread(target=self._send, args=(seed,)) for seed in range(self._plan.clients)]
        for thread in (killing, *clients):
            thread.start()
        for thread in clients:
            thread.join()
        self._await_runs(began)
        self._over.set()
        killing.join()
        self.report.seconds = time.monotonic() - began
        self._judge_pages()
        self._judge_runs()

    def _send(self, seed: int) -> None:
        chance = random.Random(seed)
        while (number := next(self._numbers)) < self._plan.events:
            body = {"number": number, "seconds": round(chance.uniform(0, self._plan.longest), 3)}
            request_id = None
            while request_id is None:
                request_id = self._try_to_send(chance.choice(self._servers).address, number, body)
            with self._counting:
                self.report.accepted[request_id] = number

    def _try_to_send(self, address: Address, number: int, body: Any) -> str | None:
        """Send an event to a server; None if the server is dead, or cannot take the event now."""
        headers = {"Idempotency-Key": f"event-{number}", "X-Amz-Invocation-Type": "Event"}
        path = "/work" if number % 2 else _INVOKE
        try:
            status, lines, answer = _exchange(address, "POST", path, json.dumps(body), headers)
        except (OSError, http.client.HTTPException) as failed:
            outcome = type(failed).__name__
            time.sleep(0.05)
        else:
            if status == 202:
                # The id of a repeated request is not the one that counts; the Invoke API has no body.
                return json.loads(answer)["requestId"] if answer else lines["x-amzn-requestid"]
            outcome = str(status)
            if status < 500:
                raise AssertionError(f"the server answered {status}")
        with self._counting:
            self.report.refused[outcome] += 1
        return None

    def _kill(self) -> None:
        for server in itertools.cycle(self._servers):
            if self._over.wait(self._plan.kill_every):
                return
            server.kill()
            self.report.kills += 1
            self._over.wait(0.2)
            server.start()

    def _await_runs(self, began: float) -> None:
        """Wait until every accepted event has run, or until nothing happens any more."""
        known, changed = 0, time.monotonic()
        while time.monotonic() - changed < _SILENCE_SECONDS + self._plan.longest:
            ended = {request_id for what, request_id, *_ in runs(self._folder) if what == "end"}
            if not self.report.accepted.keys() - ended:
                return
            if len(ended) > known:
                known, changed = len(ended), time.monotonic()
            self._over.wait(0.2)

    def _judge_pages(self) -> None:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        for server, (request_id, number) in zip(
            itertools.cycle(self._servers), self.report.accepted.items(), strict=False
        ):
            page = self._final_page(server.address, request_id, deadline)
            told = (page.get("state"), page.get("attempts"), page.get("result"))
            if told != ("succeeded", 1, number):
                self.report.problems.append(f"UNTRUE PAGE of {request_id}: {json.dumps(page)[:300]}")

    def _final_page(self, address: Address, request_id: str, deadline: float) -> Any:
        while True:
            status, _, body = _exchange(address, "GET", f"/_berth/invocations/{request_id}")
            page = json.loads(body)
            if status != 200 or page["state"] in _FINAL or time.monotonic() > deadline:
                return page
            time.sleep(0.2)

    def _judge_runs(self) -> None:
        begun: defaultdict[str, list[int]] = defaultdict(list)
        ended: defaultdict[str, list[int]] = defaultdict(list)
        for what, request_id, server, _ in runs(self._folder):
            (begun if what == "begin" else ended)[request_id].append(server)
        report, killed = self.report, {pid for server in self._servers for pid in server.killed}
        report.completed = len(report.accepted.keys() & ended.keys())
        report.twice = sum(len(servers) > 1 for servers in ended.values())
        report.begun_again = sum(len(servers) > 1 for servers in begun.values())
        lost = report.accepted.keys() - ended.keys()
        report.problems += [f"LOST {request_id}: begun {begun[request_id]}" for request_id in lost]
        for request_id, servers in begun.items():
            if alive := [pid for pid in servers[:-1] if pid not in killed]:
                report.problems.append(f"RUN TWICE {request_id}: the server {alive} was not killed")
        report.problems += ["a log has a traceback" for each in self._servers if each.tracebacks()]


def run_loss(folder: Path, plan: LossPlan) -> LossReport:
    """Do a loss test in an empty folder."""
    write_loss_project(folder)
    with ExitStack() as stack:
        environ = {
            **stack.enter_context(stores(folder, plan.queue)),
            "BERTH_LEASE_SECONDS": f"{plan.lease:g}",
            "BERTH_ASYNC_CONCURRENCY": "16",
        }
        servers = [LossServer(folder, name, environ) for name in ("one", "two")]
        for server in servers:
            stack.callback(server.close)
            server.start()
        test = LossTest(folder, plan, servers)
        test.run()
        test.report.problems += _left(environ) if plan.queue == "sqlite" else []
    return test.report


def _left(environ: dict[str, str]) -> list[str]:
    """What is still in the queue though all is done; what is done is removed a moment later."""
    opened = open_stores(Settings.from_environ(environ))
    deadline = time.monotonic() + 5
    while (depth := opened.queue.depth()).depth + depth.running and time.monotonic() < deadline:
        time.sleep(0.05)
    opened.close()
    return [f"the queue still has {depth}"] if depth.depth + depth.running + depth.dead else []


def _exchange(
    address: Address, method: str, path: str, body: str | None = None, headers: dict[str, str] | None = None
) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection(*address, timeout=_SILENCE_SECONDS)
    try:
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    finally:
        connection.close()


def measure_loss(folder: Path, plan: LossPlan) -> bool:
    """Run it and print its table; whether all promises were kept."""
    report = run_loss(folder, plan)
    print_table(
        f"{plan.events} events of 0 to {plan.longest:g} s, queue {plan.queue}, a server killed every "
        f"{plan.kill_every:g} s, {report.seconds:.0f} s",
        ("", "events"),
        [
            ("accepted with 202", str(len(report.accepted))),
            ("ran to their end", str(report.completed)),
            ("begun again after a kill", str(report.begun_again)),
            ("ran to their end twice, after a kill", str(report.twice)),
            ("lost", str(len(report.accepted) - report.completed)),
        ],
    )
    again = ", ".join(f"{name} {count}" for name, count in report.refused.most_common())
    print(f"\n{report.kills} servers were killed; requests sent again: {again or 'none'}")
    for problem in report.problems:
        print(problem)
    print(f"\n{len(report.problems)} problems")
    return not report.problems
