"""Environment variables that take the place of others at once, for Python and for C."""

import ctypes
import os
import sys
from collections.abc import Mapping
from typing import Any, ClassVar, Self

_ENVIRON = os.environ
# Where the C library keeps its array of `NAME=value` strings: C code and new processes see that one.
_C_ENVIRON = ctypes.c_void_p.in_dll(ctypes.CDLL(None), "environ") if sys.platform == "linux" else None


class Variables:
    """The environment variables of the server, or of one function.

    On Linux they have an array for C. Elsewhere the C library may take any array for one of its own.
    """

    _in_place: ClassVar["Variables | None"] = None  # what put() was called for last

    def __init__(
        self, values: dict[bytes, bytes], array: ctypes.Array[Any] | None, strings: object = None
    ) -> None:
        self._values = values  # what `os.environ` wraps while they are in place
        self._array = array
        self._strings = strings  # keeps alive what the array points to

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> Self:
        """Make variables that are not in place yet."""
        values = {os.fsencode(name): os.fsencode(value) for name, value in environ.items()}
        strings = [b"%s=%s" % each for each in values.items()]
        array = (ctypes.c_char_p * (len(strings) + 1))(*strings, None) if _C_ENVIRON else None
        return cls(values, array, strings)

    @classmethod
    def at_present(cls) -> "Variables":
        """The variables that are in place.

        For a new name the C library makes an array of its own, whose memory it may give back at any later
        change of any variable. So the array's copy is what can be put in place again.
        """
        last, values = cls._in_place, vars(_ENVIRON)["_data"]
        if _C_ENVIRON is None:
            return cls(values, None)
        if last and last._array and last._values is values and _C_ENVIRON.value == _address(last._array):
            return last
        return cls(values, _copy_array(_C_ENVIRON.value), last and last._strings)

    def put(self, present: "Variables") -> None:
        """Put these variables in the place of the present ones."""
        vars(_ENVIRON)["_data"] = vars(os.environb)["_data"] = self._values
        if _C_ENVIRON and self._array:
            _C_ENVIRON.value = _address(self._array)
        else:
            _replace_one_by_one(self._values, present._values)
        Variables._in_place = self


_address = ctypes.addressof


def _copy_array(address: int | None) -> ctypes.Array[Any]:
    there = ctypes.cast(address or 0, ctypes.POINTER(ctypes.c_void_p))
    pointers: list[int | None] = []
    while there and there[len(pointers)]:
        pointers.append(there[len(pointers)])
    return (ctypes.c_void_p * (len(pointers) + 1))(*pointers, None)


def _replace_one_by_one(wanted: Mapping[bytes, bytes], present: Mapping[bytes, bytes]) -> None:
    for name in present.keys() - wanted.keys():
        os.unsetenv(name)
    for name, value in wanted.items():
        if present.get(name) != value:
            os.putenv(name, value)
