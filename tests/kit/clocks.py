"""A clock that stands still until a test moves it."""

from dataclasses import dataclass


@dataclass
class FakeClock:
    """Tells the seconds that a test has set."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now
