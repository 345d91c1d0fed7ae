import sys

import pytest
from gunicorn.config import Config
from gunicorn.workers.gthread import ThreadWorker

from berth.server.gunicorn_check import (
    CONFIGURATION,
    NotOurGunicorn,
    check_preload,
    check_settings,
    check_worker,
)
from berth.server.gunicorn_worker import GatewayWorker
from berth.settings import Settings

GUNICORN = Settings.from_environ({"SERVER_SOFTWARE": "gunicorn/27.0.1"})


def test_gunicorn_without_our_settings_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, CONFIGURATION, raising=False)
    with pytest.raises(NotOurGunicorn) as refused:
        check_settings(GUNICORN)
    assert str(refused.value) == (
        "this gunicorn has neither Berth's settings nor its worker, and would serve one request at a time: "
        "start `berth serve`, or add `-c python:berth.server.gunicorn_conf` to the command"
    )


def test_gunicorn_with_our_settings_and_every_other_server_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    check_settings(Settings.from_environ({}))
    monkeypatch.setitem(sys.modules, CONFIGURATION, sys)
    check_settings(GUNICORN)


def test_another_worker_class_is_refused() -> None:
    with pytest.raises(NotOurGunicorn) as refused:
        check_worker(ThreadWorker, GatewayWorker)
    assert str(refused.value) == (
        "gunicorn's worker class must be berth.server.gunicorn_worker.GatewayWorker, not ThreadWorker: "
        "leave --worker-class out, and start `berth serve`"
    )
    check_worker(type("Own", (GatewayWorker,), {}), GatewayWorker)


@pytest.mark.parametrize(("preload", "workers", "told"), [(False, 2, None), (True, 1, None), (True, 2, "2")])
def test_application_may_be_loaded_early_if_it_knows_how_many_divide_its_limits(
    monkeypatch: pytest.MonkeyPatch, preload: bool, workers: int, told: str | None
) -> None:
    check_preload(_configured(monkeypatch, preload, workers, told))


@pytest.mark.parametrize(("workers", "told"), [(2, None), (1, "2"), (2, "3")])
def test_number_of_workers_is_a_variable_where_the_application_is_loaded_early(
    monkeypatch: pytest.MonkeyPatch, workers: int, told: str | None
) -> None:
    with pytest.raises(NotOurGunicorn, match=f"WEB_CONCURRENCY has to name the workers' number, {workers}:"):
        check_preload(_configured(monkeypatch, True, workers, told))


def _configured(monkeypatch: pytest.MonkeyPatch, preload: bool, workers: int, told: str | None) -> Config:
    monkeypatch.delenv("WEB_CONCURRENCY", raising=False)
    if told is not None:
        monkeypatch.setenv("WEB_CONCURRENCY", told)
    cfg = Config()
    cfg.set("preload_app", preload)
    cfg.set("workers", workers)
    return cfg
