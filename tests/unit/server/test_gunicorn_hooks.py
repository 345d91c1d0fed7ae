"""The hooks of gunicorn, as far as no running server is needed."""

import json
import logging
import ssl
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from gunicorn.config import Config
from gunicorn.http.parser import RequestParser

from berth.errors import ManifestError
from berth.server.gunicorn_hooks import Hooks, client_certificates, memory_folder, read_settings
from berth.server.gunicorn_worker import GatewayWorker
from berth.settings import Settings


class Messages(logging.Handler):
    """Keeps the texts of records: gunicorn's logger hands none on to the root's, where caplog listens."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(record.getMessage())


class Application(BaseApplication):  # type: ignore[misc]
    """gunicorn's default configuration, but for our worker class and the number of workers."""

    def __init__(self, workers: int) -> None:
        self._workers = workers
        super().__init__()

    def load_config(self) -> None:
        self.cfg.set("workers", self._workers)
        self.cfg.set("worker_class", GatewayWorker)


class Master(Arbiter):  # type: ignore[misc]
    """gunicorn's master, which has not been started: it counts the workers that it would start."""

    def __init__(self, workers: int, ages: tuple[int, ...] = ()) -> None:
        super().__init__(Application(workers))
        self.WORKERS = {1000 + age: SimpleNamespace(age=age) for age in ages}
        self.worker_age = max(ages, default=0)
        self.started = 0

    def spawn_worker(self) -> None:
        self.started += 1


@pytest.fixture(autouse=True)
def log(monkeypatch: pytest.MonkeyPatch) -> Iterator[Messages]:
    """What gunicorn logs; afterwards its loggers and the environment are as before."""
    monkeypatch.setenv("SERVER_SOFTWARE", "")
    messages, loggers = Messages(), [logging.getLogger(f"gunicorn.{name}") for name in ("error", "access")]
    before = [(each.handlers[:], each.level, each.propagate) for each in loggers]
    loggers[0].addHandler(messages)
    yield messages
    for logger, (logger.handlers[:], level, logger.propagate) in zip(loggers, before, strict=True):
        logger.setLevel(level)


@pytest.fixture
def hooks(tmp_path: Path) -> Hooks:
    """The hooks for a project whose function `scarce` has a limit of its own."""
    manifest = tmp_path / "functions" / "scarce" / "manifest.json"
    manifest.parent.mkdir(parents=True)
    manifest.write_text(json.dumps({"handler": "app.handler", "reservedConcurrency": 1}))
    manifest.with_name("app.py").write_text("def handler(event, context): return {}")
    (tmp_path / "manifests").mkdir()
    (tmp_path / "manifests" / "dev.json").write_text("{}")
    return Hooks(Settings(functions_dir=tmp_path / "functions", manifests_dir=tmp_path / "manifests"))


def test_wrong_setting_ends_the_program_with_a_report(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BERTH_STAGES", "prod")
    with pytest.raises(SystemExit) as ended:
        read_settings()
    assert ended.value.code == (
        "\nError: 1 problem in the manifests or settings, nothing was started:\n"
        "  environment: BERTH_STAGES: unknown setting: did you mean BERTH_STAGE?\n"
    )


def test_memory_folder_is_one_in_which_files_can_be_made_or_none(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    folders = [str(tmp_path), str(tmp_path / "nowhere"), str(tmp_path / "file"), "/proc"]
    assert [memory_folder(folder) for folder in folders] == [str(tmp_path), None, None, None]
    assert sorted(tmp_path.iterdir()) == [tmp_path / "file"]


@pytest.mark.parametrize(("authority", "mode"), [(None, ssl.CERT_NONE), ("clients.pem", ssl.CERT_REQUIRED)])
def test_clients_need_certificates_where_an_authority_signs_them(
    authority: str | None, mode: ssl.VerifyMode
) -> None:
    assert client_certificates(authority) is mode


def test_wrong_manifest_refuses_the_start(hooks: Hooks, tmp_path: Path) -> None:
    (tmp_path / "functions" / "scarce" / "manifest.json").write_text('{"handlr": "app.handler"}')
    with pytest.raises(ManifestError, match=r"handlr: unknown key: did you mean 'handler'\?"):
        hooks.on_starting(Master(1))


def test_master_tries_the_temporary_folder_for_its_workers(
    hooks: Hooks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", None)
    hooks.on_starting(Master(1))
    assert tempfile.tempdir is not None


def test_several_workers_are_told_which_limits_they_divide(hooks: Hooks, log: Messages) -> None:
    master = Master(2)
    hooks.on_starting(master)
    assert log.texts == [
        "2 workers (WEB_CONCURRENCY) divide BERTH_CONCURRENCY and BERTH_MAX_ENVIRONMENTS;"
        " provisionedConcurrency and ECS task protection are those of each"
    ]
    master.seats.close()


def test_one_worker_is_not_warned(hooks: Hooks, log: Messages) -> None:
    hooks.on_starting(Master(1))
    assert log.texts == []


@pytest.mark.parametrize(
    ("left", "dead", "is_draining", "started"),
    [
        pytest.param((1,), 2, False, 1, id="new one, while an old one drains"),
        pytest.param((2,), 1, False, 0, id="old one"),
        pytest.param((1, 3), 2, False, 0, id="new one whose place another new one has"),
        pytest.param((), 2, False, 0, id="new one alone, which gunicorn replaces by itself"),
        pytest.param((1,), 2, True, 0, id="new one, while the server ends"),
    ],
)
def test_dead_worker_is_replaced_after_a_reload(
    hooks: Hooks, left: tuple[int, ...], dead: int, is_draining: bool, started: int
) -> None:
    master = Master(1, (1,))
    hooks.on_reload(master)
    master.is_draining = is_draining
    master.WORKERS = {1000 + age: SimpleNamespace(age=age) for age in left}
    hooks.child_exit(master, SimpleNamespace(age=dead))
    assert master.started == started


def test_dead_worker_is_gunicorns_to_replace_before_any_reload(hooks: Hooks) -> None:
    master = Master(2, (1,))
    hooks.child_exit(master, SimpleNamespace(age=2))
    assert master.started == 0


def test_header_lines_are_handed_on_and_what_a_gateway_says_in_confidence_only_in_them(hooks: Hooks) -> None:
    sent = b"GET / HTTP/1.1\r\nHost: a\r\nX-Berth-Token: secret\r\nA: 1\r\nA: 2\r\n\r\n"
    request = next(RequestParser(Config(), [sent], ("127.0.0.1", 1)))
    hooks.pre_request(SimpleNamespace(), request)
    assert request.headers == [
        ("HOST", "a"),
        ("A", "1"),
        ("A", "2"),
        ("berth raw headers", [("HOST", "a"), ("X-BERTH-TOKEN", "secret"), ("A", "1"), ("A", "2")]),
    ]
