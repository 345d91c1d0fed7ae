import os
from pathlib import Path

import pytest

from app.runtime.process_table import PeakMemory, ProcessTable, Usage

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
    assert ProcessTable(proc).private_bytes([10, 11]) == 242 * 1024


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
