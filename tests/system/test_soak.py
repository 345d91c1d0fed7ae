"""A short fault run: `python -m bench soak` does the same for as long as one likes."""

import sys
from pathlib import Path

import pytest

from bench.soak import SoakPlan, run_soak

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc"),
]


def test_a_fault_run_gives_no_wrong_answer_and_leaves_nothing(tmp_path: Path) -> None:
    report = run_soak(tmp_path, SoakPlan(seconds=20, clients=4, worker_kills_every=8))
    assert report.problems == []
    assert report.right["echo"] > 100
    assert report.right["leave"] > 0
    assert report.environment_kills > 10
    assert len(report.worker_kills) == 2
