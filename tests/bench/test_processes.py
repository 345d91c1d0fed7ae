"""What the processes of a server use."""

import os
import subprocess
import sys

import pytest

from kit.benchmarks import cpu_seconds, memory_bytes, tree

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
