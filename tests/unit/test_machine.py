import pytest

from app import machine


@pytest.fixture
def cgroup(tmp_path, monkeypatch):
    monkeypatch.setattr(machine, "_CGROUP", tmp_path)
    return tmp_path


def test_a_containers_memory_limit_goes_before_the_machines(cgroup):
    (cgroup / "memory.max").write_text("536870912\n")
    assert machine.memory_bytes() == 536_870_912


@pytest.mark.parametrize("text", ["max\n", "", "\xff"])
def test_without_a_limit_the_machines_memory_counts(cgroup, text):
    installed = machine.memory_bytes()
    (cgroup / "memory.max").write_text(text, "latin-1")
    assert machine.memory_bytes() == installed > 0


@pytest.mark.parametrize(("text", "cpus"), [("25000 100000", 1), ("100000 100000", 1), ("max 100000", 2)])
def test_the_share_of_a_container_counts_as_cpus(cgroup, monkeypatch, text, cpus):
    monkeypatch.setattr("os.sched_getaffinity", lambda pid: {0, 1})
    (cgroup / "cpu.max").write_text(text)
    assert machine.usable_cpus() == cpus


def test_the_first_cgroup_version_is_read_too(cgroup, monkeypatch):
    monkeypatch.setattr("os.sched_getaffinity", lambda pid: {0, 1, 2, 3})
    (cgroup / "cpu").mkdir()
    (cgroup / "cpu" / "cpu.cfs_quota_us").write_text("200000")
    (cgroup / "cpu" / "cpu.cfs_period_us").write_text("100000")
    (cgroup / "memory").mkdir()
    (cgroup / "memory" / "memory.limit_in_bytes").write_text("268435456")
    assert (machine.usable_cpus(), machine.memory_bytes()) == (2, 268_435_456)
