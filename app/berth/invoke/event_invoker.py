"""The door to functions for asynchronous invocations: an event is queued, and a worker runs it later."""

import time
from collections.abc import Callable
from dataclasses import replace

from berth.errors import PayloadTooLarge
from berth.invoke.queue.event_queue import EventQueue
from berth.invoke.results.claims import Claim, Claims, IdempotentRequest
from berth.invoke.results.pages import Pages
from berth.model.asynchronous import NO_ORIGIN, Origin, QueuedEvent
from berth.model.invocation import MAX_EVENT_BYTES, Invocation, exceeds

_PAGE_SECONDS = 2.0


class EventInvoker:
    """Queues invocations of the type Event. `wake` tells this server's own worker, if it has one."""

    def __init__(
        self,
        queue: EventQueue,
        pages: Pages,
        claims: Claims,
        wake: Callable[[], None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._queue = queue
        self._pages = pages
        self._claims = claims
        self._wake = wake
        self._clock = clock

    def invoke(self, invocation: Invocation, origin: Origin = NO_ORIGIN) -> None:
        """Queue one invocation; when this returns, it is run at least once, whatever ends meanwhile.

        Raises PayloadTooLarge, and QueueUnavailable: the caller has to try again.
        """
        if exceeds(invocation.content, MAX_EVENT_BYTES):
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
        # The event comes first: a page without one would never end; a worker makes a missing page.
        await_event = self._queue.put_soon(event)
        self._pages.create(event)
        await_event()
        self._wake()

    def invoke_once(self, invocation: Invocation, origin: Origin, request: IdempotentRequest) -> str:
        """Queue an invocation unless the same request has come before; returns the id that counts.

        Raises OtherRequest as well, if the key belongs to another request.
        """
        claim = self._claims.claim(request, invocation.request_id)
        if claim.request_id == invocation.request_id or not self._has_page(claim):
            self.invoke(replace(invocation, request_id=claim.request_id), origin)
        return claim.request_id

    def _has_page(self, claim: Claim) -> bool:
        """Whether an invocation was queued: its page may come a moment after the claim of its key.

        Without a page its server has died between the two, or the page has expired.
        """
        # Counted from the claim: a server that dies while it waits must not make the next one wait anew.
        deadline = min(claim.made_at, self._clock()) + _PAGE_SECONDS
        while self._pages.get(claim.request_id) is None:
            if self._clock() > deadline:
                return False
            time.sleep(0.05)
        return True
