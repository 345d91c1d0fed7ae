"""The benchmarks' modules that have tests.

The repository's root is on the path only while they are imported: functions do `import app`, which must not
find the source folder of that name.
"""

import sys

from kit.servers import ROOT

sys.path.insert(0, str(ROOT))
try:
    from bench.loss import LossPlan, run_loss
    from bench.soak import SoakPlan, run_soak
    from bench.soak_server import Vitals
    from bench.soak_verdict import Kills, ZombieWatch, growth
finally:
    sys.path.remove(str(ROOT))

__all__ = [
    "Kills",
    "LossPlan",
    "SoakPlan",
    "Vitals",
    "ZombieWatch",
    "growth",
    "run_loss",
    "run_soak",
]
