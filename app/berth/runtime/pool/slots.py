"""Slots limit how many invocations run at one time; the other requests wait or are throttled."""

import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property

from berth.errors import Throttled
from berth.model.function import Function
from berth.model.value_class import value_class
from berth.runtime.pool.seats import Seats


@value_class
class Limits:
    """How much one server process may do at one time."""

    concurrency: int  # invocations
    environments: int  # execution environments, warm ones included
    starts: int  # interpreters that are starting
    wait_seconds: float  # how long a request waits for a slot
    idle_seconds: float = 900.0  # how long an environment may be unused
    functions: int = 1  # how many functions share all this
    events: int | None = None  # environments that events of the queue may have; None for all

    @cached_property
    def shared(self) -> int:
        """How many slots any function may take, and one function alone may take all of them.

        If environments are few, some slots are left for the other functions: one for each, but at
        most half of all.
        """
        left_for_others = max(self.environments - (self.functions - 1), (self.environments + 1) // 2)
        return min(self.concurrency, left_for_others)

    @cached_property
    def most(self) -> int:
        """How many slots there are: the shared ones, and one for each function that runs nothing yet."""
        return min(self.environments, self.concurrency + self.functions - 1)


class Slots:
    """Lends slots to invocations, so that a flood of requests for one function does not shut out another.

    Requests and events have slots of their own. Together they are never more than there are environments,
    and events never have all of these, so work that runs for hours shuts out no request.

    `lock` guards the slots, and all else that changes together with them.
    """

    def __init__(self, limits: Limits) -> None:
        self.lock = threading.RLock()
        self._limits = limits
        self._changed = threading.Condition(self.lock)
        self._busy: defaultdict[str, int] = defaultdict(int)  # by function: its requests and events
        self._busy_events: defaultdict[str, int] = defaultdict(int)  # by function: its events
        self._in_flight = 0  # requests, and what is done in the background
        self._events = 0
        self._waiting = 0  # requests
        self._waiting_events = 0
        self._is_closed = False
        self._seats: Seats | None = None

    def share(self, seats: Seats) -> None:
        """Keep reserved concurrency together with other processes; called before the first invocation."""
        self._seats = seats

    @contextmanager
    def slot(self, function: Function, *, is_event: bool = False) -> Iterator[None]:
        """Hold a slot; waits for one if all are taken, and raises Throttled if none becomes free in time."""
        with self._changed:
            self._refuse(function)
            if not self._has_slot(function, is_event):
                self._await_slot(function, is_event)
                self._refuse(function)
            if not self._take_seat(function):
                raise _reserved(function)
            self._count(function, is_event, 1)
        try:
            yield
        finally:
            with self._changed:
                self.give_back(function, is_event=is_event)

    def take_free(self, function: Function) -> bool:
        """Take a slot for a request if one is free and nobody waits for it; the caller holds the lock."""
        if self._is_closed or self._waiting or self._is_at_reserve(function):
            return False
        if not self._has_slot(function, False) or not self._take_seat(function):
            return False
        self._count(function, False, 1)
        return True

    def give_back(self, function: Function, *, is_event: bool = False) -> None:
        """Give back a slot of an invocation; the caller holds the lock."""
        self._count(function, is_event, -1)
        if self._seats is not None and function.reserved_concurrency is not None:
            self._seats.give_back(function.name)
        if self._waiting or self._waiting_events:
            self._changed.notify_all()

    def spare(self) -> bool:
        """Take a slot for work in the background, and return whether one was free; see give_spare_back().

        While requests wait for a slot, none is free for such work.
        """
        with self._changed:
            is_full = self._in_flight >= self._limits.shared or self._is_full()
            if self._is_closed or self._waiting or is_full:
                return False
            self._in_flight += 1
            return True

    def give_spare_back(self) -> None:
        """Give back the slot that spare() took."""
        with self._changed:
            self._in_flight -= 1
            self._changed.notify_all()

    def close(self) -> None:
        """Lend no more slots; requests that wait for one are throttled."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()

    def _refuse(self, function: Function) -> None:
        """Raise Throttled if waiting for a slot would not help."""
        if self._is_closed:
            raise Throttled(function.name, "the end of the server")
        if self._is_at_reserve(function):
            raise _reserved(function)

    def _is_at_reserve(self, function: Function) -> bool:
        """Whether as many invocations of a function run as its reserved concurrency allows."""
        reserved = function.reserved_concurrency
        return reserved is not None and self._busy[function.name] >= reserved

    def _is_full(self) -> bool:
        return self._in_flight + self._events >= self._limits.environments

    def _has_slot(self, function: Function, is_event: bool) -> bool:
        if self._is_full():
            return False
        if is_event:
            return self._limits.events is None or self._events < self._limits.events
        if self._in_flight < self._limits.shared:
            return True
        has_none = self._busy[function.name] == self._busy_events[function.name]
        return self._in_flight < self._limits.most and has_none

    def _await_slot(self, function: Function, is_event: bool) -> None:
        limits = self._limits
        if self._waiting >= limits.concurrency and not is_event:
            raise Throttled(function.name, f"BERTH_CONCURRENCY: {self._waiting} requests wait already")
        self._waiting += not is_event
        self._waiting_events += is_event
        try:
            if not self._changed.wait_for(
                lambda: self._is_closed or self._has_slot(function, is_event), limits.wait_seconds
            ):
                limit = f"the server's limit of {limits.shared} invocations at one time"
                raise Throttled(function.name, limit)
        finally:
            self._waiting -= not is_event
            self._waiting_events -= is_event

    def _take_seat(self, function: Function) -> bool:
        """Take a seat of a function whose reserved concurrency several processes share."""
        reserved = function.reserved_concurrency
        return self._seats is None or reserved is None or self._seats.take(function.name, reserved)

    def _count(self, function: Function, is_event: bool, count: int) -> None:
        self._busy[function.name] += count
        if is_event:
            self._busy_events[function.name] += count
            self._events += count
        else:
            self._in_flight += count


def _reserved(function: Function) -> Throttled:
    limit = f"its reserved concurrency of {function.reserved_concurrency}"
    return Throttled(function.name, limit, is_reserved=True)
