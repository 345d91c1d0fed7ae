"""One attempt to run a queued event, and what follows from how it ended."""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from berth.errors import QueueLost, QueueUnavailable, Throttled
from berth.invoke.queue.event_queue import EventQueue, Lease
from berth.invoke.results.pages import Pages
from berth.model.asynchronous import Condition, InvocationPage, InvocationState, QueuedEvent
from berth.model.function import Function
from berth.model.invocation import Invocation, InvocationResult
from berth.model.lineage import is_recursion
from berth.model.value_class import value_class

log = logging.getLogger("berth")

Run = Callable[[Invocation], InvocationResult]
# Tells all who want to know; returns after how many seconds those are to be told who were not reached.
Deliver = Callable[[Function, QueuedEvent, InvocationPage], float | None]

# An event whose servers are killed again and again is what kills them.
_MOST_LOSSES = 10
_LONGEST_BACKOFF = 300.0
# While the state store is away: how long an event waits that has not begun, and an end that is to be noted.
_AWAY_SECONDS = 5.0
_NOTE_SECONDS = 1.0
# How Lambda words a throttle.
_RATE_EXCEEDED = {"errorType": Throttled.error_type, "errorMessage": "Rate Exceeded."}


class NotBegun(Exception):
    """Raised by `run` for a run that has not begun, because this server begins no more."""


@value_class
class Pace:
    """How long retries wait, in seconds."""

    retries: Sequence[float]  # after the first run that failed, the second, ...
    throttle: float  # doubled with every time, up to five minutes

    def after_failures(self, failures: int) -> float:
        """How long to wait after so many runs that failed."""
        return self.retries[min(failures, len(self.retries)) - 1]

    def after_throttles(self, throttles: int) -> float:
        """How long to wait after so many throttles in a row."""
        return min(_LONGEST_BACKOFF, self.throttle * 2.0 ** min(throttles - 1, 20))


