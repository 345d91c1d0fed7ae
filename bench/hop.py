"""The hop into an execution environment: its latency, a cold start, the memory of an idle one."""

import json
import os
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path

from bench.peer_apps import hello_handler
from bench.report import print_table, quantile
from bench.samples import sample_event, write_hello
from berth.invoke.invoker import Invoker
from berth.manifest.loader import load
from berth.model.function import Function
from berth.model.invocation import Invocation, encode_event
from berth.runtime.environments import create_environments
from berth.settings import Settings

_TURNS = 20
_REQUEST_ID = "00000000-0000-4000-8000-000000000000"


def measure_hop(folder: Path, calls: int, starts: int) -> None:
    """Print the latency of an invocation in both isolations, then cold starts and memory."""
    settings = {kind: write_hello(folder / kind, kind) for kind in ("process", "inline")}
    event = sample_event()
    with ExitStack() as stack:
        ways: dict[str, Callable[[], object]] = {}
        ways["handler and JSON alone"] = partial(_plain_call, hello_handler(), event)
        log = stack.enter_context(tempfile.TemporaryFile())
        for kind, each in settings.items():
            environments = stack.enter_context(closing(create_environments(each, output=log.fileno())))
            ways[f"isolation {kind}"] = partial(_invoke, Invoker(environments), _hello(each), event)
        micros = _take_turns(ways, calls)
    process = quantile(micros["isolation process"], 0.5)
    print_table(
        f"One invocation of hello with a warm environment, microseconds, {calls} calls one after the other",
        ("", "min", "p50", "p99", "p50 / process"),
        [(*_figures(name, each), f"{quantile(each, 0.5) / process:.2f}") for name, each in micros.items()],
    )
    _print_starts(settings["process"], starts)


def _plain_call(handler: Callable[..., object], event: object) -> bytes:
    """What no isolation can avoid: the event to JSON and back, the handler, the result to JSON."""
    return json.dumps(handler(json.loads(encode_event(event)), None)).encode()


def _take_turns(ways: Mapping[str, Callable[[], object]], calls: int) -> dict[str, list[float]]:
    """Microseconds of each call, the ways taking turns so that all see the same neighbours."""
    micros: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(_TURNS + 1):
        for name, call in ways.items():
            taken = [_micros(call) for _ in range(-(-calls // _TURNS))]
            micros[name] += taken if turn else []
    return micros


def _print_starts(settings: Settings, starts: int) -> None:
    function = _hello(settings)
    millis, resident, shared_out = [], [], []
    for _ in range(starts):
        before = _children()
        with (
            tempfile.TemporaryFile() as log,
            closing(create_environments(settings, output=log.fileno())) as environments,
        ):
            millis.append(_micros(partial(_invoke, Invoker(environments), function, sample_event())) / 1000)
            for process in _children() - before:
                resident.append(_kilobytes(process, "Rss") / 1024)
                shared_out.append(_kilobytes(process, "Pss") / 1024)
    print_table(
        f"{starts} cold starts of hello, one after the other",
        ("", "min", "p50", "p99"),
        [
            _figures("spawn to first result, ms", millis),
            *([_figures("RSS of the idle environment, MB", resident)] if resident else []),
            *([_figures("PSS of the idle environment, MB", shared_out)] if shared_out else []),
        ],
    )


def _figures(name: str, values: Sequence[float]) -> tuple[str, ...]:
    """Minimum, median and 99th percentile."""
    figures = (min(values), quantile(values, 0.5), quantile(values, 0.99))
    return (name, *(f"{figure:.1f}" for figure in figures))


def _hello(settings: Settings) -> Function:
    return load(settings).functions["hello"]


def _invoke(invoker: Invoker, function: Function, event: object) -> None:
    result = invoker.invoke(Invocation(function, encode_event(event), _REQUEST_ID))
    assert result.function_error is None, result.payload


def _micros(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return (time.perf_counter() - began) * 1e6


def _children() -> set[int]:
    """The processes that this one started, as Linux lists them; elsewhere none is found."""
    found: set[int] = set()
    for listed in Path("/proc/self/task").glob("*/children"):
        found.update(map(int, listed.read_text("ascii").split()))
    return found - {os.getpid()}


def _kilobytes(process: int, name: str) -> int:
    """One figure of a process's memory map, in KiB."""
    lines = Path(f"/proc/{process}/smaps_rollup").read_text("ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))
