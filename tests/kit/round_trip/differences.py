"""Every difference between an app served directly and the same app in an adapter on Berth: the types."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kit.round_trip.berth_server import ADAPTERS, SHAPES

GATEWAY = "gateway"  # AWS's would do the same to it
ADAPTER = "adapter"
LOCAL = "local resolver"  # Powertools' own stand-in for a gateway: its direct side

Key = tuple[str, str, str]  # adapter, event shape, name of a request


@dataclass(frozen=True)
class Case:
    """What comes through instead of what the app itself answers, None where nothing comes.

    Adapters, shapes and requests are names with blanks between them; `*` is all there are.
    """

    adapters: str
    shapes: str
    requests: str
    comes: dict[str, Any]

    @property
    def keys(self) -> Iterator[Key]:
        """Each adapter, shape and request it is about."""
        for adapter in _names(self.adapters, ADAPTERS):
            for shape in _names(self.shapes, SHAPES):
                for request in self.requests.split():
                    yield adapter, shape, request


@dataclass(frozen=True)
class Difference:
    """One reason, and all that comes of it."""

    cause: str
    why: str
    cases: list[Case]


def by_request(rows: Iterable[Difference]) -> dict[Key, dict[str, tuple[Any, str]]]:
    """For each adapter, shape and request: what comes through, and why."""
    expected: dict[Key, dict[str, tuple[Any, str]]] = {}
    for row in rows:
        for case in row.cases:
            comes = {entry: (value, f"{row.cause}: {row.why}") for entry, value in case.comes.items()}
            for key in case.keys:
                entries = expected.setdefault(key, {})
                assert not entries.keys() & comes.keys(), f"{key} is listed twice for one of {sorted(comes)}"
                entries.update(comes)
    return expected


def _names(text: str, every: Mapping[str, Any]) -> list[str]:
    return list(every) if text == "*" else text.split()
