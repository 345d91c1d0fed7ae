"""What the fault run excuses, and what it does not."""

import pytest

from kit.benchmarks import Kills, Vitals, ZombieWatch, growth


def test_a_kill_excuses_one_failure_of_its_function():
    kills = Kills()
    kills.add_environment(10.0, "steady")
    assert not kills.excuse_failure("faulty", began=9.5, ended=10.5)
    assert kills.excuse_failure("steady", began=9.5, ended=10.5)
    assert not kills.excuse_failure("steady", began=9.5, ended=10.5)


@pytest.mark.parametrize(("began", "ended"), [(5.0, 9.9), (12.5, 13.0)])
def test_a_kill_excuses_nothing_before_or_long_after_it(began, ended):
    kills = Kills()
    kills.add_environment(10.0, "steady")
    assert not kills.excuse_failure("steady", began, ended)


def test_the_kill_of_a_worker_excuses_its_connections_only():
    kills = Kills(workers=[100.0])
    assert kills.excuse_loss(connected=50.0, ended=100.1)
    assert not kills.excuse_loss(connected=50.0, ended=99.0)
    assert not kills.excuse_loss(connected=103.0, ended=104.0)


def test_a_zombie_is_told_once_after_five_seconds():
    watch = ZombieWatch()
    told = [watch.look({7}, float(second)) for second in range(9)]
    assert told == [[], [], [], [], [], [], [7], [], []]


def test_a_process_that_was_collected_in_time_is_no_zombie():
    watch = ZombieWatch()
    assert [watch.look({7} if second % 5 else set(), float(second)) for second in range(20)] == [[]] * 20


def test_growth_is_told_of_the_worker_that_lived_longest():
    short = [_vitals(1, megabytes=30.0) for _ in range(20)]
    leaking = [_vitals(2, megabytes=30.0 + second) for second in range(40)]
    assert growth([*short, *leaking]) == ["GROWTH of one worker from 44 to 64 MB of memory in 30 s"]
    assert growth(short) == []


def test_descriptors_and_folders_may_not_grow_either():
    leaking = [_vitals(1, descriptors=50 + 2 * second, folders=second) for second in range(40)]
    assert growth(leaking) == [
        "GROWTH of one worker from 79 to 119 descriptors in 30 s",
        "GROWTH of one worker from 14 to 34 temporary folders in 30 s",
    ]


def _vitals(worker, megabytes=30.0, descriptors=50, folders=8):
    return Vitals(worker, megabytes, descriptors, 8, folders)
