import math
import threading
from collections.abc import Collection
from pathlib import Path

import pytest

from berth.errors import EnvironmentDied, OutOfMemory
from berth.runtime.limits.memory_limiter import MemoryLimiter
from berth.runtime.limits.process_table import ProcessTable, Usage

LIMIT = 1000


class Table(ProcessTable):
    """A table of figures that a test sets."""

    def __init__(self) -> None:
        super().__init__()
        self.usages: dict[int, Usage] = {}
        self.private = 0

    @property
    def is_readable(self) -> bool:
        return True

    def usage(self, leaders: Collection[int]) -> dict[int, Usage]:
        return {group: usage for group, usage in self.usages.items() if group in leaders}

    def private_bytes(self, pids: Collection[int]) -> int:
        return self.private


class Environment:
    """What the limiter sees of an environment."""

    def __init__(self, group: int | None = 7, *, is_busy: bool = True) -> None:
        self.name = "hello"
        self.limit_bytes = LIMIT
        self.busy_since = 0.0 if is_busy else math.inf
        self.group = group
        self.noted: list[int] = []
        self.ended: list[tuple[str, str, int]] = []
        self.resumed: list[int] = []

    def note_memory(self, used: int, group: int) -> None:
        self.noted.append(used)

    def kill_for(self, fault: EnvironmentDied, group: int) -> None:
        self.ended.append((fault.error_type, fault.reason, group))

    def resume(self, group: int) -> None:
        self.resumed.append(group)


KILLED = "Runtime exited with error: signal: killed"


@pytest.fixture
def table() -> Table:
    return Table()


def _look(table: Table, environment: Environment, usage: Usage, *, looks: int = 1) -> Environment:
    table.usages = {7: usage}
    limiter = MemoryLimiter(table)
    limiter._environments.add(environment)
    for _ in range(looks):
        limiter.look(idle_too=False)
    return environment


def test_memory_within_the_limit_is_noted(table: Table):
    seen = _look(table, Environment(), Usage((7,), LIMIT, 1))
    assert (seen.noted, seen.ended) == ([LIMIT], [])


def test_one_process_over_the_limit_is_ended_at_once(table: Table):
    table.private = LIMIT + 1
    seen = _look(table, Environment(), Usage((7,), LIMIT + 500, 1))
    assert (seen.noted, seen.ended) == ([LIMIT + 1], [(OutOfMemory.error_type, KILLED, 7)])


def test_memory_that_is_not_its_own_is_no_reason(table: Table):
    table.private = LIMIT
    seen = _look(table, Environment(), Usage((7,), 5 * LIMIT, 1))
    assert (seen.noted, seen.ended) == ([LIMIT], [])


def test_several_processes_are_looked_at_twice(table: Table):
    table.private = LIMIT + 1
    assert _look(table, Environment(), Usage((7, 8), LIMIT + 1, 2)).ended == []
    assert len(_look(table, Environment(), Usage((7, 8), LIMIT + 1, 2), looks=2).ended) == 1


def test_a_suspicion_ends_with_a_look_below_the_limit(table: Table):
    environment, limiter = Environment(), MemoryLimiter(table)
    limiter._environments.add(environment)
    for private in (LIMIT + 1, LIMIT, LIMIT + 1):
        table.usages, table.private = {7: Usage((7, 8), LIMIT + 1, 2)}, private
        limiter.look()
    assert environment.ended == []


def test_too_many_processes_and_threads_are_ended(table: Table):
    assert _look(table, Environment(), Usage((7,), 1, 1024)).ended == []
    seen = _look(table, Environment(), Usage((7,), 1, 1025))
    assert seen.ended == [(EnvironmentDied.error_type, KILLED, 7)]


@pytest.mark.parametrize("environment", [Environment(None), Environment(is_busy=False)])
def test_what_has_no_process_or_is_idle_is_passed_over(table: Table, environment: Environment):
    assert _look(table, environment, Usage((7,), 1, 1)).noted == []


