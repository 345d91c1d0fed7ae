"""The commands that look into the event queue and change what is in it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from berth.invoke.queue.event_queue import Lease
from berth.invoke.queue.sqlite_queue import SqliteQueue
from berth.invoke.results.pages import Pages
from berth.invoke.results.sqlite_store import SqliteStore
from berth.invoke.sqlite_file import SqliteFile
from berth.model.asynchronous import Condition, QueuedEvent
from berth.tools.cli.queue import queue_group
from kit.aws_server import ACCOUNT, REGION, Aws

CREATED = 1_700_000_000.0


class Stock:
    """A queue with the events `waits`, `runs`, `dead-1` and `dead-2`."""

    def __init__(self, path: Path) -> None:
        self.file = SqliteFile(path)
        self.queue = SqliteQueue(self.file)
        self.pages = Pages(SqliteStore(self.file), 3600)
        for request_id in ("dead-1", "dead-2"):
            lease = self._lease(request_id)
            self.pages.finish(lease.event, Condition.RETRIES_EXHAUSTED, error="no", failures=3)
            self.queue.bury(lease)
        self._lease("runs")
        self._put("waits")

    def _put(self, request_id: str) -> None:
        event = QueuedEvent(request_id=request_id, function="job", payload=b"{}", created_at=CREATED)
        self.queue.put(event)
        self.pages.create(event)

    def _lease(self, request_id: str) -> Lease:
        self._put(request_id)
        (lease,) = self.queue.lease({"job": 1}, 1, 300)
        self.pages.begin(lease.event)
        return lease

    def state(self, request_id: str) -> str | None:
        page = self.pages.get(request_id)
        return page and page.state.value

    @property
    def counts(self) -> tuple[int, int, int]:
        depth = self.queue.depth()
        return depth.depth, depth.running, depth.dead


@pytest.fixture
def stock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stock]:
    monkeypatch.setenv("BERTH_QUEUE_URL", f"sqlite:///{tmp_path}/queue.db")
    stock = Stock(tmp_path / "queue.db")
    yield stock
    stock.file.close()


def _run(*arguments: str, stdin: str = "", status: int = 0) -> str:
    done = CliRunner().invoke(queue_group, arguments, input=stdin)
    assert done.exit_code == status, done.output
    return done.output


def test_queue_is_shown(stock: Stock) -> None:
    shown = json.loads(_run("show", "--json"))
    assert shown.pop("oldestAgeSeconds") > 86_400
    counts = {"depth": 1, "running": 1, "dead": 2}
    assert shown == {**counts, "functions": {"job": counts}}
    lines = [line.split() for line in _run("show").splitlines()]
    assert [line[0] for line in lines[:4]] == ["depth", "running", "dead", "oldestAgeSeconds"]
    assert lines[4:] == [[], ["function", "depth", "running", "dead"], ["job", "1", "1", "2"]]


def test_queue_in_sqs_is_shown_without_functions(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    name = aws.create_queue("events")
    monkeypatch.setenv("BERTH_QUEUE_URL", f"sqs://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{name}")
    assert json.loads(_run("show", "--json"))["functions"] is None
    assert _run("show").splitlines()[4:] == [
        "",
        "functions: not known, because SQS counts the messages of whole queues alone",
    ]


def test_dead_event_is_retried_with_its_id_as_if_it_were_new(stock: Stock) -> None:
    assert json.loads(_run("retry", "dead-1", "--json")) == {"retried": ["dead-1"]}
    page = stock.pages.get("dead-1")
    assert page is not None
    assert (page.state.value, page.failures, page.error) == ("queued", 0, None)
    assert stock.counts == (2, 1, 1)


def test_all_dead_events_are_redriven(stock: Stock) -> None:
    assert _run("redrive", stdin="y\n") == ("Run 2 dead events again? [y/N]: y\nretried: 2\ndead-1\ndead-2\n")
    assert (stock.state("dead-1"), stock.state("dead-2"), stock.counts) == ("queued", "queued", (3, 1, 0))
    assert json.loads(_run("redrive", "--yes", "--json")) == {"retried": []}


def test_purge_removes_all_but_what_runs(stock: Stock) -> None:
    assert sorted(json.loads(_run("purge", "--yes", "--json"))["purged"]) == ["dead-1", "dead-2", "waits"]
    assert stock.counts == (0, 1, 0)
    states = [stock.state(each) for each in ("waits", "runs", "dead-1")]
    assert states == ["cancelled", "running", "failed"]


@pytest.mark.parametrize("command", ["purge", "redrive"])
def test_nothing_is_changed_when_the_answer_is_no(command: str, stock: Stock) -> None:
    assert "Aborted!" in _run(command, stdin="n\n", status=1)
    assert stock.counts == (1, 1, 2)


@pytest.mark.parametrize("request_id", ["waits", "runs"])
def test_invocation_is_cancelled(request_id: str, stock: Stock) -> None:
    assert json.loads(_run("cancel", request_id, "--json")) == {"cancelled": [request_id]}
    assert stock.state(request_id) == "cancelled"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("retry", "nobody"), "nobody is not among the dead: no event and no page has this id"),
        (("retry", "runs"), "runs is not among the dead: its invocation is running"),
        (("cancel", "nobody"), "no invocation has the id nobody, or its page has expired"),
        (("cancel", "dead-1"), "dead-1 cannot be cancelled: it is failed already"),
    ],
)
def test_wrong_id_is_told(arguments: tuple[str, ...], message: str, stock: Stock) -> None:
    assert _run(*arguments, status=1) == f"Error: {message}\n"
    assert stock.counts == (1, 1, 2)


def test_queue_that_cannot_be_reached_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BERTH_QUEUE_URL", f"sqlite:///{tmp_path}/nowhere/queue.db")
    assert "queue.db cannot be read: [Errno 2] No such file or directory" in _run("show", status=1)
    monkeypatch.setenv("BERTH_QUEUE_URL", "redis://x")
    assert "BERTH_QUEUE_URL" in _run("show", status=1)
