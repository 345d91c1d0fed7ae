"""The hooks of gunicorn: functions that gunicorn calls at certain moments of its life.

gunicorn finds a hook by its name among its settings, where gunicorn_conf.py binds the methods of `Hooks`. The
master is the process that gunicorn starts first; the workers are its child processes, and serve the requests.
"""

import logging
import os
import signal
import ssl
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from types import FrameType

from gunicorn.arbiter import Arbiter
from gunicorn.http.message import Request
from gunicorn.workers.gthread import ThreadWorker

from berth.errors import ManifestError
from berth.gateway.request import WIRE_BODY_NAME
from berth.gateway.routing.head import LISTENER_NAME, RAW_HEADERS_NAME
from berth.host import garbage
from berth.host.machine import raise_descriptor_limit
from berth.invoke.engine import Engine
from berth.invoke.stores import tidy_up
from berth.manifest.loader import Catalog, load
from berth.model.trust import CONTEXT_PREFIX
from berth.runtime.environments import check_sandbox
from berth.runtime.process.os_process import hide_process
from berth.runtime.process.start import die_with
from berth.server import worker_signals
from berth.server.body_memory import BodyMemory
from berth.server.gunicorn_check import check_preload, check_worker
from berth.server.gunicorn_worker import GatewayWorker
from berth.server.listeners import addresses, check_listeners, invoke_endpoint
from berth.settings import SERVER_PROCESSES, Settings, set_variables

# How long before the end of graceful_timeout a worker ends the invocations that still run: so long it
# needs to answer their clients.
_SECONDS_TO_ANSWER = 2.0
_CONFIDENTIAL = CONTEXT_PREFIX.upper()  # gunicorn spells the names of headers in capitals
_MEMORY_FOLDER = "/dev/shm"  # noqa: S108


def read_settings() -> Settings:
    """Read the settings from the environment; end the program with a report if one is wrong."""
    try:
        return Settings.from_environ()
    except ManifestError as wrong:
        sys.exit(f"\nError: {wrong}\n")


def memory_folder(folder: str = _MEMORY_FOLDER) -> str | None:
    """The folder whose files lie in memory; None if the system has none in which files can be made."""
    try:
        tempfile.TemporaryFile(dir=folder).close()
    except OSError:
        return None
    return folder


def client_certificates(authority: str | None) -> ssl.VerifyMode:
    """Whether a client has to show a certificate: it has to if there is an authority to check it by."""
    return ssl.CERT_REQUIRED if authority else ssl.CERT_NONE


