"""The leases of one server on messages of SQS, which itself does not say who has a message."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from berth.invoke.queue.event_queue import Lease
from berth.invoke.queue.sqs_stock import Received

# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
LONGEST_LEASE = 43_200.0  # seconds from the receipt of a message to its return, whatever is asked for


@dataclass
class _Held:
    handle: str
    received_at: float
    ends_at: float


class Leases:
    """The leases that this server holds; `ended` counts those that it has given up."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._held: dict[str, _Held] = {}  # by request id
        self.ended = 0

    def __bool__(self) -> bool:
        return bool(self._held)

    def begin(self, messages: Iterable[Received], seconds: float) -> list[Lease]:
        """Lease messages, but none that SQS delivers again while it is leased.

        A lease that nobody has renewed is over: what ran has failed to give it back.
        """
        leases = []
        for event, handle, received_at in messages:
            held = self._held.get(event.request_id)
            if held is None or held.ends_at <= self._clock():
                self._held[event.request_id] = _Held(handle, received_at, received_at + seconds)
                leases.append(Lease(event, handle))
        return leases

    def lengthen(self, lease: Lease, seconds: float) -> None:
        """Note that a lease was renewed."""
        if held := self._find(lease):
            held.ends_at = self._clock() + seconds

    def end(self, lease: Lease) -> None:
        """Note that a lease was given up or lost."""
        self.ended += 1
        if self._find(lease):
            self._held.pop(lease.event.request_id, None)

    def most_seconds(self, lease: Lease, seconds: float) -> float:
        """How long a message may still be hidden: so many seconds, or up to the longest lease."""
        held = self._find(lease)
        age = self._clock() - held.received_at if held else 0.0
        return max(0.0, min(seconds, LONGEST_LEASE - age - 1))

    def _find(self, lease: Lease) -> _Held | None:
        held = self._held.get(lease.event.request_id)
        return held if held is not None and held.handle == lease.token else None
