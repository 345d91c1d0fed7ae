"""What the processes of a server use."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from kit.benchmarks import cpu_seconds, memory_bytes, tree
from kit.servers import ROOT
from kit.under_test import await_that

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")

_BUSY = "import time\nwhile time.process_time() < 0.2: pass"


def test_a_tree_has_the_children_of_children():
    with subprocess.Popen(["sh", "-c", "sleep 60 & echo $!; wait"], stdout=subprocess.PIPE) as shell:
        assert shell.stdout is not None
        child = int(shell.stdout.readline())
        assert tree(shell.pid) == [shell.pid, child]
        os.kill(child, 9)


def test_the_cpu_of_children_that_have_ended_counts():
    before = cpu_seconds([os.getpid()])
    subprocess.run([sys.executable, "-c", _BUSY], check=True)
    assert cpu_seconds([os.getpid()]) - before >= 0.1


def test_a_process_that_has_ended_uses_nothing():
    process = subprocess.Popen(["true"])
    process.wait()
    assert cpu_seconds([process.pid]) == 0
    assert memory_bytes([process.pid]) == 0


def test_shared_memory_counts_less_than_all_that_is_resident():
    assert 0 < memory_bytes([os.getpid()]) <= memory_bytes([os.getpid()], "Rss")


def test_sigterm_ends_a_comparison_and_its_servers():
    arguments = ("--only", "floor", "--workloads", "hello", "--seconds", "60", "--load", "bundled")
    command = [sys.executable, "-m", "bench", *arguments]
    bench = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    await_that(lambda: len(tree(bench.pid)) > 2)  # a server with its worker
    servers = tree(bench.pid)[1:]
    bench.send_signal(signal.SIGTERM)
    bench.wait(30)
    assert not [pid for pid in servers if Path(f"/proc/{pid}").exists()]
