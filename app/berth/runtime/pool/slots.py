"""Slots: how many invocations may run at one time, and who waits or is throttled."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from berth.errors import Throttled
from berth.model.function import Function


@dataclass(frozen=True)
class Limits:
    """How much may happen at one time in one server process."""

    concurrency: int  # invocations
    environments: int  # execution environments, warm ones included
    starts: int  # interpreters that are starting
    wait_seconds: float  # how long a request waits for a slot
    idle_seconds: float = 900.0  # how long an environment may be unused
    functions: int = 1  # how many functions share all this

    @property
    def shared(self) -> int:
        """Slots that any function may take, all of them if nobody else comes.

        Where environments are few, some are left for the other functions: one each, half at most.
        """
        left_for_others = max(self.environments - (self.functions - 1), (self.environments + 1) // 2)
        return min(self.concurrency, left_for_others)

    @property
    def most(self) -> int:
        """All slots: the shared ones, and one for each function that has nothing running yet."""
        return min(self.environments, self.concurrency + self.functions - 1)


class Slots:
    """Slots for invocations: no flood of one function keeps another's first request out."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._changed = threading.Condition()
        self._busy: Counter[str] = Counter()
        self._in_flight = 0
        self._waiting = 0
        self._is_closed = False

    @contextmanager
    def slot(self, function: Function) -> Iterator[None]:
        """Hold a slot, waiting for one if need be; raises Throttled."""
        with self._changed:
            self._refuse(function)
            if not self._has_slot(function):
                self._await_slot(function)
                self._refuse(function)
            self._busy[function.name] += 1
            self._in_flight += 1
        try:
            yield
        finally:
            self._give_back(function)

    def spare(self) -> bool:
        """Take a slot for work that no request waits for, if there is one; give_spare_back() ends it."""
        with self._changed:
            if self._is_closed or self._in_flight >= self._limits.shared:
                return False
            self._in_flight += 1
            return True

    def give_spare_back(self) -> None:
        """End what spare() began."""
        with self._changed:
            self._in_flight -= 1
            self._changed.notify_all()

    def close(self) -> None:
        """Give no more slots, those who wait included."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()

    def _refuse(self, function: Function) -> None:
        """Raise Throttled where no waiting would help."""
        if self._is_closed:
            raise Throttled(function.name, "the end of the server")
        reserved = function.reserved_concurrency
        if reserved is not None and self._busy[function.name] >= reserved:
            raise Throttled(function.name, f"its reserved concurrency of {reserved}")

    def _has_slot(self, function: Function) -> bool:
        if self._in_flight < self._limits.shared:
            return True
        return self._in_flight < self._limits.most and not self._busy[function.name]

    def _await_slot(self, function: Function) -> None:
        limits = self._limits
        if self._waiting >= limits.concurrency:
            raise Throttled(function.name, f"BERTH_CONCURRENCY: {self._waiting} requests wait already")
        self._waiting += 1
        try:
            if not self._changed.wait_for(
                lambda: self._is_closed or self._has_slot(function), limits.wait_seconds
            ):
                limit = f"the server's limit of {limits.shared} invocations at one time"
                raise Throttled(function.name, limit)
        finally:
            self._waiting -= 1

    def _give_back(self, function: Function) -> None:
        with self._changed:
            self._busy[function.name] -= 1
            self._in_flight -= 1
            self._changed.notify_all()
