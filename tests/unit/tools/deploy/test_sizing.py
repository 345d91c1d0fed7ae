"""How large a task is, by the functions in it."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from berth.testing.values import make_function
from berth.tools.deploy.sizing import LEGAL_PAIRS, task_size
from kit.strategies import often
from kit.tables import for_each

_CASES: dict[str, tuple[list[dict[str, Any]], int, int, tuple[int, ...]]] = {
    # Functions, how many the task has, concurrency: CPU units, MB, concurrency, environments.
    "the smallest function": ([{}], 1, 8, (512, 2048, 8, 8)),
    "one invocation at a time": ([{}], 1, 1, (256, 512, 1, 1)),
    "a function that one invocation may use": (
        [{"memory_size": 3008, "reserved_concurrency": 1}],
        1,
        8,
        (2048, 4096, 1, 1),
    ),
    "two that share the places": (
        [{"memory_size": 1024, "reserved_concurrency": 2}, {"memory_size": 512}],
        2,
        8,
        # 256 + 2 x 1024 + 6 x 512 MB; half of 2 x 593 + 6 x 297 units.
        (2048, 6144, 8, 8),
    ),
    "more functions than places": ([{}] * 20, 20, 4, (512, 3072, 4, 20)),
    "functions that only wait": ([], 20, 8, (512, 3072, 1, 20)),
    "more provisioned than places": ([{"provisioned_concurrency": 10}], 1, 8, (512, 2048, 10, 10)),
    "a function that nobody may run": ([{"reserved_concurrency": 0}], 1, 8, (256, 512, 1, 1)),
    "large functions": ([{"memory_size": 10_240}], 1, 2, (8192, 24_576, 2, 2)),
}


@for_each("functions, count, concurrency, expected", _CASES.values())
def test_task_has_room_for_what_runs_at_one_time(
    functions: list[dict[str, Any]], count: int, concurrency: int, expected: tuple[int, ...]
) -> None:
    size = task_size([make_function(**each) for each in functions], count, concurrency)
    assert size is not None
    assert (size.cpu, size.memory, size.concurrency, size.environments) == expected


def test_there_is_no_task_for_more_than_fargate_has() -> None:
    assert task_size([make_function(memory_size=10_240)], 1, 12) is None


@often
@given(
    memories=st.lists(st.integers(128, 10_240), min_size=1, max_size=5),
    concurrency=st.integers(1, 8),
)
def test_pair_is_legal_and_no_smaller_one_would_do(memories: list[int], concurrency: int) -> None:
    functions = [make_function(memory_size=each) for each in memories]
    size = task_size(functions, len(functions), concurrency)
    assert size is not None
    assert (size.cpu, size.memory) in LEGAL_PAIRS
    smaller = [pair for pair in LEGAL_PAIRS if pair < (size.cpu, size.memory)]
    assert not [pair for pair in smaller if pair[0] >= size.needs_cpu and pair[1] >= size.needs_memory]
    assert size.needs_memory >= 256 + concurrency * min(memories)
