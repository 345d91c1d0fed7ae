"""The pool decides which environment serves an invocation, and when an environment is retired."""

import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from berth.errors import EnvironmentDied
from berth.model.function import Function
from berth.runtime.environment import ExecutionEnvironment
from berth.runtime.outcome import init_error
from berth.runtime.pool.seats import Seats
from berth.runtime.pool.slots import Limits, Slots

_CLOSE_SECONDS = 2.0


@dataclass(eq=False)
class _Entry:
    """An environment and what the pool knows about it."""

    environment: ExecutionEnvironment
    function: Function
    revision: object
    idle_since: float = 0.0


class Pool:
    """Execution environments by function: made on demand, kept warm, used by one request at a time.

    `create(function, is_provisioned)` makes an environment. `revision(function)` is called before
    every use; an environment that was made at another revision is replaced.
    """

    def __init__(
        self,
        limits: Limits,
        create: Callable[[Function, bool], ExecutionEnvironment],
        revision: Callable[[Function], object] = lambda function: None,
    ) -> None:
        self._limits = limits
        self._create = create
        self._revision = revision
        self._slots = Slots(limits)
        self._lock = self._slots.lock  # a slot and an environment are taken in one step
        self._changed = threading.Condition(self._lock)
        self._idle: dict[str, list[_Entry]] = {}  # by function; the one used last is at the end
        self._entries: set[_Entry] = set()
        self._starting = 0  # how many environments are being started
        self._is_closed = False

    def share(self, seats: Seats) -> None:
        """Keep reserved concurrency together with other processes; called before the first invocation."""
        self._slots.share(seats)

    @property
    def is_open(self) -> bool:
        """Whether close() has not been called yet."""
        return not self._is_closed

    @contextmanager
    def environment(self, function: Function, *, is_event: bool = False) -> Iterator[ExecutionEnvironment]:
        """Lend an environment for one invocation; raises Throttled when a limit is reached."""
        with self._slots.slot(function, is_event=is_event):
            entry = self._acquire(function)
            try:
                yield entry.environment
            finally:
                self._release(entry)

    def take_warm(self, function: Function) -> tuple[ExecutionEnvironment, Callable[[], None]] | None:
        """Take an environment that is ready, and what gives it back; None if a request would have to wait."""
        with self._lock:
            idle = self._idle.get(function.name)
            if self._is_closed or not idle or not self._slots.take_free(function):
                return None
            entry = idle.pop()
        if self._is_warm(entry):
            return entry.environment, partial(self._give_back, entry)
        try:
            self._release(entry)
        finally:
            with self._lock:
                self._slots.give_back(function)
        return None

    def provision(self, function: Function) -> bool:
        """Make one more environment of a function warm; returns False if there is no room for it now.

        A function without provisioned concurrency needs one that is ready: nothing is made if there is one.
        Raises InitFailed or another InvocationFault if the start or the init phase fails.
        """
        if not self._slots.spare():
            return False
        try:
            return self._provision(function)
        finally:
            self._slots.give_spare_back()

    def count_warm(self, function: Function) -> int:
        """Count the environments of a function that are ready or in use."""
        with self._changed:
            entries = [entry for entry in self._entries if entry.function.name == function.name]
            unready = [e for e in self._idle.get(function.name, []) if not e.environment.is_ready()]
            return len(entries) - len(unready)

    def count_ready(self, function: Function) -> int:
        """Count the environments of a function whose init phases have succeeded."""
        with self._changed:
            entries = [entry for entry in self._entries if entry.function.name == function.name]
            return sum(entry.environment.is_ready() for entry in entries)

    def retire_idle(self) -> None:
        """Retire environments that died or were idle for too long, the longest idle first."""
        retired: list[_Entry] = []
        with self._changed:
            now = time.monotonic()
            for entry in sorted(self._all_idle(), key=lambda entry: entry.idle_since):
                is_unused = now - entry.idle_since > self._limits.idle_seconds and self._is_surplus(entry)
                if is_unused or not entry.environment.is_alive():
                    self._forget_idle(entry)
                    retired.append(entry)
        for entry in retired:
            self._retire(entry)

    def close(self) -> None:
        """End every environment; a request that uses or waits for one is answered as if it had died."""
        self._slots.close()
        with self._changed:
            self._is_closed = True
            idle = self._all_idle()
            self._idle.clear()
            busy = self._entries.difference(idle)
            self._changed.notify_all()
        for entry in busy:
            entry.environment.kill()
        for entry in idle:
            self._retire(entry)
        with self._changed:  # the request that used a busy environment retires it
            self._changed.wait_for(lambda: not self._entries, _CLOSE_SECONDS)

    def _is_warm(self, entry: _Entry) -> bool:
        # Whether its process still runs is told by its socket once the invocation is sent.
        return entry.environment.is_ready() and entry.revision == self._revision(entry.function)

    def _give_back(self, entry: _Entry) -> None:
        with self._lock:
            is_kept = self._keep(entry)  # it lives: it has just answered
            self._slots.give_back(entry.function)
        if not is_kept:
            self._retire(entry)

    def _all_idle(self) -> list[_Entry]:
        return [entry for entries in self._idle.values() for entry in entries]

    def _acquire(self, function: Function) -> _Entry:
        revision = self._revision(function)
        while entry := self._take_idle(function):
            if entry.revision == revision and entry.environment.is_alive():
                return entry
            self._retire(entry)
        return self._start(function, revision)

    def _take_idle(self, function: Function) -> _Entry | None:
        """Take the idle environment that was used last; None means that the caller must start one."""
        with self._changed:
            while True:
                self._refuse_if_closed()
                idle = self._idle.get(function.name)
                if idle:
                    return idle.pop()
                if self._starting < self._limits.starts:
                    self._starting += 1
                    return None
                # Few may start at one time, because a burst of starts would slow down each of them.
                # While this request waits, another may return its environment.
                self._changed.wait()

    def _start(self, function: Function, revision: object, *, is_provisioned: bool = False) -> _Entry:
        """Start an environment that the caller has counted in `_starting`; it counts there until it runs."""
        try:
            entry = _Entry(self._create(function, is_provisioned), function, revision)
            try:
                self._admit(entry)
                entry.environment.start()
            except BaseException:
                self._retire(entry)
                raise
        finally:
            with self._changed:
                self._starting -= 1
                self._changed.notify_all()
        return entry

    def _provision(self, function: Function) -> bool:
        revision, is_provisioned = self._revision(function), function.provisioned_concurrency > 0
        with self._changed:
            self._refuse_if_closed()
            idle = self._idle.get(function.name, [])
            if not is_provisioned and any(each.environment.is_ready() for each in idle):
                return True
            unready = (each for each in idle if not each.environment.is_ready())
            entry = next((each for each in unready if each.environment.is_alive()), None)
            if entry is not None:
                idle.remove(entry)
            elif self._has_room(function):
                self._starting += 1
            else:
                return False
        entry = entry or self._start(function, revision, is_provisioned=is_provisioned)
        is_kept = is_provisioned
        try:
            failure = entry.environment.initialize()
            is_kept = is_kept or (failure is None and self._count(function) <= _reserved(function))
        finally:
            if is_kept:
                self._release(entry, is_new=True)
            else:
                self._retire(entry)
        if failure is not None:
            raise init_error(failure)
        return True

    def _has_room(self, function: Function) -> bool:
        """Whether an environment can be added without retiring one that must stay warm."""
        if self._count(function) >= _reserved(function):
            return False
        is_full = len(self._entries) >= self._limits.environments
        return not is_full or any(map(self._is_surplus, self._all_idle()))

    def _count(self, function: Function) -> int:
        with self._changed:
            return sum(entry.function.name == function.name for entry in self._entries)

    def _admit(self, entry: _Entry) -> None:
        """Add an environment to the pool; a full pool first retires the one that was idle longest."""
        with self._changed:
            self._refuse_if_closed()
            oldest = self._take_oldest() if len(self._entries) >= self._limits.environments else None
            self._entries.add(entry)
        if oldest is not None:
            oldest.environment.retire()

    def _take_oldest(self) -> _Entry:
        # There always is an idle one. There are at most as many slots as environments, and the caller
        # holds a slot without an environment, so one of the environments in the pool is not in use.
        idle = self._all_idle()
        oldest = min(idle, key=lambda entry: (not self._is_surplus(entry), entry.idle_since))
        self._forget_idle(oldest)
        return oldest

    def _forget_idle(self, entry: _Entry) -> None:
        self._idle[entry.function.name].remove(entry)
        self._entries.remove(entry)

    def _refuse_if_closed(self) -> None:
        if self._is_closed:
            raise EnvironmentDied("Runtime could not be started: the server is ending")

    def _is_surplus(self, entry: _Entry) -> bool:
        """Whether the function of this environment has more of them than must stay warm."""
        return self._count(entry.function) > entry.function.provisioned_concurrency

    def _release(self, entry: _Entry, *, is_new: bool = False) -> None:
        is_alive = entry.environment.is_alive()
        with self._lock:
            is_kept = is_alive and self._keep(entry, is_new=is_new)
        if not is_kept:
            self._retire(entry)

    def _keep(self, entry: _Entry, *, is_new: bool = False) -> bool:
        """Keep an environment until its next use, unless the pool is closed; the caller holds the lock."""
        if self._is_closed:
            return False
        entry.idle_since = time.monotonic()
        idle = self._idle.setdefault(entry.function.name, [])
        # One that has served goes before one that was made warm in advance.
        idle.insert(0 if is_new else len(idle), entry)
        if self._starting:
            self._changed.notify_all()
        return True

    def _retire(self, entry: _Entry) -> None:
        try:
            entry.environment.retire()
        finally:
            with self._changed:
                self._entries.discard(entry)
                self._changed.notify_all()


def _reserved(function: Function) -> float:
    """How many environments of a function there may be because of its reserved concurrency."""
    return math.inf if function.reserved_concurrency is None else function.reserved_concurrency
