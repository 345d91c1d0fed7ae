"""The check at a server's start: which functions have been imported, and what kept the others from it."""

import threading
from collections.abc import Sequence

from berth.errors import InitFailed, InvocationFault
from berth.model.function import Function

_MOST_NAMES = 10


class StartCheck:
    """Remembers which init phases have succeeded since the start; a later failure changes nothing.

    A function counts once it was imported, one with provisioned concurrency once as many environments were
    made warm. A function that is switched off by a reserved concurrency of 0 is not checked.
    """

    def __init__(self, functions: Sequence[Function], mode: str) -> None:
        self._mode = mode
        checked = [each for each in functions if mode != "off" and each.reserved_concurrency != 0]
        self._left = {each.name: max(1, each.provisioned_concurrency) for each in checked}
        self._faults: dict[str, str] = {}
        self._has_begun = False
        self._changing = threading.Lock()

    @property
    def is_strict(self) -> bool:
        """Whether the server is not ready before every function has been imported."""
        return self._mode == "strict"

    def begin(self) -> None:
        """Begin to ask for imports; the provisioner asks what is awaited."""
        self._has_begun = True

    def awaits(self, function: Function) -> bool:
        """Whether the function has to be imported now."""
        return self._has_begun and function.name in self._left

    def note_success(self, function: Function) -> None:
        """Note that one init phase of a function has succeeded."""
        with self._changing:
            left = self._left.pop(function.name, 1) - 1
            if left:
                self._left[function.name] = left
            else:
                self._faults.pop(function.name, None)

    def note_failure(self, function: Function, failed: Exception) -> None:
        """Note that an init phase has failed; only a strict check awaits another one."""
        with self._changing:
            if not self.is_strict:
                self._left.pop(function.name, None)
            elif function.name in self._left:
                self._faults[function.name] = _reason(failed)

    def reason(self) -> str | None:
        """Why the server is not ready, by function; None if it is ready as far as this check goes."""
        if not self.is_strict or not self._left:
            return None
        with self._changing:
            waiting = [name for name in self._left if name not in self._faults]
            faults = [f"{name}: {reason}" for name, reason in self._faults.items()]
        waiting_text = [f"not imported yet: {_shortened(waiting, ', ')}"] if waiting else []
        return "; ".join([_shortened(faults, "; ")] * bool(faults) + waiting_text) or None


def _reason(failed: Exception) -> str:
    """What anybody may read: texts that the function's own code wrote could hold secrets."""
    if isinstance(failed, InitFailed) and not failed.error_type.startswith("Runtime."):
        return f"{failed.error_type}, see the log"
    return str(failed) if isinstance(failed, InvocationFault) else f"{type(failed).__name__}, see the log"


def _shortened(texts: Sequence[str], joint: str) -> str:
    more = len(texts) - _MOST_NAMES
    return joint.join(texts[:_MOST_NAMES]) + (f" and {more} more" if more > 0 else "")
