"""The part of the child's program that shuts the process in, before any code of the function runs.

The server decides what a Sandbox holds; the process enters the sandbox itself, because the kernel lets a
process only restrict itself. This file imports the standard library only, and the child's program loads it by
its path.

https://docs.kernel.org/userspace-api/landlock.html
"""

import ctypes
import errno
import os
import stat
import struct
import sys
from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

# These numbers are the same on x86_64 and aarch64.
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF, _MOUNT_SETATTR = 444, 445, 446, 442
_PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS = 4, 38
_CLONE_NEWNS, _CLONE_NEWUSER = 0x20000, 0x10000000
_MS_READ_ONLY, _MS_BIND, _MS_REC, _MS_SLAVE = 1, 0x1000, 0x4000, 0x80000
_READ_ONLY, _NO_DEVICES, _AT_FDCWD, _AT_RECURSIVE = 1, 4, -100, 0x8000
_TMP = "/tmp"  # noqa: S108
_CAPABILITIES_VERSION = 0x20080522
# What Docker leaves to root, without MKNOD: changing files, users and groups, and opening low ports.
_KEPT_BY_ROOT = sum(1 << number for number in (0, 1, 3, 4, 5, 6, 7, 8, 10, 13, 18, 29, 31))

# A filter of system calls is a small program: https://docs.kernel.org/userspace-api/seccomp_filter.html
_LOAD, _JUMP_IF_EQUAL, _RETURN = 0x20, 0x15, 0x06
_ALLOW, _REFUSE, _SPEC_ALLOW = 0x7FFF0000, 0x00050000, 4
# For each kind of machine the number of seccomp(), then architectures with their number of prlimit().
_MACHINES = {
    "x86_64": (317, ((0xC000003E, 302), (0xC000003E, 0x40000000 | 302), (0x40000003, 340))),
    "aarch64": (277, ((0xC00000B7, 261), (0x40000028, 369))),
}

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1, 2, 4, 8
REFER, TRUNCATE = 1 << 13, 1 << 14
_READING = EXECUTE | READ_FILE | READ_DIR
_OF_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE
_FIRST_RIGHTS = (1 << 13) - 1  # all that version 1 knows
_SCOPES = 1 | 2  # abstract sockets and signals
LEAST_VERSION = 2  # version 1 lets nobody move a file into another folder
_TRUNCATE_VERSION = 3
SIGNAL_SCOPE_VERSION = 6


class Sandbox(NamedTuple):
    """How one process is shut in; paths have no symbolic links."""

    landlock: int = 0  # the version of the kernel's Landlock; 0 if it is not used
    is_hidden: bool = False  # no other process of the same user may look into this one
    writable: Sequence[str] = ("/",)
    readable: Sequence[str] = ()
    closed: Sequence[str] = ()  # files and folders that stay closed inside those that are open
    closes_folders: bool = False  # folders that are not open cannot be listed either
    namespaces: int = 0  # 1: a mount namespace, as root; 2: a user namespace as well
    private_tmp: str = ""  # the folder that the process sees as /tmp
    kept: Sequence[str] = ()  # folders inside /tmp that the process still needs
    read_only: Sequence[str] = ()
    pinned: Sequence[str] = ()  # folders that the process cannot move, the outer ones first
    covered: Sequence[str] = ()  # files and folders in whose place the process sees nothing that it can use
    others: str = ""  # the folder with all functions' temporary folders, where it is outside /tmp


def enter(sandbox: Sandbox) -> None:
    """Shut this process in; raises OSError if the kernel refuses a part of it."""
    libc = ctypes.CDLL(None, use_errno=True)
    if sandbox.namespaces:
        _enter_namespaces(libc, sandbox)
    _check(libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    _drop_capabilities(libc, 0 if sandbox.namespaces > 1 else _KEPT_BY_ROOT)
    if sandbox.landlock:
        _enter_domain(libc, sandbox)
    _keep_limits_of_others(libc)
    if sandbox.is_hidden:
        _check(libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0))


