"""The kinds of execution environment a manifest may choose, and the pool that makes them."""

import threading
from collections.abc import Callable, Mapping
from functools import cache, partial

from app.model.function import Function
from app.runtime.child_process import ChildProcess
from app.runtime.environment import ExecutionEnvironment
from app.runtime.pool import Limits, Pool
from app.runtime.revision import source_revision
from app.settings import Settings

Create = Callable[[Function, Settings, int | None], ExecutionEnvironment]


def create_pool(settings: Settings, output: int | None = None) -> Pool:
    """An empty pool for these settings; `output` is a descriptor for what functions print."""
    limits = Limits(settings.concurrency, settings.max_environments, settings.starts, settings.wait_seconds)
    create = partial(_create, settings, output)
    return Pool(limits, create, source_revision) if settings.reload else Pool(limits, create)


def _child_process(function: Function, settings: Settings, output: int | None) -> ExecutionEnvironment:
    # Where files are edited no bytecode is written: an edit within one second would go unseen.
    return ChildProcess(function, settings.passed_on, output=output, bytecode=not settings.reload)


def _in_process(function: Function, settings: Settings, output: int | None) -> ExecutionEnvironment:
    with _importing:
        kind = _in_process_kind()
    return kind(function, settings.passed_on)


_importing = threading.Lock()


@cache
def _in_process_kind() -> Callable[[Function, Mapping[str, str]], ExecutionEnvironment]:
    # Imported where it is used: it brings AWS's runtime into the server's own process. And imported
    # once, before any inline function runs: while one does, the server's `app` cannot be imported.
    from app.runtime.in_process import InProcess

    return InProcess


ENVIRONMENTS: Mapping[str, Create] = {"process": _child_process, "inline": _in_process}


def _create(settings: Settings, output: int | None, function: Function) -> ExecutionEnvironment:
    return ENVIRONMENTS[function.isolation](function, settings, output)
