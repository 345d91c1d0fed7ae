"""Work that must delay nobody: it waits in a bounded queue, and what the queue cannot hold is dropped."""

import logging
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Generic, TypeVar

Item = TypeVar("Item")

log = logging.getLogger("berth")


class SideQueue(Generic[Item]):
    """Hands items to a few threads of its own, which start with the first item.

    At most `most_items` items and `most_bytes` bytes wait at one time. `tick` is called after each item, and
    when none has come for `tick_seconds`.
    """

    def __init__(
        self,
        name: str,
        work: Callable[[Item], None],
        tick: Callable[[], None],
        *,
        most_items: int,
        most_bytes: int,
        threads: int = 1,
        tick_seconds: float = 60.0,
    ) -> None:
        self._name = name
        self._work = work
        self._tick, self._tick_seconds = tick, tick_seconds
        self._most_items, self._most_bytes = most_items, most_bytes
        self._threads_wanted = threads
        self._threads: list[threading.Thread] = []
        self._items: deque[tuple[Item, int]] = deque()
        self._bytes = 0
        self._changed = threading.Condition()
        self._is_closed = False
        self.dropped = 0

    def offer(self, item: Item, size: int) -> bool:
        """Take an item of so many bytes unless the queue is full or closed; returns at once."""
        with self._changed:
            is_full = len(self._items) >= self._most_items or self._bytes + size > self._most_bytes
            if is_full or self._is_closed or not self._has_threads():
                self.dropped += 1
                return False
            self._items.append((item, size))
            self._bytes += size
            self._changed.notify()
        return True

    def close(self, seconds: float, hurry: Callable[[], None] = lambda: None) -> None:
        """Take no more items, and work on those that wait for so many seconds; then drop the rest.

        `hurry` is called after that time, if a thread still works: it has to end what the thread waits for.
        """
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
        share = seconds / max(1, len(self._threads))
        for thread in self._threads:
            thread.join(share)
        with self._changed:
            self.dropped += len(self._items)
            self._items.clear()
            self._bytes = 0
        if any(thread.is_alive() for thread in self._threads):
            hurry()
            for thread in self._threads:
                thread.join(share)

    def _has_threads(self) -> bool:
        """Start one thread more while there are too few; whether there is any."""
        if len(self._threads) < self._threads_wanted:
            thread = threading.Thread(target=self._run, name=f"berth-{self._name}", daemon=True)
            with suppress(RuntimeError):  # the system lets no more threads start
                thread.start()
                self._threads.append(thread)
        return bool(self._threads)

    def _run(self) -> None:
        while not self._is_done():
            try:
                item = self._next()
                if item is not None:
                    self._work(item[0])
                self._tick()
            except Exception:  # one item that fails must not end the work on all others
                log.exception("%s: an item failed", self._name)

    def _is_done(self) -> bool:
        with self._changed:
            return self._is_closed and not self._items

    def _next(self) -> tuple[Item, int] | None:
        """The next item, once there is one; None if there is none for a while, or never again."""
        with self._changed:
            self._changed.wait_for(lambda: self._items or self._is_closed, self._tick_seconds)
            if not self._items:
                return None
            item = self._items.popleft()
            self._bytes -= item[1]
            return item
