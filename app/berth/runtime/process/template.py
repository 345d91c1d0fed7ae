"""The part of the process's program that makes it a template: a process that others are forked from.

This module is part of the process's program, see bootstrap.py. A template has imported AWS's runtime and
nothing of a function. When the server asks, it makes a copy of itself. The copy, not the template, reads
which function it is for, so no variable or descriptor of a function ever is the template's.

The copy is made with CLONE_PARENT: it is a child of the server, as if the server had started it, and lives on
if the template ends.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterable
from functools import partial
from types import ModuleType, SimpleNamespace

TYPE_CHECKING = False
if TYPE_CHECKING:  # AWS's runtime imports none of these
    import ctypes
    from _socket import socket
    from typing import Any

NAME = "berth-template"  # as `ps` and `top` show it
READY, FORK = b"r", b"f"
NUMBER_BYTES = 4

_AT_ONCE_BYTES = 65_536
_INT_BYTES = 4  # of a descriptor
_CLONE_PARENT, _CLONE_CHILD_CLEARTID, _CLONE_CHILD_SETTID = 0x8000, 0x200000, 0x1000000
_PR_SET_DUMPABLE, _PR_SET_NAME, _PR_GET_NAME, _PR_GET_TID_ADDRESS = 4, 15, 16, 40
_NAME_BYTES = 16
_SIGCHLD = 17
# For each kind of machine: clone(), set_robust_list(), get_robust_list(), and whether clone() takes the
# address of the thread's number as its fourth argument or, after that of its storage, as its fifth.
_MACHINES = {"x86_64": (56, 273, 274, True), "aarch64": (220, 99, 100, False)}
_ANCILLARY_BYTES = 64  # for more descriptors than are sent at once
_MSG_CMSG_CLOEXEC = 0x40000000


class Forks:
    """Makes copies of this process with CLONE_PARENT; raises OSError if this system has no means for it.

    The C library's fork() cannot do that. What it does beside the system call matters to a process with
    several threads, but for two things: the thread's number, which the kernel writes, and the list of
    locks that the kernel frees at the thread's end.
    """

    def __init__(self, libc: ctypes.PyDLL) -> None:
        import ctypes

        if os.uname().machine not in _MACHINES or sys.maxsize < 2**32:
            raise OSError("this kind of machine is not known")
        self._clone, self._set_list, get_list, self._is_fourth = _MACHINES[os.uname().machine]
        libc.syscall.restype = ctypes.c_long
        self._libc, self._api, self._get_errno = libc, ctypes.pythonapi, ctypes.get_errno
        self._number, self._locks = ctypes.c_void_p(_find_number(libc)), ctypes.c_void_p()
        self._locks_bytes = ctypes.c_size_t()
        libc.syscall(get_list, 0, ctypes.byref(self._locks), ctypes.byref(self._locks_bytes))
        if not self._locks:
            raise OSError("the thread has no list of locks")

    def fork(self) -> int:
        """Return 0 in the copy; in this process its number, or a negative error number."""
        flags = _CLONE_PARENT | _CLONE_CHILD_CLEARTID | _CLONE_CHILD_SETTID | _SIGCHLD
        last = (self._number, None) if self._is_fourth else (None, self._number)
        self._api.PyOS_BeforeFork()
        pid: int = self._libc.syscall(self._clone, flags, None, None, *last)
        if pid == 0:
            self._libc.syscall(self._set_list, self._locks, self._locks_bytes)
            self._api.PyOS_AfterFork_Child()
            return 0
        number = self._get_errno()
        self._api.PyOS_AfterFork_Parent()
        return pid if pid > 0 else -number


def _find_number(libc: ctypes.PyDLL) -> int:
    """Find the address where the C library keeps the thread's number; raises OSError.

    The kernel tells which field it clears at the thread's end. With glibc 2.41 this is the number. With glibc
    2.43 it is the number only in a process that the C library's own fork() has made.
    """
    for address in (_cleared_at_end, _cleared_in_a_fork):
        if _is_number(found := address(libc)):
            return found
    raise OSError("the kernel does not tell where the thread's number is")


def _cleared_at_end(libc: ctypes.PyDLL) -> int:
    """The address of the field that the kernel clears when this thread ends; 0 for none."""
    import ctypes

    address = ctypes.c_void_p()
    libc.prctl(_PR_GET_TID_ADDRESS, ctypes.byref(address), 0, 0, 0)
    return address.value or 0


def _cleared_in_a_fork(libc: ctypes.PyDLL) -> int:
    """The same in a process that the C library forks from this one, and that ends at once."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.write(writing, b"%d" % _cleared_at_end(libc))
        os._exit(0)
    os.close(writing)
    os.waitpid(pid, 0)
    told = os.read(reading, _AT_ONCE_BYTES)
    os.close(reading)
    return int(told or 0)


