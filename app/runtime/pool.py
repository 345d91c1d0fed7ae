"""The pool: which environment serves which invocation, and how many there may be."""

import atexit
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from app.errors import Throttled
from app.model.function import Function
from app.runtime.environment import ExecutionEnvironment

_CLOSE_SECONDS = 2.0


@dataclass(frozen=True)
class Limits:
    """How much may happen at one time in one server process."""

    concurrency: int  # invocations
    environments: int  # execution environments, warm ones included
    starts: int  # interpreters that are starting
    wait_seconds: float  # how long a request waits for a slot


@dataclass(eq=False)
class _Entry:
    """An environment with what the pool remembers of it."""

    environment: ExecutionEnvironment
    revision: object
    idle_since: float = 0.0


class Pool:
    """Execution environments by function: made on demand, kept warm, used by one request at a time.

    `revision` is asked before every use: an environment of an older revision is replaced.
    """

    def __init__(
        self,
        limits: Limits,
        create: Callable[[Function], ExecutionEnvironment],
        revision: Callable[[Function], object] = lambda function: None,
    ) -> None:
        self._limits = limits
        self._create = create
        self._revision = revision
        self._changed = threading.Condition()
        self._idle: dict[str, list[_Entry]] = {}  # the last is the warmest
        self._busy: Counter[str] = Counter()
        self._entries: set[_Entry] = set()
        self._in_flight = 0
        self._waiting = 0
        self._starting = 0
        self._is_draining = False
        self._is_closed = False

    @property
    def is_open(self) -> bool:
        """Whether new requests should be sent here."""
        return not (self._is_draining or self._is_closed)

    def drain(self) -> None:
        """Go on serving, and be open no more; a signal handler may call it."""
        self._is_draining = True

    @contextmanager
    def environment(self, function: Function) -> Iterator[ExecutionEnvironment]:
        """Lend an environment for one invocation; raises Throttled when a limit is reached."""
        self._take_slot(function)
        try:
            entry = self._acquire(function)
            try:
                yield entry.environment
            finally:
                self._release(entry)
        finally:
            self._give_slot_back(function)

    def close(self) -> None:
        """End every environment; a request that waits for one is answered as if it had died."""
        with self._changed:
            self._is_closed = True
            idle = [entry for entries in self._idle.values() for entry in entries]
            self._idle.clear()
            busy = self._entries.difference(idle)
            self._changed.notify_all()
        for entry in busy:
            entry.environment.kill()
        for entry in idle:
            self._retire(entry)
        with self._changed:  # each busy one is reaped by the request that sees it end
            self._changed.wait_for(lambda: not self._entries, _CLOSE_SECONDS)
        atexit.unregister(self.close)

    def _take_slot(self, function: Function) -> None:
        slots = min(self._limits.concurrency, self._limits.environments)
        with self._changed:
            self._refuse(function)
            if self._in_flight >= slots:
                self._await_slot(function, slots)
                self._refuse(function)
            self._busy[function.name] += 1
            self._in_flight += 1

    def _refuse(self, function: Function) -> None:
        """Raise Throttled where no waiting would help."""
        if self._is_closed:
            raise Throttled(function.name, "the end of the server")
        reserved = function.reserved_concurrency
        if reserved is not None and self._busy[function.name] >= reserved:
            raise Throttled(function.name, f"its reserved concurrency of {reserved}")

    def _await_slot(self, function: Function, slots: int) -> None:
        if self._waiting >= self._limits.concurrency:
            raise Throttled(function.name, f"BERTH_CONCURRENCY: {self._waiting} requests wait already")
        self._waiting += 1
        try:
            if not self._changed.wait_for(lambda: self._in_flight < slots, self._limits.wait_seconds):
                raise Throttled(function.name, f"the server's limit of {slots} invocations at one time")
        finally:
            self._waiting -= 1

    def _give_slot_back(self, function: Function) -> None:
        with self._changed:
            self._busy[function.name] -= 1
            self._in_flight -= 1
            self._changed.notify_all()

    def _acquire(self, function: Function) -> _Entry:
        revision = self._revision(function)
        while entry := self._take_idle(function):
            if entry.revision == revision and entry.environment.is_alive():
                return entry
            self._retire(entry)
        return self._start(function, revision)

    def _take_idle(self, function: Function) -> _Entry | None:
        """The warmest idle environment, or None once this request may start one."""
        with self._changed:
            while True:
                idle = self._idle.get(function.name)
                if idle:
                    return idle.pop()
                if self._starting < self._limits.starts:
                    self._starting += 1
                    return None
                # Starts are limited, or a burst would make every one of them slow; an environment
                # that falls idle meanwhile is as good.
                self._changed.wait()

    def _start(self, function: Function, revision: object) -> _Entry:
        entry = _Entry(self._create(function), revision)
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

    def _admit(self, entry: _Entry) -> None:
        """Count an environment in; a full server first ends the one that was idle longest."""
        with self._changed:
            if not self._entries:
                atexit.register(self.close)  # for servers that end without telling
            oldest = self._take_oldest() if len(self._entries) >= self._limits.environments else None
            self._entries.add(entry)
        if oldest is not None:
            oldest.environment.retire()

    def _take_oldest(self) -> _Entry:
        # There is one: whoever asks has a slot and no environment yet, and every other slot has one
        # at most.
        idle = (entry for entries in self._idle.values() for entry in entries)
        oldest = min(idle, key=lambda entry: entry.idle_since)
        self._idle[oldest.environment.function.name].remove(oldest)
        self._entries.remove(oldest)
        return oldest

    def _release(self, entry: _Entry) -> None:
        if self._is_closed or not entry.environment.is_alive():
            self._retire(entry)
            return
        entry.idle_since = time.monotonic()
        with self._changed:
            self._idle.setdefault(entry.environment.function.name, []).append(entry)

    def _retire(self, entry: _Entry) -> None:
        entry.environment.retire()
        with self._changed:
            self._entries.discard(entry)
            self._changed.notify_all()
