"""Which queue and which state store the settings name, and what stops the start."""

import importlib.util
import os
import tempfile
from pathlib import Path
from typing import Any

import pytest

from berth.errors import ManifestError, QueueUnavailable
from berth.invoke.queue.sqlite_queue import SqliteQueue
from berth.invoke.queue.sqs_queue import SqsAddress, SqsQueue
from berth.invoke.results.dynamodb_store import DynamoStore
from berth.invoke.results.sqlite_store import SqliteStore
from berth.invoke.sqlite_file import SqliteFile
from berth.invoke.stores import check_stores, default_queue_path, open_stores, with_store_files
from berth.model.asynchronous import AsyncConfig
from berth.settings import Settings
from kit.under_test import build_function

SQS = "sqs://sqs.eu-west-1.amazonaws.com/123456789012/events"


def test_pages_are_beside_the_queue_unless_another_place_is_named(tmp_path: Path):
    stores = open_stores(Settings(queue_url=f"sqlite:///{tmp_path}/a.db"))
    assert isinstance(stores.queue, SqliteQueue)
    assert isinstance(stores.state, SqliteStore)
    assert stores.queue.file is stores.state.file
    assert stores.queue.file.path == tmp_path / "a.db"
    stores = open_stores(Settings(queue_url=f"sqlite:///{tmp_path}/a.db", state=f"sqlite:{tmp_path}/b.db"))
    assert isinstance(stores.state, SqliteStore)
    assert stores.state.file.path == tmp_path / "b.db"


@pytest.fixture
def default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of a queue that no setting names."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return default_queue_path(Settings())


def test_file_in_the_default_place_is_this_users_alone(default: Path):
    assert _problems() == []
    assert not default.parent.exists()
    stores = open_stores(Settings())
    stores.state.put("key", b"value", 0)
    modes = {path.name: path.stat().st_mode & 0o777 for path in (default.parent, *default.parent.iterdir())}
    assert modes.pop(default.parent.name) == 0o700
    assert modes == {"events.db": 0o600, "events.db-wal": 0o600, "events.db-shm": 0o600}
    assert _problems() == []
    stores.close()


