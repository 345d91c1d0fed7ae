"""Tells all who want to know of the end of an invocation: destinations, the dead-letter queue, a callback."""

import logging
from collections.abc import Callable, Iterator, Sequence

from berth.errors import DeliveryFailed
from berth.invoke.callbacks import send_callback
from berth.invoke.destinations import Destinations
from berth.invoke.results.pages import Pages
from berth.model.asynchronous import Callback, Condition, InvocationPage, QueuedEvent
from berth.model.destination import Destination
from berth.model.function import Function
from berth.model.value_class import value_class

log = logging.getLogger("berth")


@value_class
class Deliveries:
    """Each of them is told at least once, or given up after the last of `waits`, which are seconds.

    Meanwhile the event stays in the queue: whoever was not reached is told by the worker that leases the
    event next, so a delivery waits in the queue and takes no place of a running event.
    """

    destinations: Destinations
    find_callback: Callable[[QueuedEvent], Callback | None]
    pages: Pages
    waits: Sequence[float]

    def deliver(self, function: Function, event: QueuedEvent, page: InvocationPage) -> float | None:
        """Tell all of them; returns after how many seconds to tell those who were not reached, if any."""
        told, missed = list(page.delivered), 0
        for name, send in self._targets(function, event, page):
            if name in told:
                continue
            try:
                send()
            except DeliveryFailed as failed:
                has_another = not failed.is_final and page.delivery_tries < len(self.waits)
                _complain(event, name, failed, has_another=has_another)
                missed += has_another
                if has_another:
                    continue
            told.append(name)
        if not missed:
            return None
        wait = self.waits[page.delivery_tries]
        self.pages.note_delivery(event, told, wait)
        return wait

    def _targets(
        self, function: Function, event: QueuedEvent, page: InvocationPage
    ) -> Iterator[tuple[str, Callable[[], None]]]:
        """What has to be sent: its name and the call that sends it. A cancelled one has no record."""
        config, destinations = function.async_config, self.destinations
        is_success = page.condition is Condition.SUCCESS
        name, to = ("onSuccess", config.on_success) if is_success else ("onFailure", config.on_failure)
        if page.condition is not None and to is not None:
            yield name, lambda: destinations.send_record(_read(to), function, event, page)
        queue = config.dead_letter_queue
        if page.condition is not None and not is_success and queue is not None:
            yield "deadLetterQueue", lambda: destinations.send_dead_letter(_read(queue), event, page)
        if (callback := self.find_callback(event)) is not None:
            yield "callback", lambda: send_callback(callback, page)


def _read(text: str) -> Destination:
    try:
        return Destination.of(text)
    except ValueError as wrong:
        raise DeliveryFailed(str(wrong), is_final=True) from wrong


def _complain(event: QueuedEvent, name: str, failed: DeliveryFailed, *, has_another: bool) -> None:
    """Log what Lambda counts as DestinationDeliveryFailures."""
    outlook = "it is tried again" if has_another else "it is given up"
    log.error(
        "DestinationDeliveryFailures: %s: %s of %s: %s; %s",
        event.request_id,
        name,
        event.function,
        failed,
        outlook,
    )
