"""Idempotency: the first request with a key makes an invocation, and those after it are told its id."""

import hashlib
import json
import time
from collections.abc import Callable

from berth.errors import OtherRequest
from berth.invoke.results.state_store import StateStore
from berth.model.value_class import value_class

# Longer than an event may wait and its page is kept.
_KEPT_SECONDS = 30 * 24 * 3600.0


@value_class
class IdempotentRequest:
    """A request with an idempotency key: who sent it where, and a hash of what it asks."""

    scope: str  # the route and the caller
    key: str
    fingerprint: str


@value_class
class Claim:
    """Which invocation has a key, and since when, in seconds since 1970."""

    request_id: str
    made_at: float


class Claims:
    """The idempotency keys in a state store; what is kept of a key is a hash."""

    def __init__(self, store: StateStore, clock: Callable[[], float] = time.time) -> None:
        self._store = store
        self._clock = clock

    def claim(self, request: IdempotentRequest, request_id: str) -> Claim:
        """Claim a key for an invocation; returns the claim that counts, which may be an earlier one.

        Raises OtherRequest if the key belongs to a request that asked for something else.
        """
        name = hashlib.sha256(json.dumps([request.scope, request.key]).encode()).hexdigest()
        key, now = f"idempotency/{name}", self._clock()
        claim = {"id": request_id, "fingerprint": request.fingerprint, "at": now}
        if self._store.put(key, json.dumps(claim).encode(), 0, now + _KEPT_SECONDS):
            return Claim(request_id, now)
        item = self._store.get(key)
        if item is None:  # it has expired in this moment
            return self.claim(request, request_id)
        found = json.loads(item.value)
        if found["fingerprint"] != request.fingerprint:
            raise OtherRequest("the Idempotency-Key belongs to a request that asked for something else")
        return Claim(found["id"], found["at"])