def test_idle_environments_are_looked_at_now_and_then(table: Table):
    table.usages = {7: Usage((7,), 1, 1)}
    environment, limiter = Environment(is_busy=False), MemoryLimiter(table)
    limiter._environments.add(environment)
    limiter.look()
    assert environment.noted == [1]


def test_a_system_without_proc_is_warned_about_once(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    limiter = MemoryLimiter(ProcessTable(tmp_path))
    limiter.add(Environment())
    limiter.add(Environment())
    assert caplog.messages == ["memorySize is not enforced on this system: it has no /proc"]
    limiter.close()


def test_each_environment_is_judged_by_its_own_group(table: Table):
    one, other = Environment(7), Environment(8)
    limiter = MemoryLimiter(table)
    limiter._environments |= {one, other}
    table.usages = {7: Usage((7,), LIMIT + 1, 1), 8: Usage((8,), 10, 1)}
    table.private = LIMIT + 1
    limiter.look()
    assert one.ended == [("Runtime.OutOfMemory", KILLED, 7)]
    assert other.ended == []
    assert (one.noted, other.noted) == ([LIMIT + 1], [10])


def test_the_group_that_was_seen_is_ended_though_another_took_its_place(table: Table):
    class Replaced(Environment):
        def note_memory(self, used: int, group: int) -> None:
            self.group = 99

    table.private = LIMIT + 1
    seen = _look(table, Replaced(), Usage((7,), LIMIT + 1, 1))
    assert seen.ended == [("Runtime.OutOfMemory", KILLED, 7)]


def test_one_process_is_ended_at_once_though_it_was_several_before(table: Table):
    table.private = LIMIT + 1
    environment, limiter = Environment(), MemoryLimiter(table)
    limiter._environments.add(environment)
    for pids in ((7, 8), (7,)):
        table.usages = {7: Usage(pids, LIMIT + 1, len(pids))}
        limiter.look()
    assert len(environment.ended) == 1


def test_what_is_watched_is_looked_at_until_it_is_removed(table: Table):
    looked, looks = threading.Event(), []

    class Noting(Environment):
        def note_memory(self, used: int, group: int) -> None:
            looks.append((used, group))
            looked.set()

    table.usages = {7: Usage((7,), 10, 1)}
    environment, before = Noting(), threading.active_count()
    limiter = MemoryLimiter(table)
    assert threading.active_count() == before  # nothing to watch
    limiter.add(environment)
    limiter.add(Environment(8))
    assert threading.active_count() == before + 1
    assert looked.wait(10)
    limiter.remove(environment)
    limiter.close()
    assert threading.active_count() == before
    assert looks[0] == (10, 7)


def test_nothing_is_watched_after_the_end(table: Table):
    before = threading.active_count()
    limiter = MemoryLimiter(table)
    limiter.close()
    limiter.close()
    limiter.add(Environment())
    assert threading.active_count() == before


def test_a_look_that_fails_is_told_and_not_the_last(table: Table, caplog: pytest.LogCaptureFixture):
    looked = threading.Event()

    class Failing(Environment):
        def note_memory(self, used: int, group: int) -> None:
            if not caplog.messages:
                raise OSError("no descriptor to be had")
            looked.set()

    table.usages = {7: Usage((7,), 10, 1)}
    limiter = MemoryLimiter(table)
    limiter.add(Failing())
    assert looked.wait(10)
    limiter.close()
    assert caplog.messages == ["looking at what environments use failed"]


@pytest.mark.parametrize("is_busy", [True, False])
def test_process_that_was_stopped_goes_on(table: Table, is_busy: bool):
    environment, limiter = Environment(is_busy=is_busy), MemoryLimiter(table)
    table.usages = {7: Usage((7,), 1, 1, is_stopped=True)}
    limiter._environments.add(environment)
    limiter.look()
    assert (environment.resumed, environment.ended) == ([7], [])
