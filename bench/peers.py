"""Berth beside its peers: the same functions through each server, measured in turns in one run."""

import http.client
import json
import math
import os
import random
import time
from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import AbstractContextManager, ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

from bench.contenders import Contender, Shape, contenders
from bench.figures import Comparison, Results, Round, Start
from bench.generators import Generator, choose_generator
from bench.load import BadAnswer
from bench.peer_tables import print_comparison
from bench.plots import write_plots
from bench.processes import cpu_seconds, memory_bytes, tree
from bench.server import Command, Server, ServerFailed
from bench.starts import checked
from bench.workloads import ARTICLE, WORKLOADS, Workload

AS_THEY_COME, ONE_CORE = "as they come", "kept to one core"
_WARM_UPS, _WARM_UP_SECONDS = 3, 1.0  # each has new connections, which fall to the workers another way
_QUIET_SECONDS, _QUIET_CPU_SECONDS, _MOST_QUIET_SECONDS = 0.5, 0.05, 120.0
_SETTLE_SECONDS = 0.1  # requests that the end of the load cut off are still worked on
_FAILURES = (BadAnswer, ServerFailed, OSError, http.client.HTTPException)


@dataclass(frozen=True)
class Plan:
    """What to measure, and for how long."""

    rounds: int
    seconds: float
    starts: int = 3
    only: Sequence[str] = ()  # none: all servers
    workloads: Sequence[str] = ()  # none: all
    placements: Sequence[str] = (AS_THEY_COME, ONE_CORE)
    connections: Sequence[int] = ()  # none: each workload's own
    workers: int = 2
    threads: int = 8
    load: str | None = None  # None: the best generator that is installed
    json: Path | None = None
    plots: Path | None = None


@dataclass(frozen=True)
class _Contest:
    """One workload in one placement: who takes part, and how each is started."""

    plan: Plan
    workload: Workload
    placement: str
    shape: Shape
    generator: Generator
    commands: Mapping[str, Command]  # by the servers' names
    contenders: Mapping[str, Contender]
    asked: Sequence[str]  # those that cannot do it, too


def measure_peers(folder: Path, plan: Plan) -> None:
    """Start the servers of each workload, load them in turns, print a table for each comparison."""
    chosen = _at_hand(plan.only)
    found: list[Comparison] = []
    for placement in plan.placements:
        servers_cpus, load_cpus = cpus_of(placement)
        generator = choose_generator(plan.load, folder, load_cpus)
        print(f"\nServers {placement}, load by {generator.name}")
        for name, workload in WORKLOADS.items():
            if name not in (plan.workloads or WORKLOADS):
                continue
            shape = Shape(workload.workers or plan.workers, plan.threads, servers_cpus)
            able = {each.name: each for each in chosen if each.name in workload.peers}
            place = folder / f"{name}-{plan.placements.index(placement)}"
            commands = {each: able[each].command(workload, place / each, shape) for each in able}
            contest = _Contest(
                plan, workload, placement, shape, generator, commands, able, [each.name for each in chosen]
            )
            for comparison in _compare(contest):
                found.append(comparison)
                print_comparison(comparison, shape)
    _write(plan, found)


def cpus_of(placement: str) -> tuple[Set[int] | None, Set[int] | None]:
    """The CPUs of the servers and those of the load: one and the others, or None for any."""
    if placement == AS_THEY_COME:
        return None, None
    first, *others = sorted(os.sched_getaffinity(0))
    return {first}, set(others) or {first}


def _at_hand(only: Sequence[str]) -> list[Contender]:
    """The servers to compare; a line for each that cannot be started here."""
    found = []
    for name, each in contenders().items():
        if only and name not in only:
            continue
        if each.is_at_hand():
            found.append(each)
        else:
            print(f"{each.title}: skipped, {each.needs} is not installed")
    return found


