"""The worker of the event queue: it leases events, runs them, and keeps their leases while they run."""

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from berth.errors import QueueUnavailable
from berth.invoke.attempt import Attempts, Deliver, Pace
from berth.invoke.backlog import Backlog
from berth.invoke.invoker import Invoker
from berth.invoke.queue.event_queue import EventQueue, Lease
from berth.invoke.results.pages import Pages
from berth.model.asynchronous import InvocationState
from berth.model.function import Function
from berth.model.invocation import Invocation, InvocationResult
from berth.runtime.environment import ExecutionEnvironment

log = logging.getLogger("berth")

_LONGEST_LOOK = 1.0  # seconds until events that other servers have queued are seen
_PAUSE = 5.0  # seconds after the queue could not be reached
_END_SECONDS = 1.0


@dataclass(frozen=True)
class WorkerRules:
    """How a worker works; times in seconds."""

    places: int  # events that run at one time
    lease_seconds: float
    pace: Pace


class EventWorker:
    """Works one queue in threads of one server process."""

    def __init__(
        self,
        queue: EventQueue,
        pages: Pages,
        invoker: Invoker,
        functions: Mapping[str, Function],
        rules: WorkerRules,
        deliver: Deliver,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._queue = queue
        self._pages = pages
        self._invoker = invoker
        self._rules = rules
        self._backlog = Backlog(functions, rules.places)
        self._attempts = Attempts(
            queue, pages, functions, rules.pace, self._run, deliver, self._is_ending, clock
        )
        self._environments: dict[str, ExecutionEnvironment] = {}  # by request id
        self._threads: list[threading.Thread] = []
        self._runners: ThreadPoolExecutor | None = None
        self._look = threading.Event()  # set when there may be something to lease
        self._draining = threading.Event()
        self._ending = threading.Event()

    def start(self) -> None:
        """Begin to work; returns at once."""
        if not self._threads and not self._draining.is_set():
            self._runners = ThreadPoolExecutor(self._backlog.most_running, "berth-event")
            for target in (self._lease_events, self._keep_leases):
                thread = threading.Thread(target=target, name="berth-event-worker", daemon=True)
                self._threads.append(thread)
                thread.start()

    def wake(self) -> None:
        """Look into the queue now: something has been put into it."""
        self._look.set()

    def drain(self) -> None:
        """Begin no more events, and give those back that have not begun; a signal handler may call it."""
        self._draining.set()
        self._look.set()

    def end(self) -> None:
        """Say that runs which die from now on die because the server ends."""
        self.drain()
        self._ending.set()

    def close(self) -> None:
        """End all runs and threads; a run that did not end is given back within a second."""
        self.end()
        for environment in list(self._environments.values()):
            environment.kill()
        self._backlog.close()
        self._backlog.await_end(_END_SECONDS)
        for thread in self._threads:
            thread.join(_END_SECONDS)
        if self._runners is not None:
            self._runners.shutdown(wait=False)

    def _is_ending(self) -> bool:
        return self._ending.is_set()

    def _lease_events(self) -> None:
        while not self._draining.is_set():
            self._look.clear()
            try:
                found = self._lease_some()
            except QueueUnavailable as fault:
                log.error("the event queue: %s", fault)
                self._draining.wait(_PAUSE)
            else:
                if not found:
                    self._look.wait(_LONGEST_LOOK)
        self._backlog.close()
        try:
            self._queue.let_go()
        except QueueUnavailable as fault:
            log.error("the event queue: %s", fault)

    def _lease_some(self) -> bool:
        """Lease what may run now, and begin to run it; returns whether there may be more at once."""
        wanted, most = self._backlog.wanted()
        leases = self._queue.lease(wanted, most, self._rules.lease_seconds) if wanted else ()
        if not self._backlog.add(leases):
            self._give_back(leases)
            return False
        assert self._runners is not None, "start() has made it"
        for lease in leases:
            self._runners.submit(self._run_event, lease)
        return bool(leases)

    def _give_back(self, leases: Sequence[Lease]) -> None:
        for lease in leases:
            try:
                self._queue.give_back(lease, 0)
            except QueueUnavailable as fault:
                log.error("the event queue: %s", fault)

    def _run_event(self, lease: Lease) -> None:
        try:
            self._attempts.make(lease)
        except Exception:
            log.exception("%s: an event of %s", lease.event.request_id, lease.event.function)
        finally:
            self._backlog.done(lease)
            self._look.set()

    def _run(self, invocation: Invocation) -> InvocationResult:
        request_id = invocation.request_id
        try:
            return self._invoker.invoke(invocation, lambda each: self._watch(request_id, each))
        finally:
            self._environments.pop(request_id, None)

    def _watch(self, request_id: str, environment: ExecutionEnvironment) -> None:
        self._environments[request_id] = environment

    def _keep_leases(self) -> None:
        """Renew the leases, end what was cancelled, and note what runs have logged."""
        renewed_at = time.monotonic()
        while not self._ending.wait(min(1.0, self._rules.lease_seconds / 3)):
            try:
                if time.monotonic() - renewed_at >= self._rules.lease_seconds / 3:
                    renewed_at = time.monotonic()
                    self._renew()
                self._look_after_runs()
            except QueueUnavailable as fault:
                log.error("the event queue: %s", fault)

    def _renew(self) -> None:
        lost = self._queue.renew(self._backlog.leases(), self._rules.lease_seconds)
        still_held = self._backlog.leases() if lost else ()  # others have come to their end meanwhile
        for lease in lost:
            if lease in still_held:
                log.warning("%s: its lease is lost, another server may run it", lease.event.request_id)

    def _look_after_runs(self) -> None:
        for lease in self._backlog.leases():
            environment = self._environments.get(lease.event.request_id)
            if environment is None:
                continue
            page = self._pages.get(lease.event.request_id)
            if page is not None and page.state is InvocationState.CANCELLED:
                environment.kill()
            elif page is not None:
                self._pages.note_log(lease.event.request_id, environment.log_tail().decode(errors="replace"))
