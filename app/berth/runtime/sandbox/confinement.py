"""How the processes of a server's functions are shut in: what is asked for, and what the kernel has."""

import os
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from berth.errors import Problem
from berth.host.private_folder import make_private_folder
from berth.model.function import Function
from berth.model.stage import Stage
from berth.runtime.sandbox.child import LEAST_VERSION, Sandbox
from berth.runtime.sandbox.kernel import Kernel, find_kernel, find_namespaces
from berth.settings import Settings

_TMP = "/tmp"  # noqa: S108
# In the sandboxes that close files, all but these folders and the function's own stays closed.
_WRITABLE = (_TMP, "/dev", "/proc", "/mnt")
_READABLE = (
    *("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/etc", "/opt"),
    *("/sys", "/run", "/var"),
)
# New files in these folders are everybody's, so no file in them can be closed by a list of what is open.
_SHARED = (_TMP, "/var/tmp", "/dev/shm")  # noqa: S108
_VAR_TMP = "/var/tmp"  # noqa: S108
_PRIVATE_KEY = b"PRIVATE KEY-----"
# SQLite keeps what it has just written in files beside its file; they come and go.
_OF_SQLITE = ("", "-wal", "-shm", "-journal")


class Confinement:
    """Decides for each process how it is shut in; one for each server."""

    def __init__(self, settings: Settings, kernel: Kernel | None = None) -> None:
        self._settings = settings
        self._kernel = find_kernel() if kernel is None else kernel
        self._level = settings.sandbox
        self._tls_files = tuple(map(_real, _tls_secrets(settings)))
        self._store_files = tuple(map(_real, settings.store_files))
        folder = settings.store_folder
        self._store_folder = os.path.join(_real(folder.parent), folder.name) if folder else None
        self._has_landlock = self._kernel.landlock >= LEAST_VERSION

    @property
    def shares_tmp(self) -> bool:
        """Whether all functions see the same /tmp."""
        return self._level != "namespaces"

    @property
    def temp_parent(self) -> str | None:
        """The folder for temporary folders; None for the system's own.

        Everything in /tmp is open to all functions in the sandbox `files`, so their folders are elsewhere.
        """
        own = _real(tempfile.gettempdir())
        return _VAR_TMP if self._level == "files" and _is_inside(own, (_TMP,)) else None

    def seen_folder(self, folder: Path) -> Path:
        """The path by which a function reaches its own temporary folder."""
        return folder if self.shares_tmp else Path(_TMP)

    def sandbox(self, function: Function, folder: Path, own: Sequence[str] = ()) -> Sandbox | None:
        """The sandbox of a process; `own` are folders of the runtime. None if the process is not shut in."""
        if self._level == "off" or not self._kernel.can_hide:
            return None
        landlock = self._kernel.landlock if self._has_landlock else 0
        for recorded in function.stage.recorded_folders:  # only what is there can be closed
            with suppress(OSError):  # the recorder tells
                recorded.mkdir(mode=0o700, parents=True, exist_ok=True)
        secrets = [*self._secrets(function.stage), *self._files_of_stores()]
        closed = tuple(path for path in secrets if self._can_close(path))
        covered = tuple(path for path in secrets if path not in closed and os.path.exists(path))
        namespaces = self._namespaces() if covered else 0
        plain = Sandbox(landlock=landlock, is_hidden=not landlock, closed=closed)
        if self._level == "auto":
            if not namespaces:
                return plain
            return plain._replace(covered=covered, pinned=_movable(covered), namespaces=namespaces)
        needed = (*_code(function), *map(_real, (*own, *_interpreter())))
        if self._level == "files":
            return self._close_files(plain, needed, _real(folder))
        return self._close_files(plain, needed, _TMP)._replace(
            covered=covered,
            namespaces=self._namespaces(),
            private_tmp=_real(folder),
            others="" if _is_inside(_real(folder), (_TMP,)) else _real(folder.parent),
            kept=tuple(path for path in needed if _is_inside(path, (_TMP,)) and path != _TMP),
            read_only=tuple(dict.fromkeys(map(_real, _own_folders(function)))),
        )

    def problems(self, stage: Stage) -> Iterator[Problem]:
        """Why this system cannot give the sandbox that is asked for."""
        for reason in self._reasons(stage):
            yield Problem("environment", "BERTH_SANDBOX", f"{self._level!r} {reason}")

    def warnings(self, stage: Stage) -> Iterator[str]:
        """What the sandbox leaves open though it should be closed."""
        if self._level == "auto" and self._kernel.can_hide:
            exposed = [path for path in self._secrets(stage) if not self._can_close(path)]
            for path in exposed if exposed and not self._namespaces() else ():
                yield f"sandbox: functions can read {path}: {_why(self._has_landlock)}"
            # A mount can cover a folder, not the files that SQLite makes and removes.
            stores = [path for path in self._store_files if not self._can_close(path)]
            stores += [self._store_folder] if self._store_folder and not self._namespaces() else []
            for path in stores:
                yield (
                    f"sandbox: functions can read and change {path}, which holds the events of all: "
                    f"{_why_store(self._has_landlock)}"
                )

    def description(self) -> str:
        """What holds on this system, for the log."""
        if self._level == "off":
            return "sandbox off: functions can look into each other and into the server"
        if not self._kernel.can_hide:
            return f"sandbox {self._level}: none, this system has no means for it"
        return f"sandbox {self._level}: {', '.join(self._means())}"

    def _means(self) -> Iterator[str]:
        if self._kernel.scopes_signals:
            yield f"Landlock {self._kernel.landlock} with signal and socket scope"
        elif self._has_landlock:
            yield f"Landlock {self._kernel.landlock} without signal scope: functions can end each other"
        else:
            yield "no Landlock: functions are hidden from each other, and can end each other"
        if self._level != "auto" and self._has_landlock:
            yield "files of others closed"
        if self._level == "namespaces":
            yield "a private /tmp"

    def _reasons(self, stage: Stage) -> Iterator[str]:
        if self._level == "namespaces" and not self._namespaces():
            yield "needs mount namespaces, as root or with user namespaces: this host permits neither"
        if self._level != "files":
            return
        if not self._has_landlock:
            yield "needs a kernel with Landlock (Linux 5.19): this one has none"
        folders = map(_real, (self._settings.functions_dir, self._settings.manifests_dir))
        stores = [*self._store_files, *filter(None, [self._store_folder])]
        for path in (*folders, *self._secrets(stage), *stores):
            if _is_inside(path, _WRITABLE):
                yield f"cannot close {path}: all functions may use what is inside {', '.join(_WRITABLE)}"
        parent = self.temp_parent
        if parent and not os.access(parent, os.W_OK | os.X_OK):
            yield f"needs a folder outside {_TMP} for temporary files: let TMPDIR name one, or mount {parent}"

    def _close_files(self, plain: Sandbox, needed: tuple[str, ...], temp: str) -> Sandbox:
        private = [self._settings.functions_dir, self._settings.manifests_dir]
        if self.shares_tmp:  # otherwise the folders of others are not seen at all
            private.append(Path(self.temp_parent or tempfile.gettempdir()))
        closed = (*plain.closed, *map(_real, private))
        return plain._replace(
            closes_folders=True,
            readable=tuple(dict.fromkeys((*map(_real, _READABLE), *needed))),
            writable=tuple(dict.fromkeys((*map(_real, _WRITABLE), temp))),
            closed=closed,
        )

    def _secrets(self, stage: Stage) -> tuple[str, ...]:
        """The server's files that no function may read."""
        return tuple(dict.fromkeys((*self._tls_files, *map(_real, stage.secret_files))))

    def _files_of_stores(self) -> Iterator[str]:
        """The files with the events of all functions; the folder that has them in their default place."""
        for file in self._store_files:
            yield from (f"{file}{suffix}" for suffix in _OF_SQLITE)
        if self._store_folder:
            # A function that runs before the first event must not make the folder either.
            make_private_folder(Path(self._store_folder))
            yield self._store_folder

    def _can_close(self, path: str) -> bool:
        """Whether Landlock can close a file; in a folder that functions share it cannot."""
        if self._level == "files":
            return self._has_landlock
        shared = (*_SHARED, tempfile.gettempdir()) if self._level == "auto" else (_TMP,)
        return self._has_landlock and not _is_inside(path, shared)

    def _namespaces(self) -> int:
        return find_namespaces() if self._kernel.namespaces is None else self._kernel.namespaces


