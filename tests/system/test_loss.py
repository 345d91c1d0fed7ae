"""A short loss test: `python -m bench loss` does a long one, also with SQS and DynamoDB."""

import sys
from pathlib import Path

import pytest

from kit.benchmarks import LossPlan, run_loss

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc"),
]


def test_no_event_is_lost_or_run_twice_but_for_servers_that_are_killed(tmp_path: Path) -> None:
    report = run_loss(tmp_path, LossPlan(150, longest=0.2, kill_every=0.5, lease=1.0))
    assert report.problems == []
    assert len(report.accepted) == 150
    assert report.completed == 150
    assert report.kills > 0
