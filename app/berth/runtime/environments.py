"""The kinds of execution environment a manifest may choose, and the pool that makes them."""

import threading
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial

from berth.model.function import Function
from berth.runtime.environment import ExecutionEnvironment
from berth.runtime.logs.log_writer import STDOUT
from berth.runtime.pool.pool import Pool
from berth.runtime.pool.provisioner import Provisioner
from berth.runtime.pool.revision import source_revision
from berth.runtime.pool.slots import Limits
from berth.runtime.process.process_environment import ProcessEnvironment
from berth.runtime.supervisor import Supervisor
from berth.settings import Settings

Create = Callable[[Function, Settings, Supervisor, bool], ExecutionEnvironment]


def create_pool(settings: Settings, functions: Sequence[Function] = (), output: int = STDOUT) -> Pool:
    """An empty pool for these settings, to be shared by these functions; it starts nothing.

    `output` is the descriptor that takes the functions' logs.
    """
    supervisor = Supervisor(settings, output)
    limits = Limits(
        concurrency=settings.concurrency,
        environments=settings.max_environments,
        starts=settings.starts,
        wait_seconds=settings.wait_seconds,
        idle_seconds=settings.idle_seconds,
        functions=max(1, len(functions)),
    )

    def attend(pool: Pool) -> Provisioner:
        return Provisioner(pool, functions, min(1.0, settings.idle_seconds / 4), settings.starts)

    return Pool(
        limits,
        partial(_create, settings, supervisor),
        source_revision if settings.reload else lambda function: None,
        attend,
        supervisor.close,
    )


def _child_process(
    function: Function, settings: Settings, supervisor: Supervisor, is_provisioned: bool
) -> ExecutionEnvironment:
    return ProcessEnvironment(function, settings, supervisor, is_provisioned=is_provisioned)


def _in_process(
    function: Function, settings: Settings, supervisor: Supervisor, is_provisioned: bool
) -> ExecutionEnvironment:
    with _importing:
        kind = _in_process_kind()
    return kind(function, settings, supervisor)


_importing = threading.Lock()


@cache
def _in_process_kind() -> Callable[[Function, Settings, Supervisor], ExecutionEnvironment]:
    # Imported where it is used: it brings AWS's runtime into the server's own process. And imported
    # once, before any inline function runs: while one does, the server's `app` cannot be imported.
    from berth.runtime.inline.inline_environment import InlineEnvironment

    return InlineEnvironment


ENVIRONMENTS: Mapping[str, Create] = {"process": _child_process, "inline": _in_process}


def _create(
    settings: Settings, supervisor: Supervisor, function: Function, is_provisioned: bool
) -> ExecutionEnvironment:
    return ENVIRONMENTS[function.isolation](function, settings, supervisor, is_provisioned)