class Hooks:
    """The hooks for one set of settings.

    The master keeps what it has to remember on gunicorn's Arbiter: hooks are a setting, and settings may be
    read again at a reload, while the Arbiter stays.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @property
    def bind(self) -> list[str]:
        """Where gunicorn listens; a command line with -b says it instead."""
        return addresses(self._settings)

    def on_starting(self, server: Arbiter) -> None:
        """In the master, before any worker: check gunicorn's worker class and all manifests once.

        If one is wrong, gunicorn prints the text of the error, such as a ManifestError's report, and exits
        with status 1.
        """
        tempfile.gettempdir()  # tries the folder by a file, which a killed worker would leave
        check_worker(server.cfg.worker_class, GatewayWorker)
        check_preload(server.cfg)
        server.sandbox = check_sandbox(self._settings, self._load(server).stage).description()
        if server.cfg.workers > 1:
            server.seats = tempfile.TemporaryFile(dir=memory_folder())  # noqa: SIM115 - as long as the server
            server.log.warning(
                "%d workers (WEB_CONCURRENCY) divide BERTH_CONCURRENCY and BERTH_MAX_ENVIRONMENTS;"
                " provisionedConcurrency and ECS task protection are those of each",
                server.cfg.workers,
            )

    def when_ready(self, server: Arbiter) -> None:
        """In the master, before the first worker: handle the signals that end or reload the server.

        gunicorn puts signals into a queue and does not read the queue while it waits for old workers after
        a reload. A reload to a wrong manifest would end gunicorn, because no new worker could start.
        """
        hide_process()
        server.log.info("%s", server.sandbox)
        server.orders = worker_signals.Orders()
        server.spawn_worker = partial(worker_signals.undisturbed, server.spawn_worker)
        server.kill_worker = partial(
            worker_signals.announce, server.orders, server.WORKERS, server.kill_worker
        )
        signal.signal(
            signal.SIGCHLD, partial(worker_signals.resume_stopped, server.WORKERS, server.signal_chld)
        )
        for number in worker_signals.TOLD_BY_USERS:
            signal.signal(number, partial(_end, server))
        signal.signal(signal.SIGHUP, partial(self._reload, server))

    def on_reload(self, server: Arbiter) -> None:
        """In the master, before a reload starts new workers: remember where their numbers begin."""
        server.oldest_new_age = server.worker_age + 1

    def child_exit(self, server: Arbiter, worker: ThreadWorker) -> None:
        """In the master, after a worker has ended: replace it if it was a new one that died early.

        An old worker may take minutes to finish its requests, and gunicorn starts no worker while the old
        ones and the new ones together are enough.
        """
        first = getattr(server, "oldest_new_age", 0)
        is_ending = getattr(server, "is_draining", False)
        new = [each for each in server.WORKERS.values() if each.age >= first]
        if worker.age >= first and len(new) < server.num_workers <= len(server.WORKERS) and not is_ending:
            server.spawn_worker()

    def pre_fork(self, server: Arbiter, worker: ThreadWorker) -> None:
        """In the master, before a worker: a worker of the same number may have been told to end.

        A server that is to end starts no worker, which would take up events of the queue. gunicorn would
        start one if it is told to end while old workers finish after a reload, since it reads that late.
        """
        if getattr(server, "is_draining", False):
            raise StopIteration  # by this gunicorn begins to end
        server.orders.forget(worker.age)

    def on_exit(self, server: Arbiter) -> None:
        """In the master, once all workers have ended: leave no empty folder behind."""
        tidy_up(self._settings)

    def post_fork(self, server: Arbiter, worker: ThreadWorker) -> None:
        """In a worker, as soon as it exists: let it end at once if the master is killed.

        The execution environments of the worker end with it.
        """
        garbage.pause()
        set_variables(**{SERVER_PROCESSES: str(server.cfg.workers)})  # the command line may have said it
        worker.bodies = BodyMemory(self._settings.body_memory // server.cfg.workers)
        for of_master in (*worker_signals.TOLD_BY_USERS, signal.SIGHUP):
            signal.signal(of_master, signal.SIG_DFL)
        worker_signals.hear_signals()
        worker.orders = server.orders
        worker.seats = getattr(server, "seats", None)  # there is one if there are several workers
        die_with(server.pid, signal.SIGQUIT)
        hide_process()  # the process's environment variables hold secrets that no function may read

    def post_worker_init(self, worker: ThreadWorker) -> None:
        """In a worker, once the application is loaded: prepare the worker's end, and keep environments warm.

        SIGTERM begins the end: from then on the readiness check answers 503.
        """
        raise_descriptor_limit()
        engine: Engine = worker.wsgi.extensions["berth"]
        if worker.seats:
            engine.environments.share_reservations(worker.seats.fileno())
        steps = self._drain(worker, engine)

        def go_on(signal_number: int, frame: FrameType | None) -> None:
            is_alarm = signal_number == signal.SIGALRM
            if is_alarm and signal.getitimer(signal.ITIMER_REAL)[0]:
                return  # the time has not come: it is not the timer that sent this signal
            if is_alarm or engine.is_open:
                next(steps, None)

        signal.signal(signal.SIGTERM, go_on)
        worker_signals.believe_orders_only(worker.orders, worker.age, worker.ppid)
        names = [listener.getsockname() for listener in worker.sockets]
        engine.announce(invoke_endpoint(worker.wsgi.invoke_api, names, is_tls=bool(worker.cfg.is_ssl)))
        if engine.work:
            worker.log.info("works %s", engine.work)
        garbage.keep_all()
        engine.keep()

    def pre_request(self, worker: ThreadWorker, req: Request) -> None:
        """In a worker, before a request: hand the header lines on as the client sent them.

        After this hook gunicorn joins repeated headers with commas, as WSGI asks for. The headers that carry
        a trusted gateway's token and context are left in the lines alone, so no access log shows them.
        """
        lines = getattr(req, "lines", None) or list(req.headers)
        req.headers[:] = [line for line in req.headers if not line[0].startswith(_CONFIDENTIAL)]
        req.headers.append((RAW_HEADERS_NAME, lines))
        if (listener := getattr(req, "listener", None)) is not None:
            req.headers.append((LISTENER_NAME, listener))
        if (exchange := getattr(req, "exchange", None)) is not None:
            req.headers.append((WIRE_BODY_NAME, exchange))

    def worker_int(self, worker: ThreadWorker) -> None:
        """In a worker, at SIGINT or SIGQUIT: let no further signal disturb its end.

        Ctrl-C sends SIGINT to every process, and the master then sends SIGQUIT as well.
        """
        with suppress(ValueError):  # gunicorn's reloader calls this hook from a thread
            for again in (signal.SIGINT, signal.SIGQUIT, signal.SIGALRM):
                signal.signal(again, signal.SIG_IGN)

    def worker_exit(self, server: Arbiter, worker: ThreadWorker) -> None:
        """In a worker, as its last act: end its execution environments, and wait for no handler.

        gunicorn also calls this hook in the master, for a worker that was killed; there it does nothing.
        """
        if worker.pid != os.getpid():
            return
        signal.setitimer(signal.ITIMER_REAL, 0)  # the end must not begin a second time in the middle of this
        if lane := getattr(worker, "lane", None):
            lane.abandon()
        if application := getattr(worker, "wsgi", None):
            application.extensions["berth"].close()
        for pool in (worker.tpool, getattr(worker, "health_pool", None)):
            if pool is not None:
                pool.shutdown(wait=False)
        _leave_threads_behind()

    def _reload(self, server: Arbiter, signal_number: int, frame: FrameType | None) -> None:
        """Reload the server if all manifests are right; otherwise go on with the functions as they were."""
        _leave_if_forked(server)
        try:
            self._load(server)
        except ManifestError as wrong:
            server.log.error("not reloaded: %s", wrong)
        else:
            server.signal(signal_number, frame)

    def _load(self, server: Arbiter) -> Catalog:
        """Load all manifests, and check them against the share of each worker; raises ManifestError."""
        catalog = load(self._settings.share(server.cfg.workers))
        check_listeners(self._settings, catalog, server.cfg.address)
        return catalog

    def _drain(self, worker: ThreadWorker, engine: Engine) -> Iterator[None]:
        """The steps of a worker's orderly end: SIGTERM takes the first, a timer each further one."""
        engine.drain()
        signal.signal(signal.SIGALRM, signal.getsignal(signal.SIGTERM))
        if self._settings.drain_delay:
            signal.setitimer(signal.ITIMER_REAL, self._settings.drain_delay)
            yield
        worker.handle_exit(signal.SIGTERM, None)
        rest = worker.cfg.graceful_timeout - self._settings.drain_delay - _SECONDS_TO_ANSWER
        signal.setitimer(signal.ITIMER_REAL, max(rest, 0.1))
        yield
        # Invocations that still run are ended, and answered as API Gateway answers when a function dies.
        # Events that still run are given back.
        engine.close()


