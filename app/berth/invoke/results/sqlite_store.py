"""The state store in a SQLite file, for the server processes of one machine."""

import sqlite3
import time
from collections.abc import Callable

from berth.invoke.results.state_store import Item
from berth.invoke.sqlite_file import SqliteFile

_SWEEP_SECONDS = 60.0


class SqliteStore:
    """See StateStore."""

    most_bytes = None

    def __init__(self, file: SqliteFile, clock: Callable[[], float] = time.time) -> None:
        self.file = file
        self._clock = clock
        self._swept_at = clock()

    def get(self, key: str) -> Item | None:
        """The value of a key, unless it has expired."""
        now = self._clock()

        def find(connection: sqlite3.Connection) -> Item | None:
            rows = connection.execute(
                "SELECT value, version FROM items WHERE key = ? AND (expires IS NULL OR expires > ?)",
                (key, now),
            )
            return next((Item(*row) for row in rows), None)

        return self.file.read(find)

    def put(self, key: str, value: bytes, version: int, expires_at: float | None = None) -> bool:
        """Write a value if its key still has this version, 0 for a key that is not there."""
        now = self._clock()

        def change(connection: sqlite3.Connection) -> bool:
            self._sweep(connection, now)
            if version == 0:
                done = connection.execute(
                    "INSERT INTO items VALUES (?, ?, 1, ?) ON CONFLICT (key) DO UPDATE"
                    " SET value = excluded.value, version = 1, expires = excluded.expires WHERE expires <= ?",
                    (key, value, expires_at, now),
                )
            else:
                done = connection.execute(
                    "UPDATE items SET value = ?, version = version + 1, expires = ?"
                    " WHERE key = ? AND version = ?",
                    (value, expires_at, key, version),
                )
            return done.rowcount == 1

        return self.file.write(change)

    def delete(self, key: str) -> None:
        """Remove a key."""
        self.file.write(lambda connection: connection.execute("DELETE FROM items WHERE key = ?", (key,)))

    def close(self) -> None:
        """Close the file."""
        self.file.close()

    def _sweep(self, connection: sqlite3.Connection, now: float) -> None:
        """Remove what has expired, once a minute."""
        if now - self._swept_at >= _SWEEP_SECONDS:
            self._swept_at = now
            connection.execute("DELETE FROM items WHERE expires <= ?", (now,))
