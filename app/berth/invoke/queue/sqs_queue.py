"""The event queue on Amazon SQS, for server processes that share no disk."""

import logging
import math
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

from berth.errors import PayloadTooLarge, QueueUnavailable
from berth.invoke.aws_client import AwsClients, reaching
from berth.invoke.queue.event_queue import Lease, QueueDepth
from berth.invoke.queue.sqs_leases import Leases
from berth.invoke.queue.sqs_message import ATTRIBUTE, read_message, write_message
from berth.invoke.queue.sqs_stock import Received, Stock
from berth.model.asynchronous import QueuedEvent
from berth.model.value_class import value_class

log = logging.getLogger("berth")

_BATCH = 10
_MOST_RECEIVES = 100  # of one look into the queue
_LOOK_SECONDS = 1.0
_STOCK_SECONDS = 5.0
_HIDDEN_A_SECOND = 20  # how many messages a look can be expected to put back
_NONE: Mapping[str, int] = {}
_LONGEST_HIDING = 30.0  # seconds
_UNREADABLE_SECONDS = 900.0
_TOO_LARGE = "must be shorter than"


@value_class
class SqsAddress:
    """Which queue: `sqs://HOST/ACCOUNT/NAME?deadLetterQueue=NAME`."""

    url: str
    dead_letter_url: str | None
    region: str | None  # None where the host does not name one

    @classmethod
    def of(cls, text: str) -> "SqsAddress":
        """Read the address of a setting that has been checked."""
        parts = urlsplit(text)
        folder, _, _ = parts.path.rpartition("/")
        base = f"https://{parts.netloc}"
        names = parse_qs(parts.query).get("deadLetterQueue", [])
        host = (parts.hostname or "").split(".")
        region = host[1] if host[0] == "sqs" and len(host) > 3 else None
        dead = f"{base}{folder}/{names[0]}" if names else None
        return cls(f"{base}{parts.path}", dead, region)


