"""`python -m bench`: Berth and its peers; and the reports that `--help` lists."""

import argparse
import sys
import tempfile
from pathlib import Path

from bench.bounds import measure_bounds
from bench.call import measure_call
from bench.contenders import contenders
from bench.events import measure_events
from bench.generators import NAMES
from bench.hop import measure_hop
from bench.leaks import measure_leaks
from bench.loss import LossPlan, measure_loss
from bench.peers import AS_THEY_COME, ONE_CORE, Plan, measure_peers
from bench.report import print_facts
from bench.routes import measure_routes
from bench.soak import SoakPlan, measure_soak
from bench.stores import KINDS
from bench.workloads import WORKLOADS
from berth.tools.cli.termination import terminable


def main() -> None:
    """Read the command line and print one report."""
    options = _parser().parse_args()
    print_facts()
    with terminable(), tempfile.TemporaryDirectory(prefix="berth-bench-") as folder:
        if options.report == "routes":
            measure_routes(Path(folder), options.rounds)
        elif options.report == "hop":
            measure_hop(Path(folder), options.calls, options.starts or 30)
        elif options.report == "call":
            measure_call(
                Path(folder), options.calls, counts_instructions=options.instructions, only=options.only
            )
        elif options.report == "soak":
            plan = SoakPlan(options.minutes * 60, options.clients, worker_kills_every=options.worker_kills)
            sys.exit(0 if measure_soak(Path(folder), plan) else 1)
        elif options.report == "leaks":
            sys.exit(0 if measure_leaks(Path(folder), options.calls, options.crashes) else 1)
        elif options.report == "loss":
            sys.exit(0 if measure_loss(Path(folder), LossPlan(options.events, queue=options.queue)) else 1)
        elif options.report == "events":
            measure_events(Path(folder), options.events, options.rounds)
        elif options.report == "bounds":
            sys.exit(0 if measure_bounds(Path(folder), 5000, 10_000, options.queue) else 1)
        else:
            measure_peers(Path(folder), _peers_plan(options))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "report",
        nargs="?",
        default="peers",
        choices=("peers", "call", "routes", "hop", "soak", "leaks", "loss", "events", "bounds"),
    )
    parser.add_argument("--rounds", type=_positive, default=5, help="peers, routes, events: rounds (5)")
    parser.add_argument("--calls", type=_positive, default=5000, help="call, hop, leaks: calls (5000)")
    parser.add_argument("--crashes", type=_positive, default=500, help="leaks: crashes among them (500)")
    parser.add_argument("--minutes", type=float, default=15.0, help="soak: minutes (15)")
    parser.add_argument("--clients", type=_positive, default=8, help="soak: callers (8)")
    parser.add_argument(
        "--worker-kills", type=float, default=60.0, help="soak: seconds between kills of the worker (60)"
    )
    parser.add_argument("--starts", type=_positive, help="hop: cold starts (30); peers: starts (3)")
    parser.add_argument("--events", type=_positive, default=2000, help="loss, events: events (2000)")
    parser.add_argument("--queue", choices=KINDS, default="sqlite", help="loss, bounds: kind of queue")
    parser.add_argument(
        "--instructions", action="store_true", help="call: count instructions, too, with valgrind"
    )
    _add_peers_options(parser)
    return parser


def _add_peers_options(parser: argparse.ArgumentParser) -> None:
    peers = parser.add_argument_group("peers")
    peers.add_argument("--seconds", type=float, default=2.0, help="seconds per round (2); wrk: whole ones")
    peers.add_argument(
        "--only", nargs="+", choices=[*contenders()], default=(), help="these servers (all); call, too"
    )
    peers.add_argument("--workloads", nargs="+", choices=[*WORKLOADS], default=(), help="these (all)")
    peers.add_argument(
        "--connections", type=_positive, nargs="+", default=(), help="connections (each workload's own)"
    )
    peers.add_argument("--workers", type=_positive, default=2, help="server processes of each server (2)")
    peers.add_argument("--threads", type=_positive, default=8, help="threads of each of them (8)")
    kept = peers.add_mutually_exclusive_group()
    kept.add_argument("--one-core", action="store_true", help="only with each server kept to one core")
    kept.add_argument("--all-cores", action="store_true", help="only as they come (both)")
    peers.add_argument("--load", choices=NAMES, help="what makes the load (the first that is installed)")
    peers.add_argument("--json", type=Path, metavar="FILE", help="write all figures to this file")
    peers.add_argument("--plots", type=Path, metavar="FOLDER", help="write SVG plots into this folder")


def _peers_plan(options: argparse.Namespace) -> Plan:
    placements: tuple[str, ...] = (AS_THEY_COME, ONE_CORE)
    if options.one_core or options.all_cores:
        placements = (ONE_CORE,) if options.one_core else (AS_THEY_COME,)
    return Plan(
        options.rounds,
        options.seconds,
        options.starts or 3,
        options.only,
        options.workloads,
        placements,
        options.connections,
        options.workers,
        options.threads,
        options.load,
        options.json,
        options.plots,
    )


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return number


if __name__ == "__main__":
    main()
