"""Values: what a request is made of, on its way from the server to the function and back."""

from dataclasses import dataclass, field
from typing import TypeVar, dataclass_transform

Class = TypeVar("Class")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def value(cls: type[Class]) -> type[Class]:
    """Make a class a dataclass with slots, whose objects nobody changes.

    Type checkers refuse each assignment to a field. A frozen dataclass refuses it at run time, too, and takes
    four times as long to make: each request makes some fifteen values.
    """
    return dataclass(slots=True)(cls)
