"""The event queue in a SQLite file, for the server processes of one machine."""

import json
import logging
import sqlite3
import time
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from berth.invoke.queue.event_queue import Depth, Lease, QueueDepth
from berth.invoke.sqlite_file import SqliteFile
from berth.model.asynchronous import Origin, QueuedEvent

log = logging.getLogger("berth")

_DETAILS = ("trace_id", "qualifier")


class SqliteQueue:
    """See EventQueue. An event is due again when its lease ends: `due` is the end of the lease."""

    def __init__(self, file: SqliteFile, clock: Callable[[], float] = time.time) -> None:
        self.file = file
        self._clock = clock

    def put(self, event: QueuedEvent) -> None:
        """Store an event."""
        self.put_soon(event)()

    def put_soon(self, event: QueuedEvent) -> Callable[[], None]:
        """Begin to store an event; one with the same id is in the queue already then, and stays as it is."""
        row = (
            event.request_id,
            event.function,
            event.created_at,
            self._clock(),
            _details(event),
            event.payload,
        )
        stored = self.file.write_soon(
            lambda connection: connection.execute(
                "INSERT INTO events (id, function, created, due, details, payload) VALUES (?, ?, ?, ?, ?, ?)"
                " ON CONFLICT (id) DO NOTHING",
                row,
            ).close()
        )
        return lambda: self.file.await_write(stored)

    def lease(self, wanted: Mapping[str, int], most: int, seconds: float) -> Sequence[Lease]:
        """Lease events that are due, of each function the oldest first."""

        def find(connection: sqlite3.Connection) -> list[Lease]:
            found: list[Lease] = []
            for function, count in wanted.items():
                found += self._due(connection, function, min(count, most - len(found)))
            end = self._clock() + seconds
            connection.executemany(
                "UPDATE events SET due = ?, token = ? WHERE id = ?",
                [(end, lease.token, lease.event.request_id) for lease in found],
            )
            return found

        if not self.file.exists() or not self.file.read(self._has_due):
            return ()
        return self.file.write(find)

    def renew(self, leases: Iterable[Lease], seconds: float) -> Sequence[Lease]:
        """Let leases last longer, and return those that are lost."""

        def lengthen(connection: sqlite3.Connection) -> list[Lease]:
            end = self._clock() + seconds
            return [lease for lease in leases if not _set_due(connection, lease, end)]

        return self.file.write(lengthen)

    def give_back(self, lease: Lease, delay: float) -> None:
        """Let another attempt be made after so many seconds."""
        due = self._clock() + delay
        self.file.write(
            lambda connection: connection.execute(
                "UPDATE events SET due = ?, token = NULL WHERE id = ? AND token = ?",
                (due, lease.event.request_id, lease.token),
            )
        )

    def remove(self, lease: Lease) -> None:
        """Remove an event that is done, with the next commit."""
        self.file.write_soon(
            lambda connection: connection.execute(
                "DELETE FROM events WHERE id = ? AND token = ?", (lease.event.request_id, lease.token)
            )
        )

    def bury(self, lease: Lease) -> None:
        """Keep an event that failed for good among the dead."""
        self.file.write(
            lambda connection: connection.execute(
                "UPDATE events SET is_dead = 1, token = NULL WHERE id = ? AND token = ?",
                (lease.event.request_id, lease.token),
            )
        )

    def depth(self) -> QueueDepth:
        """Count the events."""
        now = self._clock()

        def count(connection: sqlite3.Connection) -> QueueDepth:
            rows = connection.execute(
                "SELECT function, sum(NOT is_dead AND (token IS NULL OR due <= :now)),"
                " sum(NOT is_dead AND token IS NOT NULL AND due > :now),"
                " sum(is_dead), min(CASE WHEN is_dead THEN NULL ELSE created END)"
                # In the order of an index it would read the whole table, too, but here and there.
                " FROM events NOT INDEXED GROUP BY function ORDER BY function",
                {"now": now},
            ).fetchall()
            functions = {name: Depth(*counts) for name, *counts, _ in rows}
            oldest = min((created for *_, created in rows if created is not None), default=now)
            return QueueDepth(
                depth=sum(each.depth for each in functions.values()),
                running=sum(each.running for each in functions.values()),
                dead=sum(each.dead for each in functions.values()),
                oldest_age_seconds=max(0.0, now - oldest),
                functions=functions,
            )

        return self.file.read(count)

    def revive(self, request_id: str | None = None) -> Sequence[str]:
        """Let dead events, or the one with an id, be run again; returns their ids."""

        def update(connection: sqlite3.Connection) -> list[str]:
            rows = connection.execute(
                "UPDATE events SET is_dead = 0, due = ?, created = ? WHERE is_dead AND (? IS NULL OR id = ?)"
                " RETURNING id",
                (self._clock(), self._clock(), request_id, request_id),
            )
            return [row[0] for row in rows]

        return self.file.write(update)

    def purge(self) -> Sequence[str]:
        """Remove all events, dead ones too, that no server runs; returns their ids."""

        def delete(connection: sqlite3.Connection) -> list[str]:
            rows = connection.execute(
                "DELETE FROM events WHERE is_dead OR token IS NULL OR due <= ? RETURNING id", (self._clock(),)
            )
            return [row[0] for row in rows]

        return self.file.write(delete)

    def let_go(self) -> None:
        """Do nothing: nothing is taken that is not leased."""

    def close(self) -> None:
        """Close the file."""
        self.file.close()

    def _has_due(self, connection: sqlite3.Connection) -> bool:
        """Whether a server may find an event that is due; most looks into a queue find nothing."""
        rows = connection.execute(
            "SELECT 1 FROM events WHERE is_dead = 0 AND due <= ? LIMIT 1", (self._clock(),)
        )
        return next(rows, None) is not None

    def _due(self, connection: sqlite3.Connection, function: str, most: int) -> list[Lease]:
        rows = connection.execute(
            "SELECT id, function, payload, details, created FROM events"
            " WHERE function = ? AND is_dead = 0 AND due <= ? ORDER BY due LIMIT ?",
            (function, self._clock(), most),
        )
        return [
            Lease(event, uuid.uuid4().hex) for row in rows.fetchall() if (event := _read(connection, *row))
        ]


def _set_due(connection: sqlite3.Connection, lease: Lease, due: float) -> bool:
    """Move the end of a lease; returns False if the lease is lost."""
    changed = connection.execute(
        "UPDATE events SET due = ? WHERE id = ? AND token = ?", (due, lease.event.request_id, lease.token)
    )
    return changed.rowcount == 1


def _details(event: QueuedEvent) -> str:
    details = {name: getattr(event, name) for name in _DETAILS}
    return json.dumps({**details, "origin": asdict(event.origin)})


def _read(connection: sqlite3.Connection, request_id: str, *row: Any) -> QueuedEvent | None:
    """Read an event; one that cannot be read is put among the dead, so it does not stop the others."""
    try:
        return _event(request_id, *row)
    except (ValueError, KeyError, TypeError) as wrong:
        log.error("the event queue: event %s cannot be read and is dead now: %r", request_id, wrong)
        connection.execute("UPDATE events SET is_dead = 1, token = NULL WHERE id = ?", (request_id,))
        return None


def _event(request_id: str, function: str, payload: bytes, details: str, created: float) -> QueuedEvent:
    known = json.loads(details)
    return QueuedEvent(
        request_id=request_id,
        function=function,
        payload=payload,
        created_at=created,
        origin=Origin.of(known["origin"]),
        **{name: known[name] for name in _DETAILS if name in known},
    )
