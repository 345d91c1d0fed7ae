"""The memory for request bodies, which is limited so that many large ones cannot end the server."""


class BodyMemory:
    """The memory that bodies may take in one server; only the thread of the connections counts."""

    def __init__(self, most: int) -> None:
        self._most, self._taken = most, 0

    def take(self, size: int) -> bool:
        """Take some more; False if there is not enough."""
        if self._taken + size > self._most:
            return False
        self._taken += size
        return True

    def give_back(self, size: int) -> None:
        """Give back what was taken."""
        self._taken -= size
