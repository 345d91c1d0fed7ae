"""One SQLite file that several server processes share: the event queue and the state store are in it."""

import logging
import os
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import Any, Generic, TypeVar
from urllib.parse import quote

from berth.errors import QueueLost, QueueUnavailable
from berth.host.private_folder import make_private_folder, private_folder_problem

log = logging.getLogger("berth")

T = TypeVar("T")
Change = Callable[[sqlite3.Connection], T]

# Version 1 of the tables. A later version may only add to them, because the servers of two versions share
# a file during a deployment.
_VERSION = 1
_TABLES = """
CREATE TABLE IF NOT EXISTS events (
    id TEXT PRIMARY KEY, function TEXT NOT NULL, created REAL NOT NULL, due REAL NOT NULL, token TEXT,
    is_dead INTEGER NOT NULL DEFAULT 0, details TEXT NOT NULL, payload BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS events_by_function ON events (function, is_dead, due);
CREATE INDEX IF NOT EXISTS events_by_due ON events (is_dead, due);
CREATE TABLE IF NOT EXISTS items (
    key TEXT PRIMARY KEY, value BLOB NOT NULL, version INTEGER NOT NULL, expires REAL
);
CREATE INDEX IF NOT EXISTS items_by_expiry ON items (expires) WHERE expires IS NOT NULL;
"""
_LOCKED_SECONDS = 4.0  # how long another process may hold the file
_SECONDS = 5.0  # how long a caller waits
_MOST_CHANGES = 500  # of one commit
_MOST_IDLE_READERS = 4


class Waiting(Generic[T]):
    """A change on its way to the disk, and one thread that may wait for it: much less work than a Future."""

    __slots__ = ("_ended", "error", "is_given_up", "make", "result")

    def __init__(self, make: Change[T]) -> None:
        self.make = make
        self.result: T | None = None
        self.error: QueueUnavailable | None = None
        self.is_given_up = False
        self._ended = threading.Lock()
        self._ended.acquire()

    def end(self) -> None:
        """Let go who waits."""
        self._ended.release()

    def wait(self, seconds: float) -> bool:
        """Wait for the end, but only for so long; returns whether it has come."""
        if not self._ended.acquire(timeout=seconds):
            return False
        self._ended.release()
        return True


