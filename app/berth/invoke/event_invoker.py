"""The door to functions for asynchronous invocations: an event is queued, and a worker runs it later."""

import time
from collections.abc import Callable

from berth.errors import PayloadTooLarge
from berth.invoke.queue.event_queue import EventQueue
from berth.invoke.results.pages import Pages
from berth.model.asynchronous import MAX_EVENT_BYTES, NO_ORIGIN, Origin, QueuedEvent
from berth.model.invocation import Invocation


class EventInvoker:
    """Queues invocations of the type Event. `wake` tells this server's own worker, if it has one."""

    def __init__(
        self,
        queue: EventQueue,
        pages: Pages,
        wake: Callable[[], None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._queue = queue
        self._pages = pages
        self._wake = wake
        self._clock = clock

    def invoke(self, invocation: Invocation, origin: Origin = NO_ORIGIN) -> None:
        """Queue one invocation; when this returns, it is run at least once, whatever ends meanwhile.

        Raises PayloadTooLarge, and QueueUnavailable: the caller has to try again.
        """
        if len(invocation.payload) > MAX_EVENT_BYTES:
            raise PayloadTooLarge(len(invocation.payload), MAX_EVENT_BYTES)
        event = QueuedEvent(
            request_id=invocation.request_id,
            function=invocation.function.name,
            payload=invocation.payload or b"{}",
            created_at=self._clock(),
            trace_id=invocation.trace_id,
            qualifier=invocation.qualifier,
            origin=origin,
        )
        # The worker makes the page where it is quicker, so the order of these two loses nothing.
        self._queue.put(event)
        self._pages.create(event)
        self._wake()
