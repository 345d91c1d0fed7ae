"""`python -m bench`: Berth and its peers; `python -m bench routes`; `python -m bench hop`."""

import argparse
import tempfile
from pathlib import Path

from bench.hop import measure_hop
from bench.peers import Plan, measure_peers
from bench.report import print_facts
from bench.routes import measure_routes


def main() -> None:
    """Read the command line and print one report."""
    options = _parser().parse_args()
    print_facts()
    with tempfile.TemporaryDirectory(prefix="berth-bench-") as folder:
        if options.report == "routes":
            measure_routes(Path(folder), options.rounds)
        elif options.report == "hop":
            measure_hop(Path(folder), options.calls, options.starts)
        else:
            measure_peers(Path(folder), Plan(options.rounds, options.seconds, options.connections))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("report", nargs="?", default="peers", choices=("peers", "routes", "hop"))
    parser.add_argument("--rounds", type=_positive, default=5, help="peers, routes: rounds (5)")
    parser.add_argument("--seconds", type=float, default=2.0, help="peers: seconds per round (2)")
    parser.add_argument(
        "--connections", type=_positive, nargs="+", default=[1, 8], help="peers: connections (1 8)"
    )
    parser.add_argument("--calls", type=_positive, default=5000, help="hop: invocations (5000)")
    parser.add_argument("--starts", type=_positive, default=30, help="hop: cold starts (30)")
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return number


if __name__ == "__main__":
    main()
