"""The hop into an execution environment: its latency, cold starts, bursts, the memory of an idle one."""

import json
import os
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

from bench.peer_apps import hello_handler
from bench.processes import environments, memory_bytes
from bench.report import print_table, quantile
from bench.samples import sample_event, write_copies, write_hello
from bench.timing import micros, take_turns
from berth.invoke.invoker import Invoker
from berth.manifest.loader import load
from berth.model.function import Function
from berth.model.invocation import Invocation, encode_event
from berth.runtime.environments import create_environments
from berth.settings import Settings

_BURST = 32
_BURSTS = 5
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
        times = take_turns(ways, calls)
    process = quantile(times["isolation process"], 0.5)
    print_table(
        f"One invocation of hello with a warm environment, microseconds, {calls} calls one after the other",
        ("", "min", "p50", "p99", "p50 / process"),
        [(*_figures(name, each), f"{quantile(each, 0.5) / process:.2f}") for name, each in times.items()],
    )
    _print_starts(settings["process"], starts)
    _print_later_starts(write_copies(folder / "copies", "process", [f"hello{n}" for n in range(starts + 1)]))
    _print_bursts(settings["process"])


def _plain_call(handler: Callable[..., object], event: object) -> bytes:
    """What no isolation can avoid: the event to JSON and back, the handler, the result to JSON."""
    return json.dumps(handler(json.loads(encode_event(event)), None)).encode()


def _print_starts(settings: Settings, starts: int) -> None:
    function = _hello(settings)
    millis, resident, shared_out = [], [], []
    for _ in range(starts):
        before = environments(os.getpid())
        with _invoking(settings) as invoker:
            millis.append(micros(partial(_invoke, invoker, function, sample_event())) / 1000)
            for process in {*environments(os.getpid())}.difference(before):
                resident.append(memory_bytes([process], "Rss") / 2**20)
                shared_out.append(memory_bytes([process], "Pss") / 2**20)
    print_table(
        f"{starts} cold starts of hello, each the first of its server, one after the other",
        ("", "min", "p50", "p99"),
        [
            _figures("spawn to first result, ms", millis),
            *([_figures("RSS of the idle environment, MB", resident)] if resident else []),
            *([_figures("PSS of the idle environment, MB", shared_out)] if shared_out else []),
        ],
    )


def _print_later_starts(settings: Settings) -> None:
    """The cold starts of functions in a server that has started one already."""
    first, *others = load(settings).functions.values()
    with _invoking(settings) as invoker:
        _invoke(invoker, first, sample_event())
        millis = [micros(partial(_invoke, invoker, each, sample_event())) / 1000 for each in others]
    print_table(
        f"{len(others)} cold starts of further functions in one server, one after the other",
        ("", "min", "p50", "p99"),
        [_figures("spawn to first result, ms", millis)],
    )


def _print_bursts(settings: Settings) -> None:
    """First requests that come at the same moment to a server without environments."""
    roomy = replace(settings, concurrency=_BURST, max_environments=_BURST)
    millis = [latency for _ in range(_BURSTS) for latency in _burst(roomy)]
    print_table(
        f"{_BURSTS} bursts of {_BURST} concurrent first requests of hello",
        ("", "min", "p50", "p99"),
        [_figures("request to result, ms", millis)],
    )


def _burst(settings: Settings) -> list[float]:
    """Milliseconds of each request of one burst."""
    function, event = _hello(settings), sample_event()
    together = threading.Barrier(_BURST)
    millis: list[float] = []

    def request() -> None:
        together.wait()
        millis.append(micros(partial(_invoke, invoker, function, event)) / 1000)

    with _invoking(settings) as invoker:
        threads = [threading.Thread(target=request) for _ in range(_BURST)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(millis) == _BURST, "a request failed"
    return millis


@contextmanager
def _invoking(settings: Settings) -> Iterator[Invoker]:
    """An invoker with new environments, whose output is thrown away."""
    with (
        tempfile.TemporaryFile() as log,
        closing(create_environments(settings, output=log.fileno())) as environments,
    ):
        yield Invoker(environments)


def _figures(name: str, values: Sequence[float]) -> tuple[str, ...]:
    """Minimum, median and 99th percentile."""
    figures = (min(values), quantile(values, 0.5), quantile(values, 0.99))
    return (name, *(f"{figure:.1f}" for figure in figures))


def _hello(settings: Settings) -> Function:
    return load(settings).functions["hello"]


def _invoke(invoker: Invoker, function: Function, event: object) -> None:
    result = invoker.invoke(Invocation(function, encode_event(event), _REQUEST_ID))
    assert result.function_error is None, result.payload