def _is_number(address: int) -> bool:
    """Whether this address holds the number of this process's thread."""
    import ctypes

    return address != 0 and ctypes.c_int.from_address(address).value == os.getpid()


def serve(load_part: Callable[[str], ModuleType], told: SimpleNamespace) -> SimpleNamespace:
    """Be a template until the server ends it; returns in each copy, with its place and what is prepared."""
    start, frames, parts = map(load_part, ("start", "frames", "parts"))
    known, room = set(sys.modules), _find_room()
    import ctypes

    libraries = _open_descriptors() - {0, 1, 2, told.control}
    libc = ctypes.PyDLL(None, use_errno=True)
    libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)  # who could change the template could change every copy
    start.die_with(told.server)
    name = ctypes.create_string_buffer(_NAME_BYTES)
    libc.prctl(_PR_GET_NAME, name, 0, 0, 0)
    libc.prctl(_PR_SET_NAME, NAME.encode(), 0, 0, 0)
    forks, modules = Forks(libc), _forget_all_but(known)
    runtime = start.import_runtime(told.server_packages)
    known = set(sys.modules)
    request, child = _await_copy(told.control, forks, load_part)
    modules |= _forget_all_but(known)
    libc.prctl(_PR_SET_NAME, name, 0, 0, 0)
    show_environ = partial(_write_room, ctypes.memmove, room)
    place = SimpleNamespace(**_take_place(request, show_environ, libraries))
    if not _stays_hidden(place.sandbox):
        libc.prctl(_PR_SET_DUMPABLE, 1, 0, 0, 0)
    ready = SimpleNamespace(
        start=start, frames=frames, parts=parts, child=child, modules=modules, runtime=runtime
    )
    return SimpleNamespace(place=place, ready=ready)


def _forget_all_but(known: Iterable[str]) -> dict[str, ModuleType]:
    """Forget the other modules, and return them: AWS's runtime and functions import them anew."""
    return {name: sys.modules.pop(name) for name in set(sys.modules).difference(known)}


def _await_copy(
    descriptor: int, forks: Forks, load_part: Callable[[str], ModuleType]
) -> tuple[socket, ModuleType]:
    """Make a copy whenever the server asks; returns in each copy, with the socket that its request is on.

    Also returns what shuts a process in; all that the copies need is imported here, once.
    """
    import _socket
    import gc
    import resource  # noqa: F401 - start.py needs it

    child, control = load_part("../sandbox/child"), _socket.socket(fileno=descriptor)
    gc.freeze()  # no collection of a copy looks at what the copies share
    control.sendall(READY)
    while True:
        order, descriptors = _receive(control, 1)
        if not order:
            os._exit(0)  # the server has ended
        pid = forks.fork()
        if pid == 0:
            control.close()
            return _socket.socket(fileno=descriptors[0]), child
        os.close(descriptors[0])
        control.sendall(encode_number(pid))


def _open_descriptors() -> set[int]:
    """The descriptors of this process."""
    numbers = map(int, os.listdir("/proc/self/fd"))
    return {number for number in numbers if os.path.exists(f"/proc/self/fd/{number}")}