@value_class
class Attempts:
    """Makes attempts: runs a leased event, notes its end on its page, and gives the lease back.

    `run` runs an invocation, `deliver` tells its destinations of the end. `is_ending()` says whether this
    server ends: then a run that died did not fail by itself.
    """

    queue: EventQueue
    pages: Pages
    functions: Mapping[str, Function]
    pace: Pace
    run: Run
    deliver: Deliver
    is_ending: Callable[[], bool]
    clock: Callable[[], float]

    def make(self, lease: Lease) -> None:
        """Make one attempt.

        Raises QueueUnavailable if queue or state store cannot be reached. Nothing is lost then: the event is
        run again, or only its end is told again, once its lease has ended or a few seconds later.
        """
        function = self.functions[lease.event.function]
        try:
            page = self.pages.begin(lease.event)
        except QueueUnavailable:
            self.queue.give_back(lease, _AWAY_SECONDS)
            raise
        self._go_on(lease, function, page)

    def _go_on(self, lease: Lease, function: Function, page: InvocationPage) -> None:
        event = lease.event
        if page.state.is_final:  # cancelled, or another server ended it and could not say so to the queue
            return self._close(lease, function, page)
        if page.losses >= _MOST_LOSSES:
            return self._fail(lease, function, _error("Runtime.ExitError", "its servers were killed"))
        if is_recursion(event.trace_id, function.arn):
            wrong = f"{function.name} has invoked itself too often in one chain"
            return self._fail(lease, function, _error("RecursiveInvocationException", wrong))
        if function.reserved_concurrency == 0 or self._is_too_old(event, function, self.clock()):
            return self._refuse(lease, function, page)
        try:
            result = self.run(_invocation(function, event))
        except NotBegun:
            return self._hand_back(lease)
        except Throttled:
            return self._throttle(lease, function)
        if result.function_error is None:
            return self._succeed(lease, function, result)
        return self._retry(lease, function, page, result)

    def _succeed(self, lease: Lease, function: Function, result: InvocationResult) -> None:
        outcome = {"result": _value(result), "error": None, "log_tail": _tail(result)}
        self._finish(lease, function, Condition.SUCCESS, outcome)

    def _retry(
        self, lease: Lease, function: Function, page: InvocationPage, result: InvocationResult
    ) -> None:
        """Let a run that failed be tried again, unless it was the last one."""
        event, config = lease.event, function.async_config
        failures, error, tail = page.failures + 1, _value(result), _tail(result)
        delay = self.pace.after_failures(failures)
        if failures > config.maximum_retry_attempts:
            if self.is_ending() and config.retry_safe:
                return self._hand_back(lease)
            return self._fail(lease, function, error, log_tail=tail, failures=failures)
        if self.is_ending():
            delay = 0.0
        elif self._is_too_old(event, function, self.clock() + delay):
            return self._expire(lease, function, error, log_tail=tail, failures=failures)
        page = self._note(lease, lambda: self.pages.retry(event, error, tail))
        if page.state.is_final:  # it was cancelled while it ran
            return self._close(lease, function, page)
        return self.queue.give_back(lease, delay)

    def _throttle(self, lease: Lease, function: Function) -> None:
        """Let a run be tried later that got no execution environment; it counts as no attempt."""
        if self.is_ending():
            return self._hand_back(lease)
        page = self.pages.throttle(lease.event, _RATE_EXCEEDED)
        delay = self.pace.after_throttles(page.throttles)
        if self._is_too_old(lease.event, function, self.clock() + delay):
            return self._expire(lease, function, _RATE_EXCEEDED)
        return self.queue.give_back(lease, delay)

    def _hand_back(self, lease: Lease) -> None:
        """Give back an event that another server is to run at once."""
        self.pages.wait(lease.event)
        self.queue.give_back(lease, 0)

    def _refuse(self, lease: Lease, function: Function, page: InvocationPage) -> None:
        """End an event that is never run: its function may not run, or it is too old."""
        if function.reserved_concurrency == 0:
            return self._fail(lease, function, page.error or _RATE_EXCEEDED)
        return self._expire(lease, function, page.error)

    def _expire(self, lease: Lease, function: Function, error: Any, **outcome: Any) -> None:
        self._finish(lease, function, Condition.EVENT_AGE_EXCEEDED, {"error": error, **outcome})

    def _fail(self, lease: Lease, function: Function, error: Any, **outcome: Any) -> None:
        self._finish(lease, function, Condition.RETRIES_EXHAUSTED, {"error": error, **outcome})

    def _finish(
        self, lease: Lease, function: Function, condition: Condition, outcome: Mapping[str, Any]
    ) -> None:
        page = self._note(lease, lambda: self.pages.finish(lease.event, condition, **outcome))
        self._close(lease, function, page)

    def _note(self, lease: Lease, note: Callable[[], InvocationPage]) -> InvocationPage:
        """Note on its page how a run ended; if the state store is away, again and again until it is back.

        The lease is kept meanwhile, so what may have taken an hour is not done again. Only the end of this
        server gives up, and a state store that is lost.
        """
        is_told = False
        while True:
            try:
                return note()
            except QueueUnavailable as fault:
                if self.is_ending() or isinstance(fault, QueueLost):
                    raise
                if not is_told:
                    log.error("%s: its end will be noted later: %s", lease.event.request_id, fault)
                is_told = True
            time.sleep(_NOTE_SECONDS)

    def _close(self, lease: Lease, function: Function, page: InvocationPage) -> None:
        """Tell the destinations of the end, and take the event out of the queue."""
        delay = self.deliver(function, lease.event, page)
        if delay is not None:
            self.queue.give_back(lease, delay)
        elif page.state is InvocationState.FAILED:
            self.queue.bury(lease)
        else:
            self.queue.remove(lease)

    def _is_too_old(self, event: QueuedEvent, function: Function, at: float) -> bool:
        return at > event.created_at + function.async_config.maximum_event_age_seconds


def _invocation(function: Function, event: QueuedEvent) -> Invocation:
    return Invocation(function, event.payload, event.request_id, event.trace_id, qualifier=event.qualifier)


def _value(result: InvocationResult) -> Any:
    try:
        return result.value
    except ValueError:  # a runtime of the function's own may answer anything
        return result.payload.decode(errors="replace")


def _tail(result: InvocationResult) -> str:
    return result.log_tail.decode(errors="replace")


def _error(error_type: str, message: str) -> dict[str, str]:
    return {"errorType": error_type, "errorMessage": message}
