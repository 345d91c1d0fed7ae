"""The events that this server runs: how many of each function run, and how many more may be leased."""

import threading
from collections import Counter
from collections.abc import Mapping, Sequence

from berth.invoke.queue.event_queue import Lease
from berth.model.function import Function


class Backlog:
    """Running events by function. One function may take all places; every other one still has one more.

    So a function whose events run for hours never keeps the events of another one waiting.
    """

    def __init__(self, functions: Mapping[str, Function], places: int) -> None:
        self._functions = functions
        self._places = places
        self._changed = threading.Condition()
        self._running: dict[
            str, Lease
        ] = {}  # by token: an event whose lease is lost may be leased here again
        self._busy: Counter[str] = Counter()
        self._is_closed = False

    @property
    def most_running(self) -> int:
        """How many events may run at one time: the places, and one more for each other function."""
        return self._places + len(self._functions) - 1

    def wanted(self) -> tuple[dict[str, int], int]:
        """How many events of each function may be leased now, and how many in all.

        The functions with the fewest events come first.
        """
        with self._changed:
            if self._is_closed:
                return {}, 0
            free = max(0, self._places - len(self._running))
            wanted = {}
            for name in sorted(self._functions, key=lambda name: self._busy[name]):
                has_none = not self._busy[name]
                if count := min(max(free, int(has_none)), self._may_add(name)):
                    wanted[name] = count
            return wanted, max(free, sum(not self._busy[name] for name in wanted))

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
