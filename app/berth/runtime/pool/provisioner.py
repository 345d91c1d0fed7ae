"""The provisioner: makes provisioned environments warm and retires unused ones."""

import logging
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from berth.errors import InvocationFault
from berth.model.function import Function
from berth.runtime.pool.pool import Pool

_CLOSE_SECONDS = 2.0
# After a failed init phase, provisioning waits this long; Lambda waits for the next deployment.
_AGAIN_SECONDS = 60.0

log = logging.getLogger("berth")


class Provisioner:
    """Looks after a pool for as long as the server runs, from a thread of its own and a few workers."""

    def __init__(self, pool: Pool, functions: Sequence[Function], period: float, starts: int) -> None:
        self._pool = pool
        self._provisioned = [function for function in functions if function.provisioned_concurrency]
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
                for function in self._provisioned:
                    self._fill_up(function)
            except Exception:  # for example, no thread can be started now; the next round may succeed
                log.exception("looking after the environments failed")
            self._closing.wait(self._period)

    def _fill_up(self, function: Function) -> None:
        with self._changing:
            if time.monotonic() < self._not_before.get(function.name, 0.0):
                return
            in_progress = self._in_progress.get(function.name, 0)
            missing = function.provisioned_concurrency - self._pool.count_warm(function) - in_progress
        for _ in range(missing):
            with self._changing:
                self._in_progress[function.name] = self._in_progress.get(function.name, 0) + 1
            self._workers.submit(self._provision, function)

    def _provision(self, function: Function) -> None:
        try:
            self._pool.provision(function)
        except Exception as failed:
            if self._closing.is_set():
                return
            is_fault = isinstance(failed, InvocationFault)
            log.warning("%s: provisioned concurrency: %s", function.name, failed, exc_info=not is_fault)
            with self._changing:
                self._not_before[function.name] = time.monotonic() + _AGAIN_SECONDS
        finally:
            with self._changing:
                self._in_progress[function.name] -= 1
