import os
import subprocess
import sys
from pathlib import Path

import pytest

from berth.runtime.limits.process_table import PeakMemory, ProcessTable, Usage

PAGE = os.sysconf("SC_PAGE_SIZE")


def _write(proc: Path, pid: int, group: int, *, pages: int = 10, tasks: int = 1, state: str = "S") -> None:
    folder = proc / str(pid)
    folder.mkdir(exist_ok=True)
    fields = [state, 1, group, group, 0, -1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 20, 0, tasks, 0, 0, 999, pages, 0, 0]
    (folder / "stat").write_text(f"{pid} (a (b) c) {' '.join(map(str, fields))}\n")


def _touch(proc: Path, newest: int) -> None:
    (proc / "loadavg").write_text(f"0.10 0.20 0.30 1/100 {newest}\n")


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    _touch(tmp_path, 30)
    _write(tmp_path, 10, 10, pages=5, tasks=3)
    _write(tmp_path, 11, 10, pages=7)
    _write(tmp_path, 20, 20, pages=100)
    _write(tmp_path, 30, 1)
    return tmp_path


def test_a_group_is_the_sum_of_its_processes(proc: Path):
    assert ProcessTable(proc).usage([10, 20]) == {
        10: Usage((10, 11), 12 * PAGE, 4),
        20: Usage((20,), 100 * PAGE, 1),
    }


def test_a_group_that_is_gone_is_left_out(proc: Path):
    assert ProcessTable(proc).usage([99]) == {}


def test_zombies_use_nothing(proc: Path):
    _write(proc, 11, 10, state="Z")
    assert ProcessTable(proc).usage([10]) == {10: Usage((10,), 5 * PAGE, 3)}


def test_new_processes_are_looked_for_when_there_are_new_ones(proc: Path):
    table = ProcessTable(proc)
    table.usage([10])
    _write(proc, 40, 10)
    assert table.usage([10])[10].pids == (10, 11)
    _touch(proc, 40)
    assert table.usage([10])[10].pids == (10, 11, 40)


def test_a_leader_is_found_that_was_seen_before_it_led(proc: Path):
    table = ProcessTable(proc)
    table.usage([10])
    _write(proc, 30, 30)  # its number is the same, its group is its own now
    assert table.usage([30])[30].pids == (30,)


def test_a_process_that_left_its_group_does_not_count(proc: Path):
    table = ProcessTable(proc)
    table.usage([10])
    _write(proc, 11, 11)
    assert table.usage([10])[10].pids == (10,)


def test_private_memory_counts_what_is_shared_once(proc: Path):
    rollup = "Rss: 900 kB\nPss: 500 kB\nPss_Anon: 200 kB\nPss_File: 300 kB\nPss_Shmem: 40 kB\nSwapPss: 2 kB\n"
    (proc / "10/smaps_rollup").write_text(f"00-ff ---p 0 00:00 0 [rollup]\n{rollup}")
    assert ProcessTable(proc).private_bytes([10]) == 242 * 1024


def test_private_memory_is_that_of_status_where_the_process_is_hidden(proc: Path):
    status = "VmHWM:\t 900 kB\nRssAnon:\t 200 kB\nRssFile:\t 300 kB\nRssShmem:\t 40 kB\nVmSwap:\t 2 kB\n"
    (proc / "10/status").write_text(status)
    assert ProcessTable(proc).private_bytes([10]) == 242 * 1024


def test_private_memory_is_the_resident_where_the_kernel_tells_no_more(proc: Path):
    assert ProcessTable(proc).private_bytes([11, 99]) == 7 * PAGE


def test_the_real_processes_are_found():
    table = ProcessTable()
    if not table.is_readable:
        pytest.skip("this system has no /proc")
    group = os.getpgrp()
    usage = table.usage([group])[group]
    assert os.getpid() in usage.pids
    assert usage.resident_bytes > 10_000_000
    assert 0 < table.private_bytes([os.getpid()]) < usage.resident_bytes
    peak = PeakMemory(os.getpid())
    assert peak.read() > 10_000_000
    peak.close()
    assert peak.read() == 0


