"""The worker of the event queue: it leases events, runs them, and keeps their leases while they run."""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial

from berth.errors import QueueUnavailable
from berth.invoke.attempt import Attempts, Deliver, NotBegun, Pace
from berth.invoke.backlog import Backlog
from berth.invoke.invoker import Invoker
from berth.invoke.queue.event_queue import EventQueue, Lease
from berth.invoke.results.pages import Pages
from berth.model.asynchronous import InvocationState
from berth.model.function import Function
from berth.model.invocation import Invocation, InvocationResult
from berth.model.value_class import value_class
from berth.runtime.environment import ExecutionEnvironment

log = logging.getLogger("berth")

_LONGEST_LOOK = 1.0  # seconds until events that other servers have queued are seen
_PAUSE = 5.0  # seconds after the queue could not be reached
_END_SECONDS = 1.0
_WATCH_SECONDS = 1.0


@value_class
class WorkerRules:
    """How a worker works; times in seconds."""

    places: int  # events of one function that run at one time
    environments: int  # which events may have in all
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
        self._backlog = Backlog(functions, rules.places, rules.environments)
        self._attempts = Attempts(
            queue, pages, functions, rules.pace, self._run, deliver, self._is_ending, clock
        )
        self._runs: dict[ExecutionEnvironment, str] = {}  # the request id that each runs now
        self._changing_runs = threading.Lock()
        self._resume_at = 0.0  # nothing is leased before, in the time of the monotonic clock
        self._threads: list[threading.Thread] = []
        self._runners: ThreadPoolExecutor | None = None
        self._look = threading.Event()  # set when there may be something to lease
        self._draining = threading.Event()
        self._ending = threading.Event()

    def start(self) -> None:
        """Begin to work; returns at once."""
        if not self._threads and not self._draining.is_set():
            self._runners = ThreadPoolExecutor(self._backlog.most_running, "berth-event")
            for target in (self._lease_events, self._keep_leases, self._watch_runs):
                thread = threading.Thread(target=target, name="berth-event-worker", daemon=True)
                self._threads.append(thread)
                thread.start()

    @property
    def most_running(self) -> int:
        """How many events may run at one time."""
        return self._backlog.most_running

    def await_events(self, seconds: float) -> bool:
        """Wait until no event runs any more, but only for so long; returns whether that is so."""
        return self._backlog.await_end(seconds)

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
        self._backlog.close()
        self._kill(None)
        if not self._backlog.await_end(_END_SECONDS):  # an inline environment has no process to kill
            self._give_back(self._backlog.leases())
        for thread in self._threads:
            thread.join(_END_SECONDS)
        if self._runners is not None:
            self._runners.shutdown(wait=False)

    def _is_ending(self) -> bool:
        return self._ending.is_set()

    def _lease_events(self) -> None:
        while not self._draining.is_set():
            self._look.clear()
            if (pause := self._resume_at - time.monotonic()) > 0:
                self._draining.wait(pause)
                continue
            with self._resting("the event queue"):
                if not self._lease_some():
                    self._look.wait(_LONGEST_LOOK)
        self._backlog.close()
        with self._resting("the event queue"):
            self._queue.let_go()

    def _lease_some(self) -> bool:
        """Lease what may run now, and begin to run it; returns whether there may be more at once."""
        wanted, most = self._backlog.wanted()
        leases = self._queue.lease(wanted, most, self._rules.lease_seconds) if wanted else ()
        if self._draining.is_set() or not self._backlog.add(leases):
            self._give_back(leases)
            return False
        assert self._runners is not None, "start() has made it"
        for lease in leases:
            self._runners.submit(self._run_event, lease)
        return bool(leases)

    @contextmanager
    def _resting(self, what: str) -> Iterator[None]:
        """Go on after a fault, but lease nothing for a while: the next events would meet it, too."""
        try:
            yield
            return
        except QueueUnavailable as fault:
            log.error("%s: %s", what, fault)
        except Exception:  # the thread must go on, because no other one does its work
            log.exception("%s", what)
        self._resume_at = time.monotonic() + _PAUSE

    def _give_back(self, leases: Sequence[Lease]) -> None:
        for lease in leases:
            try:
                self._queue.give_back(lease, 0)
            except QueueUnavailable as fault:
                log.error("the event queue: %s", fault)

    def _run_event(self, lease: Lease) -> None:
        with self._resting(f"{lease.event.request_id}: {lease.event.function}"):
            if self._draining.is_set():
                self._give_back([lease])
            else:
                self._attempts.make(lease)
        self._backlog.done(lease)
        self._look.set()

    def _run(self, invocation: Invocation) -> InvocationResult:
        return self._invoker.invoke(invocation, partial(self._watched, invocation))

    @contextmanager
    def _watched(self, invocation: Invocation, environment: ExecutionEnvironment) -> Iterator[None]:
        """Know which environment runs an event, until it runs something else; raises NotBegun."""
        if self._draining.is_set():
            raise NotBegun
        with self._changing_runs:
            self._runs[environment] = invocation.request_id
        try:
            yield
        finally:
            with self._changing_runs:
                del self._runs[environment]

    def _kill(self, request_id: str | None) -> None:
        """End the runs of an event, or of all events; no environment is killed that runs another by now."""
        with self._changing_runs:
            for environment, runs in self._runs.items():
                if request_id in {None, runs}:
                    environment.kill()

    def _keep_leases(self) -> None:
        """Renew the leases, and sooner again after a fault: the queue may be back before they end."""
        third = self._rules.lease_seconds / 3
        wait = third
        while not self._ending.wait(wait):
            wait = min(third, _PAUSE)
            with self._resting("the event queue"):
                self._renew()
                wait = third

    def _renew(self) -> None:
        leases = self._backlog.leases()
        lost = self._queue.renew(leases, self._rules.lease_seconds) if leases else ()
        still_held = self._backlog.leases() if lost else ()  # others have come to their end meanwhile
        for lease in lost:
            if lease in still_held:
                log.warning("%s: its lease is lost, another server may run it", lease.event.request_id)

    def _watch_runs(self) -> None:
        """End the runs of events that were cancelled, and note what the others have logged."""
        while not self._ending.wait(_WATCH_SECONDS):
            with self._resting("the pages of invocations"):
                for request_id in self._running_ids():
                    self._look_after(request_id)

    def _running_ids(self) -> Sequence[str]:
        with self._changing_runs:
            return list(self._runs.values())

    def _look_after(self, request_id: str) -> None:
        page = self._pages.get(request_id)
        if page is not None and page.state is InvocationState.CANCELLED:
            self._kill(request_id)
        elif page is not None and (tail := self._log_tail(request_id)) is not None:
            self._pages.note_log(page, tail)

    def _log_tail(self, request_id: str) -> str | None:
        """What a run has logged; None once it has ended."""
        with self._changing_runs:
            for environment, runs in self._runs.items():
                if runs == request_id:
                    return environment.log_tail(request_id).decode(errors="replace")
        return None