def _end(server: Arbiter, signal_number: int, frame: FrameType | None) -> None:
    """End the server: at the first SIGTERM in order, at a second one, SIGINT or SIGQUIT within seconds."""
    _leave_if_forked(server)
    is_first = signal_number == signal.SIGTERM and not getattr(server, "is_draining", False)
    server.is_draining = True
    order = signal.SIGTERM if is_first else signal.SIGQUIT
    server.signal(order, frame)
    # After a reload the master reads no signals until the old workers have ended, so they are told here.
    for pid in list(server.WORKERS):
        with suppress(ProcessLookupError):
            worker_signals.announce(server.orders, server.WORKERS, os.kill, pid, order)


def _leave_if_forked(server: Arbiter) -> None:
    """End this process if it is a worker: a new worker has the master's handlers until it sets its own."""
    if os.getpid() != server.pid:
        os._exit(0)


def _leave_threads_behind() -> None:
    """Give all threads one second to end, then end the process if some still run.

    A thread that sends to a client who takes nothing would keep the process alive as long as it waits.
    """
    deadline = time.monotonic() + 1.0
    others = [thread for thread in threading.enumerate() if thread is not threading.main_thread()]
    for thread in others:
        thread.join(max(0.0, deadline - time.monotonic()))
    if any(thread.is_alive() and not thread.daemon for thread in others):
        logging.shutdown()
        os._exit(0)
