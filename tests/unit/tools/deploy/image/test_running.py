import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from berth.tools.deploy.image.commands import Step
from berth.tools.deploy.image.running import run_steps

WAITS = (sys.executable, "-c", "import time; time.sleep(600)")


class InterruptedStart(subprocess.Popen[bytes]):
    """A program that is interrupted, as by Ctrl-C, before its start has returned."""

    number = signal.SIGINT
    started: list["InterruptedStart"]

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.started.append(self)
        signal.raise_signal(self.number)


@pytest.fixture(params=[signal.SIGINT, signal.SIGTERM])
def programs(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[list[InterruptedStart]]:
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    InterruptedStart.number, InterruptedStart.started = request.param, []
    monkeypatch.setattr(subprocess, "Popen", InterruptedStart)
    yield InterruptedStart.started
    signal.signal(signal.SIGTERM, before)
    for each in InterruptedStart.started:
        each.kill()
        each.wait()


def test_a_program_that_is_interrupted_while_it_starts_is_ended(programs: list[InterruptedStart]) -> None:
    with pytest.raises(KeyboardInterrupt):
        run_steps([Step("build", WAITS)], lambda step: None)
    assert [each.returncode for each in programs] == [-signal.SIGTERM]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
