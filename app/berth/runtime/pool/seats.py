"""Seats: the reserved concurrency of functions, kept by several server processes together.

Each concurrent invocation of such a function sits on one byte of a file that the processes share, and has
locked it. The system unlocks what a process has locked when the process ends, however that happens.
"""

import fcntl
import hashlib
from collections import defaultdict
from functools import lru_cache

# Parts of a byte's offset in the file: a hash of the function's name, then the number of the seat.
_NAME_BYTES, _SEAT_BITS = 4, 24


class Seats:
    """The seats that this process has taken, in the file behind a descriptor."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._taken: defaultdict[str, set[int]] = defaultdict(set)

    def take(self, name: str, most: int) -> bool:
        """Take one of so many seats of a function; False if others have all of them."""
        taken = self._taken[name]
        for seat in range(most):
            # The system asks nobody who locks a byte that the same process has locked.
            if seat not in taken and self._lock(name, seat):
                taken.add(seat)
                return True
        return False

    def give_back(self, name: str) -> None:
        """Give back a seat that was taken."""
        seat = self._taken[name].pop()
        fcntl.lockf(self._descriptor, fcntl.LOCK_UN, 1, _offset(name, seat))

    def _lock(self, name: str, seat: int) -> bool:
        try:
            fcntl.lockf(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, _offset(name, seat))
        except BlockingIOError:
            return False
        return True


def _offset(name: str, seat: int) -> int:
    return (_place(name) << _SEAT_BITS) + seat


@lru_cache(maxsize=1024)
def _place(name: str) -> int:
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=_NAME_BYTES).digest())