def _keep_limits_of_others(libc: ctypes.CDLL) -> None:
    """Let prlimit() change the limits of this process alone: with a limit of 0 it could end any other.

    No other part of the sandbox refuses this, so a filter of system calls does. Where the kernel has no such
    filters, or where the machine is of another kind, nothing is filtered.
    """
    machine = _MACHINES.get(os.uname().machine)
    if machine is None:
        return
    seccomp, architectures = machine
    rules = b"".join(_prlimit_rule(*each) for each in architectures) + _instruction(_RETURN, _ALLOW)
    program = ctypes.create_string_buffer(rules, len(rules))
    libc.syscall(seccomp, 1, _SPEC_ALLOW, struct.pack("HxxxxxxP", len(rules) // 8, ctypes.addressof(program)))


def _prlimit_rule(architecture: int, number: int) -> bytes:
    """Refuse prlimit() of one architecture with new limits for another process."""
    return b"".join(
        (
            _instruction(_LOAD, 4),
            _instruction(_JUMP_IF_EQUAL, architecture, otherwise=10),
            _instruction(_LOAD, 0),
            _instruction(_JUMP_IF_EQUAL, number, otherwise=8),
            _instruction(_LOAD, 16),  # the process; 0 is the caller
            _instruction(_JUMP_IF_EQUAL, 0, then=6),
            _instruction(_JUMP_IF_EQUAL, os.getpid(), then=5),
            _instruction(_LOAD, 32),  # the address of the new limits, which may be none
            _instruction(_JUMP_IF_EQUAL, 0, otherwise=2),
            _instruction(_LOAD, 36),
            _instruction(_JUMP_IF_EQUAL, 0, then=1),
            _instruction(_RETURN, _REFUSE | errno.EPERM),
        )
    )


def _instruction(code: int, value: int, then: int = 0, otherwise: int = 0) -> bytes:
    """One instruction of a filter: what it does, to what, and how many instructions a jump leaves out."""
    return struct.pack("=HBBI", code, then, otherwise, value)


def landlock_version() -> int:
    """The version of the kernel's Landlock; 0 if there is none, or if it may not be used."""
    try:
        version: int = ctypes.CDLL(None).syscall(_CREATE_RULESET, None, 0, 1)
    except AttributeError:
        return 0  # macOS
    return max(0, version)


def _enter_domain(libc: ctypes.CDLL, sandbox: Sandbox) -> None:
    """Enter a Landlock domain: no process outside can be looked into or, from version 6 on, signalled."""
    handled = _handled_rights(sandbox)
    scopes = _SCOPES if sandbox.landlock >= SIGNAL_SCOPE_VERSION else 0
    # Older kernels refuse a structure with fields that they do not know.
    attributes = struct.pack("QQQ", handled, 0, scopes) if scopes else struct.pack("Q", handled)
    ruleset = _check(libc.syscall(_CREATE_RULESET, attributes, len(attributes), 0))
    if handled:
        for rights, folders in ((_READING & handled, sandbox.readable), (handled, sandbox.writable)):
            for path in {each for folder in folders for each in around(folder, sandbox.closed)}:
                _open(libc, ruleset, path, rights)
    _check(libc.syscall(_RESTRICT_SELF, ruleset, 0))
    os.close(ruleset)


def _handled_rights(sandbox: Sandbox) -> int:
    """The rights that a process has only where they are given to it.

    A domain needs a right or a scope. REFER is the right to move a file into another folder, which a domain
    with any right takes away unless it is given.
    """
    needs_files = sandbox.closed or sandbox.closes_folders or sandbox.namespaces
    if not needs_files and sandbox.landlock >= SIGNAL_SCOPE_VERSION:
        return 0
    rights = _FIRST_RIGHTS | REFER | (TRUNCATE if sandbox.landlock >= _TRUNCATE_VERSION else 0)
    return rights if sandbox.closes_folders else rights & ~READ_DIR


def around(folder: str, closed: Collection[str]) -> Iterator[str]:
    """The paths that together are a folder without what is closed inside it."""
    inside = [path for path in closed if f"{path}/".startswith(folder.rstrip("/") + "/")]
    if not inside:
        yield folder
    elif folder not in inside:
        for entry in _entries(folder):
            yield from around(entry, inside)


def _entries(folder: str) -> list[str]:
    """The entries of a folder; a symbolic link is none, because what it leads to has a place of its own."""
    try:
        with os.scandir(folder) as entries:
            return [entry.path for entry in entries if not entry.is_symlink()]
    except OSError:
        return []  # what cannot be listed stays closed


def _open(libc: ctypes.CDLL, ruleset: int, path: str, rights: int) -> None:
    """Give the process these rights to a file, or to everything inside a folder."""
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return  # it has been removed, or it is in a folder that this user cannot enter
    try:
        is_folder = stat.S_ISDIR(os.fstat(descriptor).st_mode)
        rule = struct.pack("=Qi", rights if is_folder else rights & _OF_FILES, descriptor)
        _check(libc.syscall(_ADD_RULE, ruleset, 1, rule, 0))
    finally:
        os.close(descriptor)


def _enter_namespaces(libc: ctypes.CDLL, sandbox: Sandbox) -> None:
    """Enter namespaces of its own, and change what is mounted there."""
    user, group = os.getuid(), os.getgid()
    folder = os.getcwd()
    is_user_namespace = sandbox.namespaces > 1
    _check(libc.unshare(_CLONE_NEWNS | (_CLONE_NEWUSER if is_user_namespace else 0)))
    if is_user_namespace:
        _write("/proc/self/setgroups", "deny")
        _write("/proc/self/uid_map", f"{user} {user} 1")
        _write("/proc/self/gid_map", f"{group} {group} 1")
    _check(libc.mount(None, b"/", None, _MS_REC | _MS_SLAVE, None))
    for path in sandbox.read_only:
        _bind(libc, path, path)
        _set_attributes(libc, path, _READ_ONLY)
    for path in sandbox.pinned:
        _bind(libc, path, path)  # a folder with a mount cannot be moved
    for path in sandbox.covered:
        _cover(libc, path)
    if sandbox.private_tmp:
        _replace_tmp(libc, sandbox)
    if sandbox.others:
        _cover(libc, sandbox.others)  # the function's own folder is /tmp by now
    os.chdir(folder)


def _cover(libc: ctypes.CDLL, path: str) -> None:
    """Mount an empty folder that cannot be written to in a folder's place, a device in that of a file."""
    if os.path.isdir(path):
        _check(libc.mount(b"tmpfs", os.fsencode(path), b"tmpfs", _MS_READ_ONLY, b"size=4k,mode=000"))
    else:
        _bind(libc, "/dev/null", path)
        _set_attributes(libc, path, _NO_DEVICES)  # so that the device in the file's place cannot be opened


def _replace_tmp(libc: ctypes.CDLL, sandbox: Sandbox) -> None:
    """Mount a folder at /tmp, and inside it again what was inside /tmp and is still needed."""
    kept = [(path, os.open(path, os.O_PATH | os.O_CLOEXEC)) for path in sandbox.kept]
    _bind(libc, sandbox.private_tmp, _TMP)
    for path, descriptor in kept:
        if os.path.isdir(f"/proc/self/fd/{descriptor}"):
            os.makedirs(path, exist_ok=True)
        else:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
        _bind(libc, f"/proc/self/fd/{descriptor}", path)
        os.close(descriptor)


def _bind(libc: ctypes.CDLL, source: str, target: str) -> None:
    _check(libc.mount(os.fsencode(source), os.fsencode(target), None, _MS_BIND | _MS_REC, None))


def _set_attributes(libc: ctypes.CDLL, path: str, attributes: int) -> None:
    """Add attributes to what is mounted at a path."""
    change = struct.pack("QQQQ", attributes, 0, 0, 0)
    place = os.fsencode(path)
    _check(libc.syscall(_MOUNT_SETATTR, _AT_FDCWD, place, _AT_RECURSIVE, change, len(change)))


def _drop_capabilities(libc: ctypes.CDLL, keep: int) -> None:
    """Give up all capabilities but some; with no_new_privs no program that is started gets one back."""
    header, words = struct.pack("Ii", _CAPABILITIES_VERSION, 0), ctypes.create_string_buffer(24)
    _check(libc.capget(header, words))
    low, high = keep & 0xFFFFFFFF, keep >> 32
    # Three low words (effective, permitted, inheritable), then three high ones.
    held = struct.unpack("6I", words.raw)
    kept = [value & mask for value, mask in zip(held, (low, low, low, high, high, high), strict=True)]
    _check(libc.capset(header, struct.pack("6I", *kept)))


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="ascii") as file:
        file.write(text)


def _check(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


if __name__ == "__main__":  # whether these namespaces are permitted
    enter(Sandbox(namespaces=int(sys.argv[1])))
