"""What every kind of event queue offers."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol

from berth.model.asynchronous import QueuedEvent
from berth.model.value_class import value_class


@value_class
class Lease:
    """The right to run one event for a while: no other server gets the event before the lease ends."""

    event: QueuedEvent
    token: str  # tells this lease from an earlier or later one of the same event


@value_class
class Depth:
    """How many events wait, are leased, and have failed for good."""

    depth: int
    running: int
    dead: int


@value_class
class QueueDepth(Depth):
    """How much is in a queue. None stands for what the queue does not tell."""

    oldest_age_seconds: float | None  # of the oldest event that waits or runs; 0 for an empty queue
    functions: Mapping[str, Depth] | None  # of each function that has events there


class EventQueue(Protocol):
    """A durable queue of events that several server processes share.

    Every method raises QueueUnavailable if the queue cannot be reached within five seconds.
    """

    def put(self, event: QueuedEvent) -> None:
        """Store an event; when this returns, the event survives the end of every server."""
        ...

    def put_soon(self, event: QueuedEvent) -> Callable[[], None]:
        """Begin to store an event; the function that is returned waits until it is stored, as put() does.

        A queue in the same file as the state store then stores the event together with its page.
        """
        ...

    def lease(self, wanted: Mapping[str, int], most: int, seconds: float) -> Sequence[Lease]:
        """Lease at most so many events for so many seconds.

        `wanted` says how many of each function may be among them; its first functions come first.
        """
        ...

    def renew(self, leases: Iterable[Lease], seconds: float) -> Sequence[Lease]:
        """Let leases last for so many seconds from now, and return those that are lost."""
        ...

    def give_back(self, lease: Lease, delay: float) -> None:
        """Let another attempt be made after so many seconds."""
        ...

    def remove(self, lease: Lease) -> None:
        """Remove an event that is done; this may happen later, since its page says that it is done."""
        ...

    def bury(self, lease: Lease) -> None:
        """Keep an event that failed for good among the dead, where it can be retried by hand."""
        ...

    def depth(self) -> QueueDepth:
        """Count the events."""
        ...

    def revive(self, request_id: str | None = None) -> Sequence[str]:
        """Let dead events, or the one with an id, be run again; returns their ids."""
        ...

    def purge(self) -> Sequence[str]:
        """Remove all events, dead ones too, that no server runs; returns the ids that are known."""
        ...

    def let_go(self) -> None:
        """Leave to other servers what this one has received and not leased: it leases no more."""
        ...

    def close(self) -> None:
        """Close all connections."""
        ...
