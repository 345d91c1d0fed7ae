"""The provisioner: makes environments warm, at the start and for good, and retires unused ones."""

import logging
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from berth.errors import InitFailed, InvocationFault
from berth.model.function import Function
from berth.runtime.pool.pool import Pool
from berth.runtime.pool.start_check import StartCheck

_CLOSE_SECONDS = 2.0
# After a failed init phase, provisioning waits this long; Lambda waits for the next deployment.
_AGAIN_SECONDS = 60.0
# A server that is not ready tries again earlier: a load balancer gives it up after a minute or two.
_AGAIN_SECONDS_AT_START = 15.0

log = logging.getLogger("berth")


class Provisioner:
    """Looks after a pool for as long as the server runs, from a thread of its own and a few workers.

    It makes provisioned environments warm, and imports each function once if the check at the start has
    begun. No more interpreters start for this at one time than there are workers.
    """

    def __init__(
        self,
        pool: Pool,
        functions: Sequence[Function],
        period: float,
        starts: int,
        check: StartCheck | None = None,
    ) -> None:
        self.check = check or StartCheck((), "off")
        self._pool = pool
        self._functions = functions
        self._period = period
        self._workers = ThreadPoolExecutor(starts, "berth-provisioning")
        self._in_progress: dict[str, int] = {}
        self._not_before: dict[str, float] = {}
        self._changing = threading.Lock()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the thread, unless it has been started or the provisioner is closed."""
        with self._changing:
            if self._thread is None and not self._closing.is_set():
                self._thread = threading.Thread(target=self._run, name="berth-provisioner", daemon=True)
                self._thread.start()

    def close(self) -> None:
        """End the thread and its workers; the pool must have been closed before, which ends their work."""
        self._closing.set()
        with self._changing:
            thread, self._thread = self._thread, None
        if thread is not None:
            thread.join(_CLOSE_SECONDS)
        self._workers.shutdown(cancel_futures=True)

    def _run(self) -> None:
        while not self._closing.is_set():
            try:
                self._pool.retire_idle()
                for function in self._functions:
                    self._fill_up(function)
            except Exception:  # for example, no thread can be started now; the next round may succeed
                log.exception("looking after the environments failed")
            self._closing.wait(self._period)

    def _fill_up(self, function: Function) -> None:
        with self._changing:
            if time.monotonic() < self._not_before.get(function.name, 0.0):
                return
            in_progress = self._in_progress.get(function.name, 0)
            missing = self._missing(function) - in_progress
        if missing <= 0 and not in_progress and self.check.awaits(function):
            self._note_what_requests_did(function)
        for _ in range(missing):
            with self._changing:
                self._in_progress[function.name] = self._in_progress.get(function.name, 0) + 1
            self._workers.submit(self._provision, function)

    def _missing(self, function: Function) -> int:
        """How many environments to make warm, those counted that are being made."""
        if not function.provisioned_concurrency:
            return int(self.check.awaits(function))
        return function.provisioned_concurrency - self._pool.count_warm(function)

    def _note_what_requests_did(self, function: Function) -> None:
        """Have environments count for the check that are warm because requests came before it."""
        if self._pool.count_ready(function) >= function.provisioned_concurrency:
            self.check.note_success(function)

    def _provision(self, function: Function) -> None:
        try:
            if self._pool.provision(function):
                self.check.note_success(function)
        except Exception as failed:
            if self._closing.is_set():
                return
            is_fault = isinstance(failed, InvocationFault)
            log.warning("%s: %s", function.name, _told(function, failed), exc_info=not is_fault)
            self._note_failure(function, failed)
        finally:
            with self._changing:
                self._in_progress[function.name] -= 1

    def _note_failure(self, function: Function, failed: Exception) -> None:
        self.check.note_failure(function, failed)
        is_awaited = self.check.is_strict and self.check.awaits(function)
        with self._changing:
            pause = _AGAIN_SECONDS_AT_START if is_awaited else _AGAIN_SECONDS
            self._not_before[function.name] = time.monotonic() + pause


def _told(function: Function, failed: Exception) -> str:
    from berth.runtime.advice import describe  # it reads sources, and most functions need none

    what = "provisioned concurrency" if function.provisioned_concurrency else "cannot be imported"
    return f"{what}: {describe(function, failed) if isinstance(failed, InitFailed) else failed}"
