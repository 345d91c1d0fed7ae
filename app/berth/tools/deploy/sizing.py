"""The size of a task: CPU and memory for the functions that run in it, as a legal pair of Fargate.

Lambda gives every environment memory of its own, and CPU by the size of that memory. A task shares both.
"""

import heapq
import math
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from berth.model.function import FunctionConfiguration

# What the server itself takes, and what an environment keeps that has nothing to do, both in MB.
SERVER_MB = 256
IDLE_MB = 128
# On Lambda a function with this memory has one vCPU.
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
MB_PER_VCPU = 1769
# Functions mostly wait, so the environments of a task share half of the CPU that they have on Lambda.
SHARE_OF_CPU = 0.5
_GIB = 1024
# CPU units, the least and the most memory and its steps, in GB.
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html
_STEPS = (
    (512, 1, 4, 1),
    (1024, 2, 8, 1),
    (2048, 4, 16, 1),
    (4096, 8, 30, 1),
    (8192, 16, 60, 4),
    (16_384, 32, 120, 8),
)
LEGAL_PAIRS = (
    *((256, memory) for memory in (512, 1024, 2048)),
    *((cpu, memory * _GIB) for cpu, least, most, step in _STEPS for memory in range(least, most + 1, step)),
)


@dataclass(frozen=True)
class Size:
    """A task: its CPU units (1,024 are one vCPU), its memory in MB, and how much runs in it.

    `concurrency` invocations run at one time, in up to `environments` environments.
    """

    cpu: int
    memory: int
    concurrency: int
    environments: int
    needs_cpu: int  # before both are rounded up to a legal pair
    needs_memory: int


def task_size(running: Collection[FunctionConfiguration], count: int, concurrency: int) -> Size | None:
    """The smallest task in which some of `count` functions run; None if every one is too small.

    A task has room for `concurrency` invocations of the largest functions at one time, for as many as their
    reservedConcurrency lets run, and for all provisioned environments.
    """
    provisioned = sum(each.provisioned_concurrency for each in running)
    busy = heapq.nlargest(max(concurrency, provisioned), _memories(running, max(concurrency, provisioned)))
    environments = max(len(busy), count, provisioned, 1)
    memory = SERVER_MB + sum(busy) + IDLE_MB * (environments - len(busy))
    shares = [math.ceil(_GIB * each / MB_PER_VCPU) for each in busy]
    cpu = max(math.ceil(sum(shares) * SHARE_OF_CPU), *shares[:1], 1)
    fitting = [pair for pair in LEGAL_PAIRS if pair[0] >= cpu and pair[1] >= memory]
    if not fitting:
        return None
    return Size(*min(fitting), max(len(busy), 1), environments, cpu, memory)


def _memories(running: Collection[FunctionConfiguration], most: int) -> Iterator[int]:
    """The memory of each environment that may be busy, `most` of one function at most."""
    for each in running:
        reserved = most if each.reserved_concurrency is None else min(each.reserved_concurrency, most)
        yield from [each.memory_size] * reserved
