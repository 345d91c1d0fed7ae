import pytest

from berth.host import machine


def test_a_containers_memory_limit_goes_before_the_machines(tmp_path):
    (tmp_path / "memory.max").write_text("536870912\n")
    assert machine.memory_bytes(tmp_path) == 536_870_912


@pytest.mark.parametrize("text", ["max\n", "", "\xff"])
def test_without_a_limit_the_machines_memory_counts(tmp_path, text):
    installed = machine.memory_bytes(tmp_path)
    (tmp_path / "memory.max").write_text(text, "latin-1")
    assert machine.memory_bytes(tmp_path) == installed > 0


@pytest.mark.parametrize(("text", "cpus"), [("25000 100000", 1), ("100000 100000", 1), ("max 100000", 2)])
def test_the_share_of_a_container_counts_as_cpus(tmp_path, monkeypatch, text, cpus):
    monkeypatch.setattr("os.sched_getaffinity", lambda pid: {0, 1})
    (tmp_path / "cpu.max").write_text(text)
    assert machine.usable_cpus(tmp_path) == cpus


def test_the_first_cgroup_version_is_read_too(tmp_path, monkeypatch):
    monkeypatch.setattr("os.sched_getaffinity", lambda pid: {0, 1, 2, 3})
    (tmp_path / "cpu").mkdir()
    (tmp_path / "cpu" / "cpu.cfs_quota_us").write_text("200000")
    (tmp_path / "cpu" / "cpu.cfs_period_us").write_text("100000")
    (tmp_path / "memory").mkdir()
    (tmp_path / "memory" / "memory.limit_in_bytes").write_text("268435456")
    assert (machine.usable_cpus(tmp_path), machine.memory_bytes(tmp_path)) == (2, 268_435_456)
