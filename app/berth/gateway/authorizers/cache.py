"""Keeps the answers of authorizers for as long as they may be used again."""

import hashlib
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Value = TypeVar("Value")

_MOST = 10_000


class ResultCache(Generic[Value]):
    """Keeps values by key for a time; when there are too many, the one that was unused longest is dropped.

    Keys are kept as hashes: they hold tokens.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic, most: int = _MOST) -> None:
        self._clock = clock
        self._most = most
        self._values: OrderedDict[bytes, tuple[float, Value]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable) -> Value | None:
        """The value of a key, or None if it was never kept or its time is over."""
        digest = _digest(key)
        with self._lock:
            found = self._values.get(digest)
            if found is None:
                return None
            if found[0] <= self._clock():
                del self._values[digest]
                return None
            self._values.move_to_end(digest)
            return found[1]

    def put(self, key: Hashable, value: Value, seconds: float) -> None:
        """Keep a value for some seconds."""
        with self._lock:
            self._values[_digest(key)] = (self._clock() + seconds, value)
            while len(self._values) > self._most:
                self._values.popitem(last=False)


def _digest(key: Hashable) -> bytes:
    """A hash of a key's `repr`; two different tuples of text never have the same `repr`."""
    return hashlib.sha256(repr(key).encode("utf-8", "surrogatepass")).digest()
