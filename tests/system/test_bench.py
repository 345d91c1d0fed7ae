"""A short comparison of servers: `python -m bench` does a long one."""

import json
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from kit.servers import ROOT

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc"),
]

_SHORT = ["--rounds", "1", "--seconds", "0.2", "--starts", "1", "--load", "bundled", "--one-core"]


def test_servers_are_compared_in_a_table_a_file_and_a_picture(tmp_path: Path) -> None:
    figures, plots = tmp_path / "figures.json", tmp_path / "plots"
    chosen = ["--only", "floor", "process", "--workloads", "hello"]
    files = ["--json", str(figures), "--plots", str(plots)]
    done = subprocess.run(
        [sys.executable, "-m", "bench", *_SHORT, *chosen, *files],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    for title in ("bare WSGI", "Berth, process"):
        row = next(line for line in done.stdout.splitlines() if line.startswith(title))
        cpu, _, rate, *_ = row.removeprefix(title).split()
        assert int(cpu) > 0, row
        assert int(rate) > 0, row
    (comparison,) = json.loads(figures.read_text())
    assert comparison["placement"] == "kept to one core"
    for server in comparison["servers"].values():
        assert server["memory_mb"] > 10
        assert server["starts"][0]["first_answer_ms"] > server["starts"][0]["cold_ms"] > 0
    (plot,) = plots.iterdir()
    assert ElementTree.parse(plot).getroot().tag.endswith("svg")
