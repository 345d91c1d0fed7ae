"""Refuses a gunicorn that was started without Berth's settings or without its worker."""

import sys
from typing import Any

from gunicorn.config import Config
from gunicorn.errors import AppImportError

from berth.errors import BerthError
from berth.settings import SERVER_PROCESSES, Settings, told_processes

CONFIGURATION = "berth.server.gunicorn_conf"


class NotOurGunicorn(BerthError, AppImportError, RuntimeError):  # type: ignore[misc]
    """Raised at start for whoever started gunicorn.

    gunicorn prints the text of an AppImportError in a worker, and of a RuntimeError in the master, without a
    traceback, and ends.
    """


def check_settings(settings: Settings) -> None:
    """Raise NotOurGunicorn if gunicorn runs without Berth's settings: its own serve one request at a time."""
    if settings.under_gunicorn and CONFIGURATION not in sys.modules:
        raise NotOurGunicorn(
            "this gunicorn has neither Berth's settings nor its worker, and would serve one request at a "
            f"time: start `berth serve`, or add `-c python:{CONFIGURATION}` to the command"
        )


def check_preload(cfg: Config) -> None:
    """Raise NotOurGunicorn if the application was loaded before it could know how many workers there are."""
    if cfg.preload_app and cfg.workers != told_processes():
        raise NotOurGunicorn(
            f"with --preload the variable {SERVER_PROCESSES} has to name the workers' number, {cfg.workers}:"
            " the application divides its limits among them when it is loaded"
        )


def check_worker(given: type[Any], needed: type[Any]) -> None:
    """Raise NotOurGunicorn if the worker class is not the one that all other settings are made for."""
    if not issubclass(given, needed):
        raise NotOurGunicorn(
            f"gunicorn's worker class must be {needed.__module__}.{needed.__name__}, not {given.__name__}: "
            "leave --worker-class out, and start `berth serve`"
        )
