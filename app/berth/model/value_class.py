"""Value classes: the classes of data that is made once and never changed, from settings to requests."""

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from functools import partial
from operator import attrgetter
from typing import Any, TypeVar, dataclass_transform

Class = TypeVar("Class")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def value_class(cls: type[Class] | None = None, /, *, eq: bool = True, kw_only: bool = False) -> Any:
    """Make a class a dataclass whose objects nobody changes; objects are equal if their fields are.

    Type checkers refuse each assignment to a field. A frozen dataclass refuses it at run time, too, and its
    objects take four times as long to make: each request makes some fifteen. Python also compiles six methods
    for a frozen dataclass, and for a value class one: a server has a hundred, and starts 40 ms sooner.

    A field's default is an argument's default alone. It is no attribute of the class: since Python 3.13 an
    object's attribute takes long to set and to read where its class has one of the same name.

    With `eq=False` an object is equal to itself alone. As in dataclasses, a class keeps the methods that it
    has defined itself.
    """
    if cls is None:
        return partial(value_class, eq=eq, kw_only=kw_only)
    own = set(vars(cls))
    made: Any = dataclass(repr=False, eq=False, kw_only=kw_only)(cls)
    for each in fields(made):
        if each.name in vars(made):  # dataclass() leaves the field's default there
            delattr(made, each.name)
    methods = {"__repr__": _repr, **(_comparison(made) if eq else {})}
    for name in methods.keys() - own:
        setattr(made, name, methods[name])
    return made


def _comparison(cls: Any) -> dict[str, Callable[..., Any]]:
    """The methods that compare and hash objects by their fields."""
    names = [each.name for each in fields(cls) if each.compare]
    # Without fields all objects of the class are equal.
    values_of: Callable[[object], object] = attrgetter(*names) if names else type

    def equals(self: object, other: object) -> bool:
        return values_of(self) == values_of(other) if type(other) is type(self) else NotImplemented

    def hashed(self: object) -> int:
        return hash(values_of(self))

    return {"__eq__": equals, "__hash__": hashed}


def _repr(self: Any) -> str:
    shown = ", ".join(f"{each.name}={getattr(self, each.name)!r}" for each in fields(self) if each.repr)
    return f"{type(self).__qualname__}({shown})"
