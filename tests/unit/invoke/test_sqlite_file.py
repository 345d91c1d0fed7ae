"""The file of the queue: what stops a start, what a caller is told, and what survives."""

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from berth.errors import QueueLost, QueueUnavailable
from berth.invoke.queue.sqlite_queue import SqliteQueue
from berth.invoke.sqlite_file import SqliteFile
from berth.model.asynchronous import QueuedEvent


def _event(number: int = 0) -> QueuedEvent:
    return QueuedEvent(request_id=f"{number}", function="plain", payload=b"\x00\xff", created_at=1.5)


def _filled(path: Path, count: int = 1) -> None:
    file = SqliteFile(path)
    for number in range(count):
        SqliteQueue(file).put(_event(number))
    file.close()


def _fill(queue: SqliteQueue) -> None:
    for number in range(50):
        queue.put(QueuedEvent(request_id=f"{number}", function="a", payload=b"x" * 4000, created_at=0))


def _assert_refused(path: Path, message: str) -> None:
    before = path.read_bytes()
    with pytest.raises(QueueUnavailable, match=message):
        SqliteFile(path).check()
    assert path.read_bytes() == before


def test_file_that_is_not_there_is_made_when_something_is_written(tmp_path: Path) -> None:
    file = SqliteFile(tmp_path / "events.db")
    file.check()
    assert list(tmp_path.iterdir()) == []
    file.write(lambda connection: None)
    assert {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {
        "events.db": 0o600,
        "events.db-shm": 0o600,
        "events.db-wal": 0o600,
    }
    file.close()


def test_file_is_good_when_a_server_has_used_it(tmp_path: Path) -> None:
    _filled(tmp_path / "events.db", 3)
    SqliteFile(tmp_path / "events.db").check()


def test_start_is_refused_when_the_folder_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(QueueUnavailable, match="there is no such folder for the queue's file"):
        SqliteFile(tmp_path / "nowhere" / "events.db").check()


def test_start_is_refused_when_the_file_is_no_database(tmp_path: Path) -> None:
    path = tmp_path / "events.db"
    path.write_bytes(b"orders\n" * 1000)
    _assert_refused(path, "events.db cannot be used: file is not a database")


def test_start_is_refused_when_the_file_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "events.db"
    _filled(path, 200)
    content = bytearray(path.read_bytes())
    content[4096:8192] = b"\x5a" * 4096
    path.write_bytes(content)
    _assert_refused(path, "events.db (is damaged|cannot be used)")


def test_start_is_refused_when_a_newer_version_made_the_file(tmp_path: Path) -> None:
    path = tmp_path / "events.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 2")
    _assert_refused(path, "events.db was made by a newer version of Berth")


def test_file_that_was_removed_is_neither_written_nor_read(tmp_path: Path) -> None:
    file = SqliteFile(tmp_path / "events.db")
    SqliteQueue(file).put(_event())
    file.path.unlink()
    for use in (lambda: SqliteQueue(file).put(_event(1)), SqliteQueue(file).depth):
        with pytest.raises(QueueLost, match=r"events\.db was removed while the server was running"):
            use()
    assert not file.path.exists()
    file.close()


def test_file_that_was_removed_is_not_read_by_a_server_that_never_wrote(tmp_path: Path) -> None:
    _filled(tmp_path / "events.db")
    file = SqliteFile(tmp_path / "events.db")
    assert SqliteQueue(file).depth().depth == 1
    file.path.rename(tmp_path / "moved.db")
    with pytest.raises(QueueLost):
        SqliteQueue(file).depth()
    file.close()