class SqsQueue:
    """See EventQueue. The token of a lease is SQS's receipt handle.

    SQS cannot be asked for the messages of one function. What is received for functions that have no room
    is kept for seconds in a stock, or put back and hidden for a while, so that others can be received.
    """

    def __init__(
        self, address: SqsAddress, clients: AwsClients, clock: Callable[[], float] = time.time
    ) -> None:
        self.address = address
        self.clients = clients
        self._clock = clock
        self._stock = Stock()
        self._leases = Leases(clock)
        self._seen: Counter[str] = Counter()  # how many messages of each function the last look has put back
        self._looks_at = 0.0  # when to look even for functions of which the stock has nothing

    def put(self, event: QueuedEvent) -> None:
        """Send an event; raises PayloadTooLarge if it does not fit into a message with its envelope."""
        self._send(self.address.url, event)

    def put_soon(self, event: QueuedEvent) -> Callable[[], None]:
        """Send an event now: SQS and DynamoDB have nothing to do together."""
        self.put(event)
        return lambda: None

    def lease(self, wanted: Mapping[str, int], most: int, seconds: float) -> Sequence[Lease]:
        """Lease events: those of the stock first, then what a look into the queue finds."""
        room, now = _Room(dict(wanted), most), self._clock()
        kept, stale = self._stock.take(room.take, now - min(_STOCK_SECONDS, seconds / 2))
        leases = self._leases.begin(kept, seconds)
        if room.most > 0 and (now >= self._looks_at or not (leases or self._stock.is_full)):
            leases += self._look(room, seconds)
        self._hide(stale)
        return leases

    def renew(self, leases: Iterable[Lease], seconds: float) -> Sequence[Lease]:
        """Let leases last longer, up to twelve hours from their beginning; returns those that are lost."""
        self._hide(self._stock.take(lambda _: False, self._clock() - _STOCK_SECONDS)[1])
        lost = []
        for batch in _batches(list(leases)):
            entries = [(each.token, self._leases.most_seconds(each, seconds)) for each in batch]
            refused = self._change(entries)
            lost += [each for each in batch if each.token in refused]
            for each in batch:
                self._leases.lengthen(each, seconds)
        for lease in lost:
            self._leases.end(lease)
        return lost

    def give_back(self, lease: Lease, delay: float) -> None:
        """Let another attempt be made after so many seconds."""
        seconds = self._leases.most_seconds(lease, delay)
        self._leases.end(lease)  # first, since the event may be leased again at once
        self._change([(lease.token, seconds)])

    def remove(self, lease: Lease) -> None:
        """Delete the message of an event that is done."""
        self._delete(self.address.url, lease.token)
        self._leases.end(lease)

    def bury(self, lease: Lease) -> None:
        """Move an event that failed for good to the dead-letter queue; without one it is gone."""
        if self.address.dead_letter_url is not None:
            self._send(self.address.dead_letter_url, lease.event)
        self.remove(lease)

    def depth(self) -> QueueDepth:
        """Count the messages, as far as SQS knows; what waits for a retry or is hidden counts as running.

        SQS tells the age of the oldest message to CloudWatch alone (ApproximateAgeOfOldestMessage), and how
        many messages a function has to nobody.
        """
        waiting, running, delayed = self._counts(self.address.url)
        dead = sum(self._counts(self.address.dead_letter_url)) if self.address.dead_letter_url else 0
        return QueueDepth(waiting + delayed, running, dead, None, None)

    def revive(self, request_id: str | None = None) -> Sequence[str]:
        """Move events, or the one with an id, from the dead-letter queue back to the queue."""
        revived = []
        url = self.address.dead_letter_url
        for event, handle, _ in self._drain(url) if url is not None else ():
            if request_id in {None, event.request_id}:
                self._send(self.address.url, replace(event, created_at=self._clock()))
                self._delete(str(url), handle)
                revived.append(event.request_id)
        return revived

    def purge(self) -> Sequence[str]:
        """Delete every event that can be received now, and the dead; one that waits for a retry stays."""
        return [
            request_id
            for url in (self.address.url, self.address.dead_letter_url)
            if url is not None
            for request_id in self._delete_all(url)
        ]

    def let_go(self) -> None:
        """Put the stock back at once."""
        for batch in _batches(self._stock.take(lambda _: False, math.inf)[1]):
            self._change([(handle, 0) for _, handle, _ in batch])

    def close(self) -> None:
        """Close all connections."""
        self.clients.close()

    @property
    def _client(self) -> Any:
        return self.clients.client("sqs", self.address.region)

    def _look(self, room: "_Room", seconds: float) -> list[Lease]:
        """Receive until something can be leased, or a place becomes free, or nothing is left to receive."""
        leases: list[Lease] = []
        ended, seen = self._leases.ended, Counter[str]()
        for turn in range(_MOST_RECEIVES):
            count = min(_BATCH, room.most) if turn == 0 else _BATCH
            found = self._receive(self.address.url, count, seconds, 0 if self._leases else 1)
            wanted = [each for each in found if room.take(each[0])]
            leases = self._leases.begin(wanted, seconds)
            surplus = self._stock.add(each for each in found if each not in wanted)
            seen.update(event.function for event, _, _ in surplus)
            self._hide(surplus, self._seen + seen)
            is_cut_short = self._leases.ended != ended
            if leases or not found or is_cut_short:
                break
        self._seen = seen
        # Places that become free all the time must not keep the look from what is further back.
        self._looks_at = self._clock() + (0 if is_cut_short else _LOOK_SECONDS)
        return leases

    def _hide(self, messages: Iterable[Received], seen: Mapping[str, int] = _NONE) -> None:
        """Put messages back that cannot run here now.

        The more of a function were seen, the longer they are hidden: all others have to be looked through
        meanwhile. Those of a function with few, which soon has room again, are back soon.
        """
        for batch in _batches(list(messages)):
            self._change(
                [
                    (handle, min(1 + seen.get(event.function, 0) / _HIDDEN_A_SECOND, _LONGEST_HIDING))
                    for event, handle, _ in batch
                ]
            )

    def _receive(self, url: str, count: int, seconds: float, wait: int) -> list[Received]:
        received_at = self._clock()  # not later than SQS counts from
        with reaching(url):
            answer = self._client.receive_message(
                QueueUrl=url,
                MaxNumberOfMessages=count,
                VisibilityTimeout=math.ceil(seconds),
                WaitTimeSeconds=wait,
                MessageAttributeNames=[ATTRIBUTE],
            )
        found: list[Received] = []
        for message in answer.get("Messages", ()):
            try:
                found.append((read_message(message), str(message["ReceiptHandle"]), received_at))
            except ValueError as wrong:
                self._set_aside(url, message, wrong)
        return found

    def _set_aside(self, url: str, message: Mapping[str, Any], wrong: ValueError) -> None:
        """Hide a message that is not Berth's: a newer server may read it, or its retention ends it."""
        log.error("%s: message %s %s", url, message["MessageId"], wrong)
        with reaching(url):
            self._client.change_message_visibility(
                QueueUrl=url,
                ReceiptHandle=message["ReceiptHandle"],
                VisibilityTimeout=int(_UNREADABLE_SECONDS),
            )

    def _change(self, entries: Sequence[tuple[str, float]]) -> set[str]:
        """Set how long messages are hidden from now on; returns the handles that SQS refuses."""
        url = self.address.url
        with reaching(url):
            answer = self._client.change_message_visibility_batch(
                QueueUrl=url,
                Entries=[
                    {"Id": str(number), "ReceiptHandle": handle, "VisibilityTimeout": math.ceil(seconds)}
                    for number, (handle, seconds) in enumerate(entries)
                ],
            )
        failed = [each for each in answer.get("Failed", ()) if each.get("SenderFault")]
        return {entries[int(each["Id"])][0] for each in failed}

    def _send(self, url: str, event: QueuedEvent) -> None:
        message = write_message(event)
        try:
            with reaching(url):
                self._client.send_message(QueueUrl=url, **message)
        except QueueUnavailable as refused:
            if _TOO_LARGE not in str(refused):
                raise
            # The operator has set a lower MaximumMessageSize.
            limit = int(self._attributes(url, "MaximumMessageSize")["MaximumMessageSize"])
            raise PayloadTooLarge(len(event.payload), limit) from refused

    def _delete(self, url: str, handle: str) -> None:
        with reaching(url):
            self._client.delete_message(QueueUrl=url, ReceiptHandle=handle)

    def _attributes(self, url: str, *names: str) -> dict[str, str]:
        with reaching(url):
            answer = self._client.get_queue_attributes(QueueUrl=url, AttributeNames=list(names))
        return dict(answer["Attributes"])

    def _counts(self, url: str) -> tuple[int, int, int]:
        start = "ApproximateNumberOfMessages"
        found = self._attributes(url, start, f"{start}NotVisible", f"{start}Delayed")
        return int(found[start]), int(found[f"{start}NotVisible"]), int(found[f"{start}Delayed"])

    def _delete_all(self, url: str) -> Iterator[str]:
        for event, handle, _ in self._drain(url):
            self._delete(url, handle)
            yield event.request_id

    def _drain(self, url: str) -> Iterator[Received]:
        """Receive every message that can be received, each once; what is not deleted is back in a minute."""
        while found := self._receive(url, _BATCH, 60, 1):
            yield from found


@dataclass
class _Room:
    """How many more events may be leased, of each function and in all."""

    of: dict[str, int]
    most: int

    def take(self, event: QueuedEvent) -> bool:
        """Take the place of one event, if there is one."""
        if self.most <= 0 or self.of.get(event.function, 0) <= 0:
            return False
        self.most -= 1
        self.of[event.function] -= 1
        return True


def _batches(entries: Sequence[Any]) -> Iterator[Sequence[Any]]:
    return (entries[start : start + _BATCH] for start in range(0, len(entries), _BATCH))
