"""The shadow of one server process: copies wait in a bounded queue, and both answers are compared."""

import random
import secrets
import time
from collections.abc import Callable
from typing import Any

from berth.comparison.answers import response_documents
from berth.comparison.comparer import Comparer
from berth.comparison.difference import Rules
from berth.comparison.exchange import Exchange, NotAnswered, SentRequest
from berth.comparison.masks import Side, Window
from berth.comparison.paths import Pattern
from berth.comparison.redaction import Redactor
from berth.comparison.side_queue import SideQueue
from berth.gateway.shadow.ledger import COPIED, DROPPED, NOT_ANSWERED, TOO_LARGE, Ledger
from berth.model.comparison import TARGET, Shadow
from berth.model.http import HttpResponse
from berth.model.value_class import value_class

MOST_COPIED_BYTES = 1024 * 1024  # of a body

_MOST_ITEMS = 256
_MOST_BYTES = 32 * 1024 * 1024  # of all that wait
_THREADS = 4
_SECONDS_TO_CLOSE = 2.0
_SLACK = 300.0  # seconds that clocks may differ


@value_class
class Copied:
    """A request that the primary has answered, and how it is sent a second time."""

    request: SentRequest
    answer: HttpResponse
    route: str
    host: str  # by which the client called Berth
    send: Callable[[], HttpResponse]  # raises NotAnswered


class ShadowQueue:
    """Takes copies after their answers. Its threads start with the first of them."""

    def __init__(
        self, shadow: Shadow, exchange: Exchange, write: Callable[[str, dict[str, Any]], None]
    ) -> None:
        self.shadow = shadow
        self.exchange = exchange
        self._ledger = Ledger(Redactor(secrets.token_bytes(32)), shadow.report, write, time.monotonic)
        self._rules = Rules(tuple(map(Pattern, shadow.ignore)), tuple(map(Pattern, shadow.unordered)))
        self._queue: SideQueue[Copied] = SideQueue(
            "shadow",
            self._work,
            self._ledger.tick,
            most_items=_MOST_ITEMS,
            most_bytes=_MOST_BYTES,
            threads=_THREADS,
        )
        self._dropped = 0

    def is_wanted(self, method: str) -> bool:
        """Whether this request of a method is one of the share that is copied."""
        return method in self.shadow.methods and random.random() < self.shadow.sample_rate  # noqa: S311

    def offer(self, copied: Copied) -> None:
        """Take a copy unless it is too large or the queue is full; returns at once."""
        sizes = len(copied.request.body), len(copied.answer.body)
        if max(sizes) > MOST_COPIED_BYTES:
            self._ledger.count(TOO_LARGE)
        elif self._queue.offer(copied, sum(sizes)):
            self._ledger.count(COPIED)
        else:
            self._ledger.count(DROPPED)

    def close(self) -> None:
        """End within a few seconds: what cannot be sent until then is dropped; then tell what was found."""
        before = self._queue.dropped
        self._queue.close(_SECONDS_TO_CLOSE, self.exchange.close)
        if left := self._queue.dropped - before:
            self._ledger.count(DROPPED, left)
        self.exchange.close()
        self._ledger.tell()

    def _work(self, copied: Copied) -> None:
        try:
            answer = copied.send()
        except NotAnswered:
            self._ledger.count(NOT_ANSWERED)
            return
        if len(answer.body) > MOST_COPIED_BYTES:
            self._ledger.count(TOO_LARGE)
            return
        is_target_first = self.shadow.primary == TARGET
        target, own = (copied.answer, answer) if is_target_first else (answer, copied.answer)
        comparison = self._comparer(copied.host).compare(
            response_documents(target, own), _given(copied.request)
        )
        self._ledger.add(copied.route, comparison)

    def _comparer(self, host: str) -> Comparer:
        address, now = self.exchange.address, time.time()
        left = {str(address): _ADDRESS, address.origin: _ADDRESS, address.authority: _HOST}
        right = {f"https://{host}": _ADDRESS, f"http://{host}": _ADDRESS, host: _HOST} if host else {}
        return Comparer(Side(left), Side(right), Window(now - _SLACK, now + _SLACK), self._rules)


_ADDRESS, _HOST = ("address", "whole"), ("address", "host")


def _given(request: SentRequest) -> dict[str, Any]:
    """What both sides were asked, as a document."""
    headers = [value for _, value in request.headers]
    return {"target": request.target, "headers": headers, "body": request.body.decode("utf-8", "replace")}