def test_writes_are_refused_when_another_process_holds_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("berth.invoke.sqlite_file._LOCKED_SECONDS", 0.05)
    file = SqliteFile(tmp_path / "events.db")
    SqliteQueue(file).put(_event())
    with closing(sqlite3.connect(file.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(QueueUnavailable, match=r"events\.db cannot be written: database is locked"):
            SqliteQueue(file).put(_event(1))
        wait = SqliteQueue(file).put_soon(_event(1))
        with pytest.raises(QueueUnavailable, match=r"events\.db cannot be written: database is locked"):
            wait()
        assert SqliteQueue(file).depth().depth == 1
        other.execute("ROLLBACK")
    SqliteQueue(file).put(_event(2))
    assert SqliteQueue(file).depth().depth == 2
    file.close()


def test_writes_are_refused_when_the_disk_is_full(tmp_path: Path) -> None:
    file = SqliteFile(tmp_path / "events.db")
    file.write(lambda connection: connection.execute("PRAGMA max_page_count = 40").close())
    queue = SqliteQueue(file)
    with pytest.raises(QueueUnavailable, match=r"events\.db cannot be written: database or disk is full"):
        _fill(queue)
    stored = queue.depth().depth
    assert stored > 0
    file.close()
    again = SqliteQueue(SqliteFile(file.path))
    assert again.depth().depth == stored
    again.close()


def test_events_of_many_threads_are_all_stored(tmp_path: Path) -> None:
    file = SqliteFile(tmp_path / "events.db")
    queue = SqliteQueue(file)

    def put(first: int) -> None:
        for number in range(first, first + 25):
            queue.put(_event(number))

    threads = [threading.Thread(target=put, args=(first,)) for first in range(0, 200, 25)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    file.close()
    again = SqliteQueue(SqliteFile(tmp_path / "events.db"))
    assert again.depth().depth == 200
    leases = again.lease({"plain": 500}, 500, 30)
    assert {lease.event.request_id for lease in leases} == {f"{number}" for number in range(200)}
    assert leases[0].event.payload == b"\x00\xff"
    again.close()


def test_nothing_is_written_once_it_is_closed(tmp_path: Path) -> None:
    file = SqliteFile(tmp_path / "events.db")
    file.close()
    with pytest.raises(QueueUnavailable, match=r"events\.db is closed"):
        file.write(lambda connection: None)


def test_writer_goes_on_when_a_change_fails_in_any_way(tmp_path: Path) -> None:
    file = SqliteFile(tmp_path / "events.db")

    def fail(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO items VALUES ('a', x'00', 1, NULL)")
        raise TypeError("no such thing")

    with pytest.raises(QueueUnavailable, match=r"events\.db cannot be written: no such thing"):
        file.write(fail)
    assert file.write(lambda connection: connection.execute("SELECT count(*) FROM items").fetchone()) == (0,)
    file.close()


def test_failed_reads_leave_no_connection_behind(tmp_path: Path) -> None:
    file = SqliteFile(tmp_path / "events.db")
    for _ in range(3):
        with pytest.raises(QueueUnavailable, match="no such table: orders"):
            file.read(lambda connection: connection.execute("SELECT * FROM orders"))
    assert len(file._readers) == 0
    assert SqliteQueue(file).depth().depth == 0
    file.close()


def test_file_that_is_not_there_holds_no_event_and_is_not_made(tmp_path: Path) -> None:
    file = SqliteFile(tmp_path / "events.db")
    assert SqliteQueue(file).lease({"plain": 1}, 1, 30) == ()
    assert not file.path.exists()
    file.close()


def test_file_of_a_newer_server_keeps_its_version_while_an_older_one_works_it(tmp_path: Path) -> None:
    file = SqliteFile(tmp_path / "events.db")
    _filled(file.path)
    with closing(sqlite3.connect(file.path)) as newer:
        newer.execute("PRAGMA user_version = 2")
    SqliteQueue(file).put(_event(1))
    assert file.read(lambda connection: connection.execute("PRAGMA user_version").fetchone()) == (2,)
    file.close()


@pytest.mark.parametrize(
    ("details", "is_read"),
    [
        ('{"origin":{"route":"GET /a","from":"later"},"trace_id":null,"more":1}', True),
        ('{"origin":{}}', True),
        ("{", False),
        ("{}", False),
        ('{"origin":1}', False),
    ],
)
def test_event_that_cannot_be_read_is_dead_and_stops_no_other(
    tmp_path: Path, details: str, is_read: bool
) -> None:
    file = SqliteFile(tmp_path / "events.db")
    queue = SqliteQueue(file)
    queue.put(_event(1))
    file.write(lambda connection: connection.execute("UPDATE events SET details = ?", (details,)))
    queue.put(_event(2))
    found = [lease.event.request_id for lease in queue.lease({"plain": 9}, 9, 30)]
    assert found == (["1", "2"] if is_read else ["2"])
    assert queue.depth().dead == (not is_read)
    file.close()
