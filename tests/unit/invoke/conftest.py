"""The queue and the pages of asynchronous invocations, with a clock that stands still."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from berth.invoke.queue.sqlite_queue import SqliteQueue
from berth.invoke.results.pages import Pages
from berth.invoke.results.sqlite_store import SqliteStore
from berth.invoke.sqlite_file import SqliteFile
from kit.clocks import FakeClock


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(1_700_000_000.0)


@pytest.fixture
def file(tmp_path: Path) -> Iterator[SqliteFile]:
    file = SqliteFile(tmp_path / "events.db")
    yield file
    file.close()


@pytest.fixture
def queue(file: SqliteFile, clock: FakeClock) -> SqliteQueue:
    return SqliteQueue(file, clock)


@pytest.fixture
def pages(file: SqliteFile, clock: FakeClock) -> Pages:
    return Pages(SqliteStore(file, clock), kept_seconds=3600, clock=clock)
