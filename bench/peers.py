"""The hello function through gunicorn: Berth beside its peers, measured in turns in one run."""

import importlib.util
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench.load import BadAnswer, Bounds, Sample, get_request, run_load
from bench.report import print_table, quantile
from bench.samples import HELLO_PATH, ROOT, environ_of, write_hello
from bench.server import Command, Server, running
from berth.settings import Settings

BERTH = "Berth"
FRAMEWORK = "functions-framework"
_WARM_UP = 300  # requests to every server before the first round
_REQUESTS = 100_000  # per round; the seconds end it long before


@dataclass(frozen=True)
class Plan:
    """How long to measure."""

    rounds: int
    seconds: float
    connections: Sequence[int]


def measure_peers(folder: Path, plan: Plan) -> None:
    """Start every server, load them in turns, print one table for each number of connections."""
    request = get_request(HELLO_PATH)
    commands = _commands(folder)
    if FRAMEWORK not in commands:
        print(f"\n{FRAMEWORK}: skipped, it is not installed (pip install {FRAMEWORK})")
    with ExitStack() as stack:
        servers = {name: stack.enter_context(running(command, request)) for name, command in commands.items()}
        for connections in plan.connections:
            samples = _take_turns(servers, request, connections, plan)
            if BERTH in samples:
                _print(samples, connections, plan)


def _commands(folder: Path) -> dict[str, Command]:
    """One server each; the peers get Berth's number of threads and no configuration file."""
    threads = str(Settings().threads)
    plain = ("--worker-class", "gthread", "--threads", threads, "--keep-alive", "360", "--no-control-socket")
    empty = folder / "empty"
    empty.mkdir()
    peers = {"bare WSGI": "bare_wsgi", "Flask view": "flask_view()"}
    if importlib.util.find_spec("functions_framework"):
        peers[FRAMEWORK] = "functions_framework_app()"
    commands = {
        name: Command((*plain, f"bench.peer_apps:{application}"), empty, {})
        for name, application in peers.items()
    }
    for name, isolation in (("Berth, inline", "inline"), (BERTH, "process")):
        settings = write_hello(folder / isolation, isolation)
        commands[name] = Command(("wsgi:app",), ROOT, environ_of(settings))
    return commands


def _take_turns(
    servers: Mapping[str, Server], request: bytes, connections: int, plan: Plan
) -> dict[str, list[Sample]]:
    """Load one server after the other, round after round, so that all see the same neighbours."""
    samples: dict[str, list[Sample]] = {name: [] for name in servers}
    warm_up = Bounds(connections, _WARM_UP, 10.0)
    bounds = Bounds(connections, _REQUESTS, plan.seconds)
    for number in range(plan.rounds + 1):
        for name in list(samples):
            try:
                sample = run_load(servers[name].address, request, bounds if number else warm_up)
            except BadAnswer as bad:
                print(f"\n{name}: left out with {connections} connections, {bad}")
                del samples[name]
            else:
                samples[name] += [sample] if number else []
    return samples


def _print(samples: Mapping[str, Sequence[Sample]], connections: int, plan: Plan) -> None:
    plural = "s" if connections != 1 else ""
    print_table(
        f"GET {HELLO_PATH}, {connections} connection{plural}, median of {plan.rounds} x {plan.seconds:g} s",
        ("server", "req/s", "x Berth", "p50 ms", "p99 ms", "p50 / Berth"),
        [_row(name, each, samples[BERTH]) for name, each in samples.items()],
    )


def _row(name: str, samples: Sequence[Sample], berth: Sequence[Sample]) -> tuple[str, ...]:
    rates = [ours.rate / theirs.rate for ours, theirs in zip(samples, berth, strict=True)]
    p50 = median(quantile(sample.latencies, 0.5) for sample in samples)
    p99 = median(quantile(sample.latencies, 0.99) for sample in samples)
    berth_p50 = median(quantile(sample.latencies, 0.5) for sample in berth)
    return (
        name,
        f"{median(sample.rate for sample in samples):.0f}",
        f"{median(rates):.2f}",
        f"{p50 * 1000:.2f}",
        f"{p99 * 1000:.2f}",
        f"{p50 / berth_p50:.2f}",
    )
