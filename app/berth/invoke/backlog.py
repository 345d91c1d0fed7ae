"""The events that this server runs: how many of each function run, and how many more may be leased."""

import threading
from collections import Counter
from collections.abc import Mapping, Sequence

from berth.invoke.queue.event_queue import Lease
from berth.model.function import Function


class Backlog:
    """Running events by function. One function may take all places; every other one still has one more.

    So a function whose events run for hours never keeps the events of another one waiting. `environments` is
    how many of them events may have. If they are fewer than the places and one for each other function, then
    up to half of them are left for the other functions.
    """

    def __init__(self, functions: Mapping[str, Function], places: int, environments: int) -> None:
        others = max(0, len(functions) - 1)
        self._functions = functions
        self._places = min(places, max(environments - others, (environments + 1) // 2))
        self._most = min(environments, self._places + others)
        self._changed = threading.Condition()
        self._running: dict[str, Lease] = {}  # by the lease's token: an event that was lost may run twice
        self._busy: Counter[str] = Counter()
        self._is_closed = False

    @property
    def most_running(self) -> int:
        """How many events may run at one time: the places, and one more for each other function."""
        return self._most

    def wanted(self) -> tuple[dict[str, int], int]:
        """How many events of each function may be leased now, and how many in all.

        The functions with the fewest events come first.
        """
        with self._changed:
            if self._is_closed or len(self._running) >= self._most:
                return {}, 0
            free = max(0, self._places - len(self._running))
            wanted = {}
            for name in sorted(self._functions, key=lambda name: self._busy[name]):
                has_none = not self._busy[name]
                if count := min(max(free, int(has_none)), self._may_add(name)):
                    wanted[name] = count
            most = max(free, sum(not self._busy[name] for name in wanted))
            return wanted, min(most, self._most - len(self._running))

    def add(self, leases: Sequence[Lease]) -> bool:
        """Take over leased events that begin to run now; returns False if no more may begin."""
        with self._changed:
            if self._is_closed:
                return False
            self._running.update((lease.token, lease) for lease in leases)
            self._busy.update(lease.event.function for lease in leases)
            return True

    def done(self, lease: Lease) -> None:
        """Note that an event runs no more."""
        with self._changed:
            del self._running[lease.token]
            self._busy[lease.event.function] -= 1
            self._changed.notify_all()

    def leases(self) -> Sequence[Lease]:
        """The leases of the events that run."""
        with self._changed:
            return list(self._running.values())

    def close(self) -> None:
        """Begin no more events."""
        with self._changed:
            self._is_closed = True

    def await_end(self, seconds: float) -> bool:
        """Wait until nothing runs; returns whether that is so."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._running, seconds)

    def _may_add(self, name: str) -> int:
        reserved = self._functions[name].reserved_concurrency
        # With a reserved concurrency of 0 an event is not run, and its destinations are told so.
        return self._places if not reserved else max(0, reserved - self._busy[name])
