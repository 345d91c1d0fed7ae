"""The benchmarks' modules that have tests.

The repository's root is on the path only while they are imported: functions do `import app`, which must not
find the source folder of that name.
"""

import sys

from kit.servers import ROOT

sys.path.insert(0, str(ROOT))
try:
    from bench.figures import Comparison, Results, Round, Start
    from bench.generators import read_oha, read_wrk, wrk_script
    from bench.instructions import NotCounted, read_instructions
    from bench.load import BadAnswer, Bounds, get_request, run_load
    from bench.loss import LossPlan, run_loss
    from bench.plots import svg
    from bench.processes import cpu_seconds, memory_bytes, tree
    from bench.soak import SoakPlan, run_soak
    from bench.soak_server import Vitals
    from bench.soak_verdict import Kills, ZombieWatch, growth
    from bench.workloads import WORKLOADS, Request, plain_event
finally:
    sys.path.remove(str(ROOT))

__all__ = [
    "WORKLOADS",
    "BadAnswer",
    "Bounds",
    "Comparison",
    "Kills",
    "LossPlan",
    "NotCounted",
    "Request",
    "Results",
    "Round",
    "SoakPlan",
    "Start",
    "Vitals",
    "ZombieWatch",
    "cpu_seconds",
    "get_request",
    "growth",
    "memory_bytes",
    "plain_event",
    "read_instructions",
    "read_oha",
    "read_wrk",
    "run_load",
    "run_loss",
    "run_soak",
    "svg",
    "tree",
    "wrk_script",
]