def test_default_place_that_another_may_have_made_stops_the_start(default: Path, tmp_path: Path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    default.parent.symlink_to(elsewhere)
    hint = "remove it, or name another place for the queue's file"
    assert _problems() == [f"BERTH_QUEUE_URL: {default.parent} is a symbolic link: {hint}"]
    default.parent.unlink()
    default.parent.mkdir(mode=0o700)
    default.symlink_to(elsewhere / "events.db")
    assert _problems() == [f"BERTH_QUEUE_URL: {default} is a symbolic link: {hint}"]
    with pytest.raises(QueueUnavailable, match="is a symbolic link"):
        open_stores(Settings()).state.get("key")
    default.unlink()
    default.parent.chmod(0o777)
    assert _problems() == [f"BERTH_QUEUE_URL: {default.parent} is open to other users: {hint}"]


@pytest.mark.skipif(os.getuid() != 0, reason="only root can make files of others")
def test_default_place_of_another_user_stops_the_start(default: Path):
    default.parent.mkdir(mode=0o700)
    os.chown(default.parent, 12345, 12345)
    (problem,) = _problems()
    assert problem.startswith(f"BERTH_QUEUE_URL: {default.parent} belongs to another user: remove it")


def test_files_with_events_and_pages_are_named_for_the_sandbox(default: Path):
    settings = with_store_files(Settings())
    assert (settings.store_files, settings.store_folder) == ((), default.parent)
    settings = with_store_files(Settings(queue_url="sqlite:////q.db", state="sqlite:/s.db"))
    assert (settings.store_files, settings.store_folder) == ((Path("/q.db"), Path("/s.db")), None)
    settings = with_store_files(Settings(queue_url=SQS, state="sqlite:/s.db"))
    assert (settings.store_files, settings.store_folder) == ((Path("/s.db"),), None)
    settings = with_store_files(Settings(queue_url=SQS, state="dynamodb:pages"))
    assert (settings.store_files, settings.store_folder) == ((), None)


def test_sqs_and_dynamodb_are_chosen_by_the_settings():
    stores = open_stores(Settings(queue_url=SQS, state="dynamodb:pages"))
    assert isinstance(stores.queue, SqsQueue)
    assert isinstance(stores.state, DynamoStore)
    assert stores.state.most_bytes == 405_504
    stores = open_stores(Settings(queue_url=SQS, state="dynamodb:pages", result_bucket="results"))
    assert stores.state.most_bytes is None


@pytest.mark.parametrize(
    ("text", "address"),
    [
        (SQS, SqsAddress("https://sqs.eu-west-1.amazonaws.com/123456789012/events", None, "eu-west-1")),
        (
            f"{SQS}?deadLetterQueue=dead",
            SqsAddress(
                "https://sqs.eu-west-1.amazonaws.com/123456789012/events",
                "https://sqs.eu-west-1.amazonaws.com/123456789012/dead",
                "eu-west-1",
            ),
        ),
        (
            "sqs://localhost:4566/000000000000/events",
            SqsAddress("https://localhost:4566/000000000000/events", None, None),
        ),
    ],
)
def test_the_address_of_a_queue_is_read(text: str, address: SqsAddress):
    assert SqsAddress.of(text) == address


def _problems(**settings: Any) -> list[str]:
    try:
        check_stores(Settings(**settings), [build_function("plain", "app.handler", timeout=900)])
    except ManifestError as wrong:
        return [f"{each.key}: {each.message}" for each in wrong.problems]
    return []


def test_a_file_that_is_not_there_yet_can_be_used(tmp_path: Path):
    assert _problems(queue_url=f"sqlite:///{tmp_path}/a.db") == []
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_used_stops_the_start_untouched(tmp_path: Path):
    damaged, newer, good = tmp_path / "damaged.db", tmp_path / "newer.db", tmp_path / "good.db"
    damaged.write_bytes(b"no database" * 100)
    for path, version in ((newer, 99), (good, 1)):
        file = SqliteFile(path)
        file.write(lambda connection, version=version: connection.execute(f"PRAGMA user_version = {version}"))  # type: ignore[misc]
        file.close()
    before = {path: path.read_bytes() for path in (damaged, newer, good)}
    assert _problems(queue_url=f"sqlite:///{damaged}", state=f"sqlite:{newer}") == [
        f"BERTH_QUEUE_URL: {damaged} cannot be used: file is not a database",
        f"BERTH_STATE: {newer} was made by a newer version of Berth",
    ]
    assert _problems(queue_url=f"sqlite:///{good}") == []
    assert _problems(queue_url=f"sqlite:///{tmp_path}/none/a.db") == [
        f"BERTH_QUEUE_URL: {tmp_path}/none: there is no such folder for the queue's file"
    ]
    assert {path: path.read_bytes() for path in (damaged, newer, good)} == before


def test_what_needs_boto3_names_the_extra_where_it_is_missing(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    needs = "needs the package boto3: pip install 'berth-lambda[aws]'"
    assert _problems(queue_url=SQS, state="dynamodb:pages") == [
        f"BERTH_QUEUE_URL: a queue in SQS {needs}",
        f"BERTH_STATE: a table in DynamoDB {needs}",
    ]
    hook = build_function("hook", "app.handler")
    config = AsyncConfig(on_success=hook.arn, on_failure="arn:aws:s3:::failed")
    with pytest.raises(ManifestError) as refused:
        check_stores(Settings(), [hook, build_function("plain", "app.handler", async_config=config)])
    (problem,) = refused.value.problems
    assert problem.file.endswith("plain/manifest.json")
    assert (problem.key, problem.message) == ("asyncConfig.onFailure", f"arn:aws:s3:::failed {needs}")


def test_a_queue_in_sqs_needs_a_state_store_that_tasks_share():
    on_ecs = _problems(queue_url=SQS, is_on_ecs=True)
    assert on_ecs == [
        "BERTH_STATE: must be dynamodb:TABLE, because the queue is in SQS and tasks of ECS share no disk: "
        "a page in the file of one task could not be read in another"
    ]
    assert _problems(queue_url=SQS) == []
    assert _problems(queue_url=SQS, state="dynamodb:pages", is_on_ecs=True) == []


def test_a_bucket_for_results_needs_dynamodb(tmp_path: Path):
    assert _problems(queue_url=f"sqlite:///{tmp_path}/a.db", result_bucket="results") == [
        "BERTH_RESULT_BUCKET: needs BERTH_STATE=dynamodb:TABLE: a file has no limit for results"
    ]


def test_a_function_that_sqs_cannot_lend_an_event_long_enough_is_refused():
    settings = Settings(queue_url=SQS, state="dynamodb:pages")
    check_stores(settings, [build_function("plain", "app.handler", timeout=42_900)])
    with pytest.raises(ManifestError, match="timeout of plain must be 42900 or less"):
        check_stores(settings, [build_function("plain", "app.handler", timeout=42_901)])


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("BERTH_QUEUE_URL", "sqs://events"),
        ("BERTH_QUEUE_URL", "sqs://sqs.eu-west-1.amazonaws.com/events"),
        ("BERTH_QUEUE_URL", f"{SQS}.fifo"),
        ("BERTH_QUEUE_URL", f"{SQS}?deadLetterQueue=dead.fifo"),
        ("BERTH_QUEUE_URL", f"{SQS}?dead=dead"),
        ("BERTH_QUEUE_URL", "https://sqs.eu-west-1.amazonaws.com/123456789012/events"),
        ("BERTH_QUEUE_URL", "sqlite://events.db"),
        ("BERTH_RESULT_BUCKET", "s3://results"),
        ("BERTH_RESULT_BUCKET", "Results"),
        ("BERTH_CALLBACK_SECONDS", "5,soon"),
    ],
)
def test_a_setting_that_names_no_queue_and_no_bucket_is_refused(variable: str, value: str):
    with pytest.raises(ManifestError) as refused:
        Settings.from_environ({variable: value, "BERTH_STATE": "dynamodb:pages"})
    assert [each.key for each in refused.value.problems] == [variable]


def test_settings_of_aws_are_read():
    environ = {
        "BERTH_QUEUE_URL": f"{SQS}?deadLetterQueue=dead",
        "BERTH_STATE": "dynamodb:pages",
        "BERTH_RESULT_BUCKET": "results",
        "BERTH_CALLBACK_SECONDS": "1, 2.5",
        "ECS_AGENT_URI": "http://169.254.170.2/api/x",
    }
    settings = Settings.from_environ(environ)
    assert settings.result_bucket == "results"
    assert settings.callback_seconds == (1.0, 2.5)
    assert settings.is_on_ecs
    assert not Settings.from_environ({}).is_on_ecs