def _take_place(
    request: socket, show_environ: Callable[[bytes], None], libraries: Iterable[int]
) -> dict[str, object]:
    """Become what the server asks for, as if this process had been started by exec.

    `libraries` are descriptors that C libraries have opened; they stay open. libffi 3.8 has one of its own
    file, which it needs when a function makes hundreds of callbacks with ctypes.
    """
    os.setsid()
    try:
        told, (output, *channels) = _read_request(request)
        _replace_environ(told["environ"], show_environ)
        os.chdir(told["folder"])
        empty = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
        for number, descriptor in enumerate((empty, output, output)):
            os.dup2(descriptor, number)
        _renew_modules()
    except OSError as failed:
        request.sendall(encode_number(failed.errno or 0))
        os._exit(1)
    request.sendall(encode_number(0))
    request.detach()
    _close_all_but((0, 1, 2, *libraries, *channels))
    place: dict[str, object] = told["place"]
    return place | dict(zip(told["descriptors"], channels, strict=True))


def _read_request(request: socket) -> tuple[dict[str, Any], list[int]]:
    """Read what the server says of this copy, and take the descriptors that it sends."""
    data, descriptors = _receive(request, _AT_ONCE_BYTES)
    while len(data) < NUMBER_BYTES or len(data) < NUMBER_BYTES + decode_number(data):
        more = request.recv(_AT_ONCE_BYTES)
        if not more:
            os._exit(0)  # the server has ended, or has lost its patience
        data += more
    return json.loads(data[NUMBER_BYTES:]), descriptors


def _receive(connection: socket, most_bytes: int) -> tuple[bytes, list[int]]:
    """Receive bytes and the descriptors that came with them; no program that is started inherits these."""
    data, ancillary, _, _ = connection.recvmsg(most_bytes, _ANCILLARY_BYTES, _MSG_CMSG_CLOEXEC)
    numbers = b"".join(each for _, _, each in ancillary)
    places = range(0, len(numbers) // _INT_BYTES * _INT_BYTES, _INT_BYTES)
    return data, [int.from_bytes(numbers[each : each + _INT_BYTES], sys.byteorder) for each in places]


def _replace_environ(environ: dict[str, str], show: Callable[[bytes], None]) -> None:
    """Have these variables and no others: in Python, in the C library and in /proc."""
    os.environ.clear()
    os.environ.update(environ)
    show(b"".join(b"%b=%b\0" % each for each in os.environb.items()))
    time.tzset()


def _find_room() -> tuple[int, int]:
    """Where the kernel has put this process's variables, which /proc/self/environ shows."""
    with open("/proc/self/stat", "rb") as file:
        fields = file.read().rpartition(b") ")[2].split()
    start, end = int(fields[47]), int(fields[48])
    if not start:
        raise OSError("the kernel does not tell where the variables are")
    return start, end - start


def _write_room(move: Callable[[int, bytes, int], object], room: tuple[int, int], data: bytes) -> None:
    """Write variables where the kernel has put those of the template; the server knows that they fit."""
    start, size = room
    move(start, data.ljust(size, b"\0")[:size], size)


def _stays_hidden(sandbox: dict[str, object] | None) -> bool:
    """Whether the sandbox will hide this process, and needs no file in /proc before that."""
    return sandbox is not None and bool(sandbox["is_hidden"]) and not sandbox["namespaces"]


def _renew_modules() -> None:
    """Correct what modules have noted of the template's start."""
    logging, threading = sys.modules["logging"], sys.modules["threading"]
    logging._startTime = time.time_ns() if isinstance(logging._startTime, int) else time.time()  # type: ignore[attr-defined]
    threading.main_thread()._set_native_id()


def _close_all_but(kept: Iterable[int]) -> None:
    first = 0
    for each in sorted(kept):
        if first < each:  # closerange(0, 0) would close all
            os.closerange(first, each)
        first = each + 1
    os.closerange(first, os.sysconf("SC_OPEN_MAX"))


def encode_number(number: int) -> bytes:
    """Encode a number for the other side."""
    return number.to_bytes(NUMBER_BYTES, "big", signed=True)


def decode_number(data: bytes) -> int:
    """Decode the number that the other side's bytes begin with."""
    return int.from_bytes(data[:NUMBER_BYTES], "big", signed=True)
