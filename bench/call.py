"""One call of `app(environ, start_response)` in this process: microseconds, and instructions by callgrind."""

import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any
from wsgiref.types import WSGIApplication

from bench import peer_apps
from bench.contenders import contenders
from bench.instructions import can_count, instructions_per_call
from bench.report import print_table, quantile
from bench.routes import environ_to, stubbed_app
from bench.timing import take_turns
from bench.workloads import ARTICLE, FLASK, FLOOR, FRAMEWORK, INLINE, PROCESS, WORKLOADS
from berth.factory import create_app
from berth.runtime.environments import create_environments
from berth.settings import Settings

GATEWAY = "gateway"  # Berth with the invocation left out
NAMES = (FLOOR, FLASK, ARTICLE, FRAMEWORK, GATEWAY, PROCESS, INLINE)
_GATEWAY_TITLE = "Berth, invocation left out"
_HELLO = WORKLOADS["hello"]
_COUNTED_CALLS = 100


def measure_call(folder: Path, calls: int, *, counts_instructions: bool, only: Sequence[str] = ()) -> None:
    """Print microseconds for each application, and instructions where they are to be counted."""
    wanted = {*(only or NAMES), *([GATEWAY] if PROCESS in only else [])}
    names = [name for name in NAMES if name in wanted and _is_at_hand(name)]
    with ExitStack() as stack:
        ways = {}
        for name in names:
            app = stack.enter_context(application(name, folder / name))
            ways[name] = partial(call_once, app)
        times = take_turns(ways, calls)
    print_table(
        f"One call of the application, hello, {calls} calls in turns",
        ("", "min us", "p50 us", "p99 us", "p50 x P2"),
        [_row(name, times) for name in names],
    )
    if counts_instructions and can_count():
        _count_instructions(folder, names)
    elif counts_instructions:
        print("instructions: skipped, valgrind is not installed")


def _count_instructions(folder: Path, names: Sequence[str]) -> None:
    counts = {name: instructions_per_call(name, folder / name, _COUNTED_CALLS) for name in names}
    base = counts.get(ARTICLE)
    print_table(
        f"Instructions of one call in the application's process, by {_COUNTED_CALLS} more calls",
        ("", "instructions", "x P2"),
        [(_title(name), f"{n:,.0f}", f"{n / base:.2f}" if base else "-") for name, n in counts.items()],
    )


@contextmanager
def application(name: str, project: Path) -> Iterator[WSGIApplication]:
    """One application that serves hello; a project that exists is used again."""
    isolation = INLINE if name == INLINE else PROCESS
    folders = Settings(functions_dir=project / "functions", manifests_dir=project / "manifests")
    settings = folders if project.exists() else _HELLO.write(project, isolation)
    os.environ[peer_apps.PROJECT_VARIABLE] = str(project)
    if name == GATEWAY:
        yield stubbed_app(settings)
    elif name in (INLINE, PROCESS):
        with tempfile.TemporaryFile() as log:
            app = create_app(settings, environments=create_environments(settings, output=log.fileno()))
            try:
                yield app
            finally:
                app.extensions["berth"].close()
    else:
        yield _peer(name)


def call_once(app: WSGIApplication) -> tuple[str, bytes]:
    """Serve one request; the status and the body of the answer."""
    status = ""

    def start_response(line: str, headers: object, failure: object = None) -> Callable[[bytes], None]:
        nonlocal status
        status = line
        return _write

    answer = app(_ENVIRON | {"wsgi.input": BytesIO()}, start_response)
    body = b"".join(answer)
    close = getattr(answer, "close", None)
    if close:
        close()
    return status, body


def _peer(name: str) -> WSGIApplication:
    if name == ARTICLE:
        from bench import article  # needs Falcon

        app: WSGIApplication = article.create_app()
        return app
    makers: Mapping[str, Callable[[], WSGIApplication]] = {
        FLOOR: peer_apps.bare_wsgi,
        FLASK: peer_apps.flask_view,
        FRAMEWORK: peer_apps.functions_framework_app,
    }
    return makers[name]()


def _is_at_hand(name: str) -> bool:
    return name == GATEWAY or contenders()[name].is_at_hand()


def _title(name: str) -> str:
    return _GATEWAY_TITLE if name == GATEWAY else contenders()[name].title


def _row(name: str, times: Mapping[str, Sequence[float]]) -> tuple[str, ...]:
    least, half, most = (f"{quantile(times[name], share):.1f}" for share in (0, 0.5, 0.99))
    to_article = quantile(times[name], 0.5) / quantile(times[ARTICLE], 0.5) if ARTICLE in times else None
    return _title(name), least, half, most, f"{to_article:.2f}" if to_article else "-"


def _write(data: bytes) -> None:
    pass


_TARGET = _HELLO.request.target
_ENVIRON: dict[str, Any] = environ_to(_TARGET.partition("?")[0]) | {
    "RAW_URI": _TARGET,
    "REQUEST_URI": _TARGET,
    "QUERY_STRING": _TARGET.partition("?")[2],
    "wsgi.errors": sys.stderr,
    "wsgi.multithread": True,
    "wsgi.multiprocess": True,
    "wsgi.run_once": False,
}
