"""`python -m bench`: Berth and its peers; and the reports that `--help` lists."""

import argparse
import sys
import tempfile
from pathlib import Path

from bench.bounds import measure_bounds
from bench.events import measure_events
from bench.hop import measure_hop
from bench.leaks import measure_leaks
from bench.loss import LossPlan, measure_loss
from bench.peers import Plan, measure_peers
from bench.report import print_facts
from bench.routes import measure_routes
from bench.soak import SoakPlan, measure_soak
from bench.stores import KINDS


def main() -> None:
    """Read the command line and print one report."""
    options = _parser().parse_args()
    print_facts()
    with tempfile.TemporaryDirectory(prefix="berth-bench-") as folder:
        if options.report == "routes":
            measure_routes(Path(folder), options.rounds)
        elif options.report == "hop":
            measure_hop(Path(folder), options.calls, options.starts)
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
            measure_peers(Path(folder), Plan(options.rounds, options.seconds, options.connections))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "report",
        nargs="?",
        default="peers",
        choices=("peers", "routes", "hop", "soak", "leaks", "loss", "events", "bounds"),
    )
    parser.add_argument("--rounds", type=_positive, default=5, help="peers, routes, events: rounds (5)")
    parser.add_argument("--seconds", type=float, default=2.0, help="peers: seconds per round (2)")
    parser.add_argument(
        "--connections", type=_positive, nargs="+", default=[1, 8], help="peers: connections (1 8)"
    )
    parser.add_argument("--calls", type=_positive, default=5000, help="hop, leaks: invocations (5000)")
    parser.add_argument("--crashes", type=_positive, default=500, help="leaks: crashes among them (500)")
    parser.add_argument("--minutes", type=float, default=15.0, help="soak: minutes (15)")
    parser.add_argument("--clients", type=_positive, default=8, help="soak: callers (8)")
    parser.add_argument(
        "--worker-kills", type=float, default=60.0, help="soak: seconds between kills of the worker (60)"
    )
    parser.add_argument("--starts", type=_positive, default=30, help="hop: cold starts (30)")
    parser.add_argument("--events", type=_positive, default=2000, help="loss, events: events (2000)")
    parser.add_argument("--queue", choices=KINDS, default="sqlite", help="loss, bounds: kind of queue")
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return number


if __name__ == "__main__":
    main()