class SqliteFile:
    """The connections of one server process to the file.

    One thread writes. It commits all changes that wait together, because a commit waits for the disk.
    """

    def __init__(self, path: Path, *, is_folder_private: bool = False) -> None:
        """`is_folder_private` says that the folder is for this file alone, and is made with it."""
        self.path = path
        self._is_folder_private = is_folder_private
        self._opening = threading.Lock()
        self._changed = threading.Condition()
        self._waiting: deque[Waiting[Any]] = deque()
        self._writer: threading.Thread | None = None
        self._is_closed = False
        self._readers: deque[sqlite3.Connection] = deque()
        self._inode: int | None = None  # of the file that was opened first

    def check(self) -> None:
        """Raise QueueUnavailable if there is a file that cannot be used; changes nothing in it."""
        if self._is_folder_private and (problem := private_folder_problem(self.path.parent)):
            raise QueueUnavailable(f"{problem}: remove it, or name another place for the queue's file")
        if not self.path.exists():
            return self._check_folder()
        try:
            with closing(self._connect("ro")) as connection:
                version = _first(connection.execute("PRAGMA user_version"))
                problem = _first(connection.execute("PRAGMA quick_check(1)"))
            with self.path.open("r+b"):
                pass
        except (sqlite3.Error, OSError) as failed:
            raise QueueUnavailable(f"{self.path} cannot be used: {failed}") from failed
        if version > _VERSION:
            raise QueueUnavailable(f"{self.path} was made by a newer version of Berth")
        if problem != "ok":
            raise QueueUnavailable(f"{self.path} is damaged: {problem}")
        return None

    def exists(self) -> bool:
        """Whether anything was ever written; the first write makes the file."""
        return self._inode is not None or self.path.exists()

    def write(self, change: Change[T]) -> T:
        """Make a change, and wait until it is on the disk; raises QueueUnavailable if it is not made."""
        return self.await_write(self.write_soon(change))

    def await_write(self, waiting: Waiting[T]) -> T:
        """Wait until a change is on the disk; raises QueueUnavailable if it is not made."""
        if not waiting.wait(_SECONDS):
            waiting.is_given_up = True
            raise QueueUnavailable(f"{self.path} is locked")
        if waiting.error is not None:
            raise waiting.error
        return waiting.result  # type: ignore[return-value]

    def write_soon(self, change: Change[T]) -> Waiting[T]:
        """Make a change soon; `await_write` waits for it."""
        waiting = Waiting(change)
        with self._changed:
            if self._is_closed:
                raise QueueUnavailable(f"{self.path} is closed")
            self._waiting.append(waiting)
            if self._writer is None:
                self._writer = threading.Thread(target=self._write, name="berth-queue-file", daemon=True)
                self._writer.start()
            self._changed.notify()
        return waiting

    def read(self, query: Change[T]) -> T:
        """Read what has been committed; raises QueueUnavailable."""
        with ExitStack() as on_failure:
            try:
                self._refuse_if_removed()
                connection = self._take_reader()
                on_failure.callback(connection.close)
                result = query(connection)
            except (sqlite3.Error, OSError) as failed:
                raise QueueUnavailable(f"{self.path} cannot be read: {failed}") from failed
            if not self._is_closed and len(self._readers) < _MOST_IDLE_READERS:
                on_failure.pop_all()
                self._readers.append(connection)
        return result

    def close(self) -> None:
        """Make the changes that wait, and close the file."""
        with self._changed:
            self._is_closed = True
            self._changed.notify()
        if self._writer is not None:
            self._writer.join(_SECONDS)  # another process may hold the file
        while self._readers:
            self._readers.pop().close()

    def _check_folder(self) -> None:
        folder = self.path.parent
        if self._is_folder_private and not folder.exists():
            folder = folder.parent
        if not folder.is_dir():
            raise QueueUnavailable(f"{folder}: there is no such folder for the queue's file")
        if not os.access(folder, os.W_OK):
            raise QueueUnavailable(f"{folder}: the queue's file cannot be made in this folder")

    def _take_reader(self) -> sqlite3.Connection:
        try:
            return self._readers.pop()
        except IndexError:
            return self._open()

    def _write(self) -> None:
        connection: sqlite3.Connection | None = None
        while (changes := self._next_changes()) is not None:
            try:
                connection = self._checked(connection)
                _commit(connection, changes)
            except Exception as failed:  # whatever it is, the thread goes on: nobody else would write
                if not isinstance(failed, sqlite3.Error | OSError | QueueLost):
                    log.exception("a change of %s failed", self.path)
                _refuse(changes, f"{self.path} cannot be written", failed)
                if connection is not None and connection.in_transaction:
                    connection.close()
                    connection = None
        if connection is not None:
            connection.close()

    def _next_changes(self) -> Sequence[Waiting[Any]] | None:
        """Wait for changes whose callers still wait; None once the file is closed and all are made."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._is_closed)
            if not self._waiting:
                return None
            count = min(len(self._waiting), _MOST_CHANGES)
            changes = [self._waiting.popleft() for _ in range(count)]
        return [each for each in changes if not each.is_given_up]

    def _checked(self, connection: sqlite3.Connection | None) -> sqlite3.Connection:
        """The writer's connection; raises QueueLost if the file was removed."""
        self._refuse_if_removed()
        return connection or self._open()

    def _refuse_if_removed(self) -> None:
        """Raise QueueLost if the file was removed: SQLite would go on in a file that nobody else sees."""
        if self._inode is None:
            return
        try:
            is_removed = os.stat(self.path).st_ino != self._inode
        except FileNotFoundError:
            is_removed = True
        if is_removed:
            raise QueueLost(f"{self.path} was removed while the server was running; restart the server")

    def _open(self) -> sqlite3.Connection:
        with ExitStack() as on_failure:
            self._make()
            connection = self._connect("rw")
            on_failure.callback(connection.close)
            connection.execute("PRAGMA journal_mode = WAL")
            # With FULL a commit has reached the disk before it is told.
            connection.execute("PRAGMA synchronous = FULL")
            if _first(connection.execute("PRAGMA user_version")) < _VERSION:
                connection.executescript(f"BEGIN IMMEDIATE;{_TABLES}PRAGMA user_version = {_VERSION};COMMIT")
            if self._inode is None:
                self._inode = os.stat(self.path).st_ino
            on_failure.pop_all()
        return connection

    def _connect(self, mode: str) -> sqlite3.Connection:
        return sqlite3.connect(
            f"file:{quote(str(self.path))}?mode={mode}",
            uri=True,
            timeout=_LOCKED_SECONDS,
            isolation_level=None,
            check_same_thread=False,
        )

    def _make(self) -> None:
        """Make the file; events and results are for no other user of the machine.

        SQLite gives the files beside it the same mode.
        """
        # Closing a file that SQLite has open would end its locks, so only one thread is here at a time.
        with self._opening, suppress(FileExistsError):
            if self._is_folder_private:
                make_private_folder(self.path.parent)
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))


def _commit(connection: sqlite3.Connection, changes: Sequence[Waiting[Any]]) -> None:
    """Make all changes in one transaction; each has its result once the transaction is committed."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        for each in changes:
            each.result = each.make(connection)
        connection.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise
    for each in changes:
        each.end()


def _refuse(changes: Sequence[Waiting[Any]], what: str, failed: Exception) -> None:
    for each in changes:
        is_lost = isinstance(failed, QueueLost)
        refusal = QueueLost(str(failed)) if is_lost else QueueUnavailable(f"{what}: {failed}")
        refusal.__cause__ = failed
        each.error = refusal
        each.end()


def _first(rows: sqlite3.Cursor) -> Any:
    return next(iter(rows))[0]
