"""What every kind of state store offers."""

from typing import Protocol

from berth.model.value_class import value_class


@value_class
class Item:
    """One value of a state store; its version counts its changes from 1."""

    value: bytes
    version: int


class StateStore(Protocol):
    """Values by key, which several server processes share; a change is refused if another came first.

    Every method raises QueueUnavailable if the store cannot be reached within five seconds.
    """

    @property
    def most_bytes(self) -> int | None:
        """The most bytes that a value may have; None if there is no limit."""
        ...

    def get(self, key: str) -> Item | None:
        """The value of a key, unless it has expired."""
        ...

    def put(self, key: str, value: bytes, version: int, expires_at: float | None = None) -> bool:
        """Write a value if its key still has this version, 0 for a key that is not there.

        Returns whether it was written. The value goes at `expires_at`, in seconds since 1970.
        """
        ...

    def delete(self, key: str) -> None:
        """Remove a key."""
        ...

    def close(self) -> None:
        """Close all connections."""
        ...
