"""What the kernel lets a process do to shut itself in; asked once for each server."""

import os
import posix
import sys
import threading
from functools import cache

from berth.model.value_class import value_class
from berth.runtime.sandbox import child

_MOUNT, _USER = 1, 2  # the values of child.Sandbox.namespaces
_finding = threading.Lock()


@value_class
class Kernel:
    """The means that this system has; a server that is given other means uses no more than these."""

    landlock: int = 0  # the version of Landlock; 0 if there is none
    # 1: mount namespaces, as root; 2: with user namespaces; 0: none are permitted; None: only asked if needed
    namespaces: int | None = 0
    can_hide: bool = False  # a process can keep others of its user from looking into it

    @property
    def scopes_signals(self) -> bool:
        """Whether a process can be kept from sending signals to others."""
        return self.landlock >= child.SIGNAL_SCOPE_VERSION


@cache
def find_kernel() -> Kernel:
    """The means of this system."""
    if sys.platform != "linux":
        return Kernel()
    return Kernel(child.landlock_version(), None, can_hide=True)


def find_namespaces() -> int:
    """Which namespaces a process may make: 1 or 2, see Kernel, or 0.

    Only an attempt can tell, so a short-lived process makes one; all callers wait until it has ended.
    """
    with _finding:
        return _find_namespaces()


@cache
def _find_namespaces() -> int:
    return next((kind for kind in (_MOUNT, _USER) if _may_enter(kind)), 0)


def _may_enter(namespaces: int) -> bool:
    program = [sys.executable, "-S", "-E", child.__file__, str(namespaces)]
    silent = [(os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_RDWR, 0) for number in (1, 2)]
    # Debuggers replace os.posix_spawn, and would follow into this process.
    pid = posix.posix_spawn(sys.executable, program, {}, file_actions=silent)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
