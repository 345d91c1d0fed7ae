"""A short fault run, and a short count of leaks: `python -m bench` does both for as long as one likes."""

import os
import sys
from pathlib import Path

import pytest

from kit.benchmarks import SoakPlan, run_soak
from kit.forked import fork_server
from kit.servers import ROOT

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc"),
]


def test_a_fault_run_gives_no_wrong_answer_and_leaves_nothing(tmp_path: Path) -> None:
    report = run_soak(tmp_path, SoakPlan(4, clients=2, environment_kills_every=0.25, worker_kills_every=1.5))
    assert report.problems == []
    assert report.right["echo"] > 20
    assert report.right["leave"] > 0
    assert report.kills.environments > 3
    assert len(report.kills.workers) >= 2


def test_crashes_leave_no_process_descriptor_or_folder() -> None:
    arguments = ["leaks", "--calls", "240", "--crashes", "24"]
    ended = fork_server.run("bench", arguments, ROOT, os.environ)
    assert ended.returncode == 0, ended.stdout + ended.stderr
