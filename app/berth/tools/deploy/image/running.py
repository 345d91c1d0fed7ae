"""Runs the steps of an image one after the other; what their programs print is shown as it comes."""

import signal
import subprocess
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import IO

from berth.tools.deploy.image.commands import Step

_SECONDS_TO_END = 10


class StepFailed(Exception):
    """Raised when a program of a step ends with another status than 0."""

    def __init__(self, step: Step, program: str, status: int) -> None:
        self.step, self.status = step, status
        super().__init__(f"{step.title}: {program} ended with status {status}")


def run_steps(steps: Iterable[Step], show: Callable[[Step], None]) -> None:
    """Run steps until one fails; `show` is called before each.

    Raises StepFailed. When it is interrupted, its programs are ended before KeyboardInterrupt goes on.
    """
    for step in steps:
        show(step)
        _run(step)


def _run(step: Step) -> None:
    with ExitStack() as stack:
        source = _start(stack, step.source, stdout=subprocess.PIPE) if step.source else None
        last = _start(stack, step.arguments, stdin=source.stdout if source else subprocess.DEVNULL)
        if source and source.stdout:
            source.stdout.close()  # so that the source is told when its reader has ended
        last.wait()
        if source and source.wait():
            raise StepFailed(step, step.source[0], source.returncode)
        if last.returncode and not step.may_fail:
            raise StepFailed(step, step.arguments[0], last.returncode)


def _start(
    stack: ExitStack,
    arguments: tuple[str, ...],
    stdin: IO[bytes] | int | None = None,
    stdout: int | None = None,
) -> "subprocess.Popen[bytes]":
    with _uninterrupted():
        started = subprocess.Popen(arguments, stdin=stdin, stdout=stdout)
        stack.callback(_end, started)
    return started


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Let signals wait until the end of the `with` block; the programs that it starts do not inherit this."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    told: list[int] = []
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    handled = {number: handler for number, handler in handlers.items() if callable(handler)}
    for number in handled:
        signal.signal(number, lambda received, _: told.append(received))
    try:
        yield
    finally:
        for number, handler in handled.items():
            signal.signal(number, handler)
        for received in told:
            signal.raise_signal(received)


def _end(started: "subprocess.Popen[bytes]") -> None:
    """End a program that still runs, as after Ctrl-C, and wait for it."""
    if started.poll() is None:
        started.terminate()
    try:
        started.wait(_SECONDS_TO_END)
    except subprocess.TimeoutExpired:
        started.kill()
        started.wait()
    if started.stdout:
        started.stdout.close()