def _movable(files: Iterable[str]) -> tuple[str, ...]:
    """The folders around files that a function could move, the files with them, out of the server's reach."""
    temp = _real(tempfile.gettempdir())
    folders = {str(parent) for file in files for parent in Path(file).parents}
    inside = {path for path in folders if _is_inside(path, (*_SHARED, temp))} - set(map(_real, _SHARED))
    return tuple(sorted(path for path in inside if not _is_inside(temp, (path,))))


def _code(function: Function) -> Iterator[str]:
    """The function's own folders and its layers, and what symbolic links in its own folders lead to."""
    yield from map(_real, (*_own_folders(function), *function.layers))
    for folder in _own_folders(function):
        with os.scandir(folder) as entries:
            yield from [_real(entry.path) for entry in entries if entry.is_symlink()]


def _own_folders(function: Function) -> tuple[Path, ...]:
    """The folder of the function's code, and that of its packages."""
    return function.code, function.directory


def _interpreter() -> tuple[str, ...]:
    return sys.prefix, sys.base_prefix, os.path.dirname(os.path.realpath(sys.executable))


def _tls_secrets(settings: Settings) -> Iterator[str]:
    """The files of the server's private key; a certificate's file may hold the key as well."""
    if settings.tls_key:
        yield settings.tls_key
    if settings.tls_certificate and _PRIVATE_KEY in Path(settings.tls_certificate).read_bytes():
        yield settings.tls_certificate


def _why(has_landlock: bool) -> str:
    if has_landlock:
        return "it is in a folder that they share; move it to one of its own"
    return "this kernel has no Landlock; read it from a variable"


def _why_store(has_landlock: bool) -> str:
    if has_landlock:
        return "name a folder outside /tmp in BERTH_QUEUE_URL or BERTH_STATE"
    return "this kernel has no Landlock; use SQS and DynamoDB if functions must not trust each other"


def _real(path: str | Path) -> str:
    return os.path.realpath(path)


def _is_inside(path: str, folders: Iterable[str]) -> bool:
    return any(path == each or path.startswith(f"{each}/") for each in map(_real, folders))