def test_nothing_is_known_where_there_is_no_proc(tmp_path: Path):
    table = ProcessTable(tmp_path / "none")
    assert not table.is_readable
    assert PeakMemory(1, tmp_path / "none").read() == 0


@pytest.mark.parametrize("name", ["sh", "a b", "a) b", ") R 1 2 3 (", "((", "", "a\nb", "\udcff"])
def test_a_process_may_have_any_name(proc: Path, name: str):
    stat = proc / "11/stat"
    stat.write_bytes(stat.read_bytes().replace(b"(a (b) c)", b"(%s)" % os.fsencode(name)))
    assert ProcessTable(proc).usage([10])[10] == Usage((10, 11), 12 * PAGE, 4)


@pytest.mark.parametrize("text", ["", "11", "11 (a", "11 (a) S 1 10", "11 (a) X 1 10 " + "0 " * 30])
def test_what_cannot_be_read_does_not_count(proc: Path, text: str):
    (proc / "11/stat").write_text(text)
    assert ProcessTable(proc).usage([10])[10].pids == (10,)


def test_a_process_that_vanishes_does_not_count(proc: Path):
    table = ProcessTable(proc)
    table.usage([10])
    (proc / "11/stat").unlink()
    assert table.usage([10])[10].pids == (10,)
    (proc / "11").rmdir()
    _touch(proc, 31)
    assert table.usage([10])[10].pids == (10,)


def test_a_group_outlives_its_leader(proc: Path):
    table = ProcessTable(proc)
    table.usage([10])
    (proc / "10/stat").unlink()
    assert table.usage([10]) == {10: Usage((11,), 7 * PAGE, 1)}


def test_what_is_no_process_is_passed_over(proc: Path):
    for name in ("self", "sys", "1x", "loadavg.1"):
        (proc / name).mkdir()
    assert ProcessTable(proc).usage([10])[10].pids == (10, 11)


def test_every_look_is_for_new_ones_where_nothing_tells_of_them(proc: Path):
    (proc / "loadavg").unlink()
    table = ProcessTable(proc)
    table.usage([10])
    _write(proc, 40, 10)
    assert table.usage([10])[10].pids == (10, 11, 40)


def test_what_was_known_stays_so_when_nothing_can_be_listed(proc: Path):
    table = ProcessTable(proc)
    assert len(table.usage([10])[10].pids) == 2
    _touch(proc, 40)
    hidden = proc.with_name("hidden")
    proc.rename(hidden)
    assert table.usage([10]) == {}
    hidden.rename(proc)
    assert len(table.usage([10])[10].pids) == 2


def test_the_most_memory_is_told_while_the_process_lives(proc: Path):
    status = proc / "10/status"
    status.write_text("Name:\tpython\nVmPeak:\t  9000 kB\nVmHWM:\t    1234 kB\nVmRSS:\t 1000 kB\n")
    peak = PeakMemory(10, proc)
    assert peak.read() == 1234 * 1024
    status.write_text("Name:\tpython\nState:\tZ (zombie)\n")
    assert peak.read() == 0
    peak.close()
    peak.close()


def test_the_processes_of_a_real_group_are_found():
    if not ProcessTable().is_readable:
        pytest.skip("this system has no /proc")
    table = ProcessTable()
    table.usage([os.getpid()])
    code = (
        "import os, sys\nif os.fork() == 0: os.read(0, 1)\nelse: print(flush=True); os.read(0, 1); os.wait()"
    )
    with subprocess.Popen(
        [sys.executable, "-S", "-E", "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        assert process.stdin
        assert process.stdout
        process.stdout.readline()
        usage = table.usage([process.pid])[process.pid]
        process.stdin.write(b"..")
        process.stdin.flush()
    assert len(usage.pids) == usage.tasks == 2
    assert process.pid in usage.pids
    assert table.usage([process.pid]) == {}
