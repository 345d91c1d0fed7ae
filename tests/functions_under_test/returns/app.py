import uuid
from collections import namedtuple
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum, IntEnum

Point = namedtuple("Point", "x y")


class Colour(str, Enum):
    RED = "red"


class Level(IntEnum):
    HIGH = 3


class Plain(Enum):
    ONE = 1


class Row:
    def _asdict(self):
        return {"id": 7}


@dataclass
class Order:
    number: int = 1


def looped():
    items = []
    items.append(items)
    return items


async def coroutine():
    return 1


VALUES = {
    "none": lambda: None,
    "accents": lambda: "hé",
    "separators": lambda: "\u2028<\x7f\x00\n",
    "surrogate": lambda: "\udc80",
    "spaces": lambda: {"z": 1, "a": [1, 2]},
    "numbers": lambda: [1, 1.5, True, 10**30, -0.0],
    "decimals": lambda: [Decimal("1.10"), Decimal("1E+3"), Decimal("-0")],
    "odd decimals": lambda: [Decimal("NaN"), Decimal("-NaN"), Decimal("sNaN"), Decimal("Infinity")],
    "nan": lambda: float("nan"),
    "infinite": lambda: [float("inf"), float("-inf")],
    "nested bytes": lambda: {"b": b"xyz"},
    "bad bytes": lambda: {"b": b"\xff"},
    "bytes": lambda: b'{"a":1}\xff',
    "namedtuple": lambda: Point(1, 2),
    "asdict": Row,
    "tuple": lambda: (1, (2, 3)),
    "keys": lambda: {1: 2, None: 3, 1.5: 4, False: 5, b"k": 6},
    "enums": lambda: [Colour.RED, Level.HIGH],
    "plain enum": lambda: Plain.ONE,
    "datetime": lambda: datetime(2026, 1, 2),
    "date": lambda: date(2026, 1, 2),
    "set": lambda: {1},
    "generator": lambda: (item for item in ()),
    "dataclass": Order,
    "uuid": lambda: uuid.UUID(int=1),
    "coroutine": coroutine,
    "bytearray": lambda: bytearray(b"a"),
    "memoryview": lambda: memoryview(b"a"),
    "complex": lambda: 1j,
    "range": lambda: range(2),
    "class": lambda: Order,
    "exception": lambda: ValueError("returned"),
    "looped": looped,
    "tuple key": lambda: {(1, 2): 3},
}


def handler(event, context):
    return VALUES[event]()


async def asynchronous(event, context):
    return 1
