import sys

import pytest
from gunicorn.workers.gthread import ThreadWorker

from berth.server.gunicorn_check import CONFIGURATION, NotOurGunicorn, check_settings, check_worker
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
