"""Environment variables that take the place of others at once, for Python and for C."""

import atexit
import ctypes
import os
import sys
from collections.abc import Mapping
from typing import Any, Self, cast

from berth.settings import PROCESS_ENVIRON

_LIBC = ctypes.CDLL(None)
# Where the C library keeps its array of `NAME=value` strings: C code and new processes see that one. Other
# systems than Linux may change the size of an array that they have not made, so theirs is left alone.
_C_ENVIRON = ctypes.c_void_p.in_dll(_LIBC, "environ") if sys.platform == "linux" else None
_address = ctypes.addressof
_environ, _environb = cast(Any, PROCESS_ENVIRON), cast(Any, os.environb)


class Variables:
    """The environment variables of the server, or of one function; on Linux with an array for C."""

    def __init__(
        self, values: dict[bytes, bytes], array: ctypes.Array[Any] | None, strings: object = None
    ) -> None:
        self._values = values  # what `os.environ` wraps while they are in place
        self._array = array
        self._address = _address(array) if array else 0
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

        Where a variable of a new name was set, C has made an array of its own, and may free that one at any
        later change. So these variables get a copy of it.
        """
        last, values = _state.in_place, _environ._data
        if _C_ENVIRON is None:
            return cls(values, None)
        if last is not None and last._values is values and last._address == _C_ENVIRON.value:
            return last
        return cls(values, _copy_of_c(_C_ENVIRON), last and last._strings)

    def put(self, present: "Variables") -> None:
        """Put these variables in the place of the present ones."""
        _environ._data = _environb._data = self._values
        if _C_ENVIRON is None or self._array is None:
            _replace_one_by_one(self._values, present._values)
        elif not _state.is_over:
            _C_ENVIRON.value = self._address
            _state.in_place = self


class _State:
    """Which variables are in place, and whether Python is ending."""

    def __init__(self) -> None:
        self.in_place: Variables | None = None  # what put() was called for last
        self.is_over = False  # Python ends, and C's array is not Python's any more


_state = _State()


def _copy_of_c(environ: ctypes.c_void_p) -> ctypes.Array[Any]:
    """Copy C's array; begin again if another thread makes C use another array meanwhile."""
    address, pointers = environ.value, list[int]()
    there = ctypes.cast(address or 0, ctypes.POINTER(ctypes.c_void_p))
    while address:
        # Python lets no other thread run between these two lines.
        if environ.value != address:
            return _copy_of_c(environ)
        if not (pointer := there[len(pointers)]):
            break
        pointers.append(pointer)
    return (ctypes.c_void_p * (len(pointers) + 1))(*pointers, None)


@atexit.register
def _leave_to_c() -> None:
    """Give C an array that Python does not free: C code may read variables after Python's end."""
    _state.is_over = True
    if _C_ENVIRON and _state.in_place:
        _LIBC.strdup.restype = _LIBC.calloc.restype = ctypes.c_void_p
        strings = [ctypes.string_at(pointer) for pointer in _copy_of_c(_C_ENVIRON) if pointer]
        address = _LIBC.calloc(len(strings) + 1, ctypes.sizeof(ctypes.c_void_p))
        array = (ctypes.c_void_p * len(strings)).from_address(address)
        array[:] = [_LIBC.strdup(each) for each in strings]
        _C_ENVIRON.value = address


def _replace_one_by_one(wanted: Mapping[bytes, bytes], present: Mapping[bytes, bytes]) -> None:
    for name in present.keys() - wanted.keys():
        os.unsetenv(name)
    for name, value in wanted.items():
        if present.get(name) != value:
            os.putenv(name, value)
