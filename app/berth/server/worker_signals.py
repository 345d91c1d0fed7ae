"""Which signals a worker believes: those that its master has announced, because functions can send some, too.

A function runs as the user of the server. Where the kernel cannot keep its signals inside its sandbox, it can
send one to the worker, and a signal does not say who sent it in a way that Python shows.
"""

import mmap
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from types import FrameType
from typing import Any

_SLOTS = mmap.PAGESIZE
_ORDERLY, _AT_ONCE = 1, 2
# What each signal asks for.
_ENDINGS = {
    signal.SIGTERM: _ORDERLY,
    signal.SIGINT: _AT_ONCE,
    signal.SIGQUIT: _AT_ONCE,
    signal.SIGABRT: _AT_ONCE,
}
# The kernel raises these for what the process itself has done; a handler in Python could not run after them.
_FAULTS = {signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE, signal.SIGILL, signal.SIGSYS, signal.SIGTRAP}
# With these a user, or what runs the container, ends the server.
TOLD_BY_USERS = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT)
_HARMLESS = {signal.SIGCHLD, signal.SIGCONT, signal.SIGURG, signal.SIGWINCH}
_UNSTOPPABLE = {signal.SIGKILL, signal.SIGSTOP}

Kill = Callable[[int, int], Any]
Handler = Callable[[int, FrameType | None], Any]


class Orders:
    """What the master has told each worker, in memory that both share and that no function has."""

    def __init__(self) -> None:
        self._told = mmap.mmap(-1, _SLOTS)

    def tell(self, age: int, signal_number: int) -> None:
        """In the master: announce a signal to the worker of this age; others than endings need no order."""
        place = age % _SLOTS
        self._told[place] = max(self._told[place], _ENDINGS.get(signal.Signals(signal_number), 0))

    def forget(self, age: int) -> None:
        """In the master, before a new worker: nothing has been announced to it."""
        self._told[age % _SLOTS] = 0

    def has_told(self, age: int, signal_number: int) -> bool:
        """In a worker: whether the master has announced what this signal asks for."""
        return self._told[age % _SLOTS] >= _ENDINGS.get(signal.Signals(signal_number), _ORDERLY)


def announce(orders: Orders, workers: dict[int, Any], kill: Kill, pid: int, signal_number: int) -> None:
    """In the master: announce a signal to a worker, then send it."""
    if worker := workers.get(pid):
        orders.tell(worker.age, signal_number)
    kill(pid, signal_number)


def believe_orders_only(orders: Orders, age: int, master: int) -> None:
    """In a worker: let no signal end or stop it that its master has not announced."""
    for number in _ENDINGS:
        handler = signal.getsignal(number)
        assert callable(handler), "gunicorn handles the signals that end a worker"
        signal.signal(number, partial(_heed, orders, age, master, handler))
    for number in signal.valid_signals() - _FAULTS - _HARMLESS - _UNSTOPPABLE:
        # SIG_IGN would be inherited by the processes of functions.
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _pass_over)


def resume_stopped(workers: dict[int, Any], handler: Handler, number: int, frame: FrameType | None) -> None:
    """In the master, when the state of a child has changed: let workers go on that somebody has stopped."""
    for pid in list(workers):
        with suppress(ChildProcessError, ProcessLookupError):
            if os.waitid(os.P_PID, pid, os.WSTOPPED | os.WNOHANG):
                os.kill(pid, signal.SIGCONT)
    handler(number, frame)


def _heed(
    orders: Orders, age: int, master: int, handler: Handler, number: int, frame: FrameType | None
) -> None:
    """Handle a signal that the master has announced, or that the kernel sends when the master has ended."""
    if orders.has_told(age, number) or os.getppid() != master:
        handler(number, frame)


def _pass_over(number: int, frame: FrameType | None) -> None:
    """Do nothing: nobody who may give orders to a worker sends this signal."""


def undisturbed(spawn: Callable[[], int]) -> int:
    """Start a worker, and handle a signal that ends the server only once the master knows of the worker.

    Else the worker would not be told to end. The worker itself calls hear_signals(). The calling thread alone
    holds the signals back: the master has no other.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, TOLD_BY_USERS)
    try:
        return spawn()
    finally:
        hear_signals()


def hear_signals() -> None:
    """Receive the signals that undisturbed() holds back."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, TOLD_BY_USERS)
