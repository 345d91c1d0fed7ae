"""Tells whether `sys.modules` has changed without a look at each module."""

import ctypes
import sys
from typing import Any

# CPython up to 3.13 has in each dict, behind its size, a number that is another one after each change.
# https://peps.python.org/pep-0509/, https://peps.python.org/pep-0699/
_OFFSET = object.__basicsize__ + ctypes.sizeof(ctypes.c_ssize_t)


def _number_in(modules: dict[str, Any]) -> ctypes.c_uint64 | None:
    """The number in a dict; None if this Python has none."""
    if sys.implementation.name != "cpython":
        return None
    probe: dict[str, Any] = {}
    number = ctypes.c_uint64.from_address(id(probe) + _OFFSET)
    seen = {number.value}
    for change in ({"name": 1}, {"name": 2}):
        probe.update(change)
        seen.add(number.value)
    return ctypes.c_uint64.from_address(id(modules) + _OFFSET) if len(seen) == 3 else None


_MODULES = sys.modules
_NUMBER = _number_in(_MODULES)


def modules_version() -> object:
    """What is equal to an earlier version if nothing has changed in `sys.modules` since then.

    Where Python does not tell, each version is equal to itself alone.
    """
    return _NUMBER.value if _NUMBER is not None and sys.modules is _MODULES else object()


class ServerModules:
    """Counts how often the server's modules change while no inline function runs."""

    _changes = 0
    _version: object = None  # of `sys.modules` when an inline function was left; None if it has changed them

    def changes(self) -> int:
        """How many changes there have been; to be asked before an inline function is entered."""
        if modules_version() != self._version:
            self._changes += 1
        return self._changes

    def note(self, version: object) -> None:
        """Note the version at which an inline function is left; None counts as a change."""
        self._version = version