def _compare(contest: _Contest) -> Iterator[Comparison]:
    """Compare the servers that can do a workload, once for each number of connections."""
    starts = _more_starts(contest)
    with ExitStack() as stack:
        servers: dict[str, Server] = {}
        for name, contender in contest.contenders.items():
            try:
                servers[name] = stack.enter_context(_checked(contest, name))
            except _FAILURES as failure:
                print(f"{contender.title}: left out of {contest.workload.name}, {failure}")
        for name, server in servers.items():
            starts.setdefault(name, []).append(_start_of(server))
        _await_quiet([server.pid for server in servers.values()])
        for connections in contest.plan.connections or contest.workload.connections:
            results = {name: Results(contest.contenders[name].title, starts[name]) for name in servers}
            _take_turns(contest, servers, connections, results)
            for name in results:
                results[name].memory_mb = memory_bytes(tree(servers[name].pid)) / 1e6
            yield Comparison(
                contest.workload.name,
                contest.workload.title,
                connections,
                contest.placement,
                ARTICLE,
                contest.asked,
                results,
            )


def _checked(contest: _Contest, name: str) -> AbstractContextManager[Server]:
    """One server, started, which has given the right answer."""
    contender, workload = contest.contenders[name], contest.workload
    return checked(contest.commands[name], contender.request(workload), contender.answer(workload))


def _more_starts(contest: _Contest) -> dict[str, list[Start]]:
    """Starts for the figures of starts alone, in turns; failures show when the servers start to stay."""
    starts: dict[str, list[Start]] = {}
    more = contest.plan.starts - 1 if contest.workload.is_start_of_interest else 0
    for name in [*contest.contenders] * more:
        with suppress(*_FAILURES), _checked(contest, name) as server:
            starts.setdefault(name, []).append(_start_of(server))
    return starts


def _take_turns(
    contest: _Contest, servers: dict[str, Server], connections: int, results: dict[str, Results]
) -> None:
    """Load one server after the other, in another order each round; who fails is left out from then on."""
    order = random.Random(connections)
    for number in range(-_WARM_UPS, contest.plan.rounds):
        is_warm_up = number < 0
        # More connections at first, so that each worker has all the environments it will need.
        asked = connections * contest.shape.workers if is_warm_up else connections
        seconds = min(_WARM_UP_SECONDS, contest.plan.seconds) if is_warm_up else contest.plan.seconds
        names = list(results)
        order.shuffle(names)
        for name in names:
            try:
                measured = _one_round(contest, name, servers[name], asked, seconds)
            except _FAILURES as failure:
                print(f"{results[name].title}: left out with {connections} connections, {failure}")
                del results[name]
            else:
                results[name].rounds += [] if is_warm_up else [measured]


def _await_quiet(pids: Sequence[int]) -> None:
    """Wait until the servers have done what they do after their first answer, such as load more functions."""
    deadline = time.monotonic() + _MOST_QUIET_SECONDS
    used, before = math.inf, 0.0
    while used > _QUIET_CPU_SECONDS and time.monotonic() < deadline:
        time.sleep(_QUIET_SECONDS)
        now = sum(cpu_seconds(tree(pid)) for pid in pids)
        used, before = now - before, now


def _one_round(contest: _Contest, name: str, server: Server, connections: int, seconds: float) -> Round:
    """Load one server, and read what all its processes have used meanwhile."""
    request = contest.contenders[name].request(contest.workload)
    before = cpu_seconds(tree(server.pid))
    load = contest.generator.run(server.address, request, connections, seconds)
    time.sleep(_SETTLE_SECONDS)
    used = cpu_seconds(tree(server.pid)) - before
    cpu_us = used / load.requests * 1e6
    return Round(load.requests, load.seconds, load.p50 * 1000, load.p99 * 1000, cpu_us)


def _start_of(server: Server) -> Start:
    return Start(server.start_seconds * 1000, server.cold_seconds * 1000)


def _write(plan: Plan, found: Sequence[Comparison]) -> None:
    if plan.json:
        plan.json.write_text(json.dumps([each.document() for each in found], indent=1) + "\n", "utf-8")
    if plan.plots:
        write_plots(plan.plots, found)
