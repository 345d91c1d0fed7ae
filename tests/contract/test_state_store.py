"""What every kind of state store promises."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from berth.invoke.results.dynamodb_store import DynamoStore
from berth.invoke.results.sqlite_store import SqliteStore
from berth.invoke.results.state_store import Item, StateStore
from berth.invoke.sqlite_file import SqliteFile
from kit.aws_server import Aws
from kit.clocks import FakeClock


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(1_700_000_000.0)


@pytest.fixture(params=["sqlite", "dynamodb", "dynamodb with a bucket"])
def store(request: pytest.FixtureRequest, tmp_path: Path, clock: FakeClock) -> Iterator[StateStore]:
    def dynamodb(*, has_bucket: bool) -> DynamoStore:
        aws: Aws = request.getfixturevalue("aws")
        bucket = aws.create_bucket() if has_bucket else None
        return DynamoStore(aws.create_table(), bucket, aws.clients, clock)

    kinds: dict[str, Callable[[], StateStore]] = {
        "sqlite": lambda: SqliteStore(SqliteFile(tmp_path / "state.db"), clock),
        "dynamodb": lambda: dynamodb(has_bucket=False),
        "dynamodb with a bucket": lambda: dynamodb(has_bucket=True),
    }
    store = kinds[request.param]()
    yield store
    if request.param == "sqlite":  # AWS's clients serve other tests, too
        store.close()


def test_a_value_comes_as_it_was_put(store: StateStore):
    assert store.get("a") is None
    assert store.put("a", b"\x00\xff first", 0)
    assert store.get("a") == Item(b"\x00\xff first", 1)
    assert store.get("b") is None


def test_a_value_is_changed_by_who_knows_its_version(store: StateStore):
    store.put("a", b"first", 0)
    assert store.put("a", b"second", 1)
    assert store.get("a") == Item(b"second", 2)


@pytest.mark.parametrize("version", [0, 1, 3])
def test_a_value_is_not_changed_by_who_knows_another_version(store: StateStore, version: int):
    store.put("a", b"first", 0)
    store.put("a", b"second", 1)
    assert not store.put("a", b"third", version)
    assert store.get("a") == Item(b"second", 2)


def test_a_key_that_is_not_there_has_no_other_version(store: StateStore):
    assert not store.put("a", b"second", 1)
    assert store.get("a") is None


def test_an_expired_value_is_not_there(store: StateStore, clock: FakeClock):
    store.put("a", b"first", 0, clock() + 60)
    clock.now += 59
    assert store.get("a") == Item(b"first", 1)
    clock.now += 1
    assert store.get("a") is None
    assert store.put("a", b"anew", 0, clock() + 60)
    assert store.get("a") == Item(b"anew", 1)


def test_a_deleted_value_is_not_there(store: StateStore):
    store.put("a", b"first", 0)
    store.delete("a")
    store.delete("b")
    assert store.get("a") is None
    assert store.put("a", b"anew", 0)


def test_a_large_value_is_kept(store: StateStore):
    # moto counts the base64 text of a value, DynamoDB its bytes.
    value = 6_000_000 * b"x" if store.most_bytes is None else 300_000 * b"x"
    assert store.put("a", value, 0, 1_800_000_000.0)
    assert store.put("a", value[1:], 1, 1_800_000_000.0)
    assert store.get("a") == Item(value[1:], 2)
