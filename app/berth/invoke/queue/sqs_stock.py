"""Messages that a server has received and cannot run at once."""

import threading
from collections import Counter
from collections.abc import Callable, Iterable

from berth.model.asynchronous import QueuedEvent

# The event, the receipt handle, and when the message was received.
Received = tuple[QueuedEvent, str, float]

_MOST = 20  # messages: of up to 1 MiB each


class Stock:
    """A few received messages. With them a place that becomes free is taken again without a request.

    No function keeps out another: if there is no more space, the functions with the most messages here go
    back to their share.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._messages: list[Received] = []

    def add(self, messages: Iterable[Received]) -> list[Received]:
        """Keep messages, and return those for which there is no more space."""
        surplus: list[Received] = []
        with self._lock:
            self._messages += messages
            counts = Counter(event.function for event, _, _ in self._messages)
            while len(self._messages) > _MOST:
                most = max(counts, key=lambda name: counts[name])
                last = max(place for place, each in enumerate(self._messages) if each[0].function == most)
                surplus.append(self._messages.pop(last))
                counts[most] -= 1
        return surplus

    def take(
        self, is_wanted: Callable[[QueuedEvent], bool], since: float
    ) -> tuple[list[Received], list[Received]]:
        """Take out the messages that are wanted, and those that were received before a time."""
        wanted: list[Received] = []
        stale: list[Received] = []
        kept: list[Received] = []
        with self._lock:
            for each in self._messages:
                if each[2] < since:
                    stale.append(each)
                else:
                    (wanted if is_wanted(each[0]) else kept).append(each)
            self._messages = kept
        return wanted, stale

    @property
    def is_full(self) -> bool:
        """Whether there is no more space."""
        return len(self._messages) >= _MOST
