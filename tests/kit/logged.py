"""A server whose log is kept, and the log as it reads where nothing differs from run to run."""

import json
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from berth.invoke.invoker import Invoker
from berth.model.function import Function
from berth.model.invocation import InvocationResult
from berth.runtime.environments import create_environments
from berth.runtime.sandbox.kernel import Kernel
from berth.settings import Settings
from kit.under_test import invoke, kernel_under_test

LAMBDA_WARNING = (
    "LAMBDA_WARNING: Unhandled exception. The most likely cause is an issue in the function code. "
    "However, in rare cases, a Lambda runtime update can cause unexpected function behavior. For functions "
    "using managed runtimes, runtime updates can be triggered by a function change, or can be applied "
    "automatically. To determine if the runtime has been updated, check the runtime version in the "
    "INIT_START log entry. If this error correlates with a change in the runtime version, you may be able "
    "to mitigate this error by temporarily rolling back to the previous runtime version. For more "
    "information, see https://docs.aws.amazon.com/lambda/latest/dg/runtimes-update.html\r"
)
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_VARYING = (
    (re.compile(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"), "<ms>"),
    (re.compile(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ"), "<s>"),
    (re.compile(r"(?<=Duration: )\d+\.\d\d ms"), "N.NN ms"),
    (re.compile(r"(?<=Billed Duration: )\d+ ms"), "N ms"),
    (re.compile(r"(?<=Max Memory Used: )\d+ MB"), "N MB"),
    (re.compile(r"\b[0-9a-f]{32}\b"), "<instance>"),
)
_FIGURES = ("durationMs", "billedDurationMs", "maxMemoryUsedMB", "initDurationMs")


class LoggedServer:
    """Environments and the file that it logs to."""

    def __init__(
        self, settings: Settings, functions: Sequence[Function], file: Path, kernel: Kernel | None = None
    ) -> None:
        self._file = file
        self._descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        kernel = kernel or kernel_under_test()
        self.environments = create_environments(settings, functions, self._descriptor, kernel)
        self.invoker = Invoker(self.environments)
        self._is_closed = False

    def __enter__(self) -> "LoggedServer":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def invoke(self, function: Function, event: bytes = b"null", **options: str) -> InvocationResult:
        """Run one invocation; the result is worded as on Lambda."""
        return invoke(self.invoker, function, event, **options)

    def close(self) -> bytes:
        """End the server; everything that it has logged."""
        if not self._is_closed:
            self._is_closed = True
            self.environments.close()
            os.close(self._descriptor)
        return self._file.read_bytes()

    def end(self) -> str:
        """End the server; its log, worded."""
        return worded(self.close().decode())

    def end_lines(self) -> list[str]:
        """End the server; its log's lines, worded, without the supervisor's."""
        supervisor = ("START ", "END ", "REPORT ")
        return [line for line in self.end().split("\n") if line and not line.startswith(supervisor)]

    def end_objects(self) -> list[dict[str, Any]]:
        """End the server; the JSON objects that it logged, worded."""
        return [json.loads(line, object_hook=_without_figures) for line in self.end().splitlines()]


def worded(log: str) -> str:
    """A log without what differs from run to run: invocations are <1>, <2>, ... in their order."""
    numbers: dict[str, int] = {}
    log = _ID.sub(lambda found: f"<{numbers.setdefault(found[0], len(numbers) + 1)}>", log)
    for varying, word in _VARYING:
        log = varying.sub(word, log)
    return log


def _without_figures(document: dict[str, Any]) -> dict[str, Any]:
    figures = {name: "N" for name in _FIGURES if isinstance(document.get(name), int | float)}
    return document | figures
