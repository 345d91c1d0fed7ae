"""gunicorn in the container: `gunicorn wsgi:app` reads this file by itself.

Every request has a thread that mostly waits; the work is done in the execution environments.
"""

import logging
import os
import resource
import signal
import ssl
import sys
import threading
import time
from contextlib import suppress
from functools import partial

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from gunicorn.glogging import Logger

from berth.errors import ManifestError
from berth.gateway.routing.head import RAW_HEADERS_NAME
from berth.manifest.loader import load
from berth.model.trust import PREFIX
from berth.runtime.process.bootstrap import die_with
from berth.runtime.process.os_process import hide_process
from berth.server.gunicorn_worker import GatewayWorker
from berth.server.json_log import JsonFormatter
from berth.settings import Settings

try:
    settings = Settings.from_environ()
except ManifestError as wrong:
    sys.exit(f"\nError: {wrong}\n")

bind = f"0.0.0.0:{settings.port}"
worker_class = GatewayWorker  # gthread
threads = settings.threads
# The worker's main thread beats for the arbiter, so this never ends a long handler: each
# function's own timeout does.
timeout = 60
graceful_timeout = 110  # Fargate kills after 120 s at most
_SECONDS_TO_ANSWER = 2.0  # of it, for what is still running then
keepalive = 360  # longer than a load balancer keeps an idle connection by default (NLB: 350 s)
worker_connections = 1000 + threads
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None  # heartbeats without a disk
control_socket_disable = True  # it wants a writable HOME
certfile, keyfile, ca_certs = settings.tls_certificate, settings.tls_key, settings.tls_client_ca
cert_reqs = ssl.CERT_REQUIRED if ca_certs else ssl.CERT_NONE  # a gateway may prove itself by a certificate
# A peer on the loopback interface would otherwise be believed about SCRIPT_NAME and the scheme.
forwarded_allow_ips = ""
forwarder_headers = ""
# API Gateway lets 10,240 bytes of request line and headers through.
limit_request_line = 8190
limit_request_field_size = 16380
limit_request_fields = 200


_CONFIDENTIAL = PREFIX.upper()  # as gunicorn spells header names


class JsonLogger(Logger):
    """gunicorn's logger, and the root's, one JSON object a line."""

    def setup(self, cfg):
        """Set the handlers up, then give all of them our formatter."""
        super().setup(cfg)
        logging.basicConfig()
        for logger in (self.error_log, self.access_log, logging.getLogger()):
            for handler in logger.handlers:
                handler.setFormatter(JsonFormatter())


if settings.log_format == "json":
    logger_class = JsonLogger


def on_starting(server):
    """Check all manifests once, before any worker: gunicorn prints the report and exits with 1."""
    catalog = load(settings)
    limited = [function.name for function in catalog.functions.values() if function.reserved_concurrency]
    if server.cfg.workers > 1:
        server.log.warning(
            "%d workers (WEB_CONCURRENCY): limits such as the reservedConcurrency of %s hold for each worker"
            " by itself, and so does ECS task protection; one worker runs any number of environments",
            server.cfg.workers,
            ", ".join(limited) or "any function",
        )


def when_ready(server):
    """Take the master's signals that gunicorn would drop, or would die of."""
    hide_process()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
        signal.signal(number, partial(_end, server))
    signal.signal(signal.SIGHUP, partial(_reload, server))


def _end(server, signal_number, frame):
    """The first SIGTERM drains; the next one, SIGINT and SIGQUIT end everything within seconds."""
    _leave_if_forked(server)
    is_first = signal_number == signal.SIGTERM and not getattr(server, "is_draining", False)
    server.is_draining = True
    server.signal(signal.SIGTERM if is_first else signal.SIGQUIT, frame)
    # The master itself listens to nothing while it waits for the workers of an earlier SIGHUP.
    for pid in list(server.WORKERS):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM if is_first else signal.SIGQUIT)


def on_reload(server):
    """Remember which workers are old: they may drain for long."""
    server.oldest_new_age = server.worker_age + 1


def child_exit(server, worker):
    """Replace a new worker that died while an old one drains: gunicorn would wait for the old one."""
    first = getattr(server, "oldest_new_age", 0)
    is_ending = getattr(server, "is_draining", False)
    new = [each for each in server.WORKERS.values() if each.age >= first]
    if worker.age >= first and len(new) < server.num_workers <= len(server.WORKERS) and not is_ending:
        server.spawn_worker()


def _reload(server, signal_number, frame):
    """Serve on with the old functions where the new ones could not start."""
    _leave_if_forked(server)
    try:
        load(settings)
    except ManifestError as wrong:
        server.log.error("not reloaded: %s", wrong)
    else:
        server.signal(signal_number, frame)


def _leave_if_forked(server):
    """A worker has the master's handlers until it has set its own, and nothing to lose."""
    if os.getpid() != server.pid:
        os._exit(0)


def pre_request(worker, req):
    """Hand the header lines on: WSGI is about to join repeated ones with commas.

    What a gateway says in confidence is in the lines only: no access log shows it.
    """
    lines = list(req.headers)
    req.headers[:] = [line for line in lines if not line[0].startswith(_CONFIDENTIAL)]
    req.headers.append((RAW_HEADERS_NAME, lines))


def post_fork(server, worker):
    """A worker whose master was killed ends at once, and its environments with it."""
    for of_master in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
        signal.signal(of_master, signal.SIG_DFL)
    die_with(server.pid, signal.SIGQUIT)
    hide_process()  # the environment holds what no function may read


def post_worker_init(worker):
    """From SIGTERM on, readiness says that new requests should go elsewhere."""
    _raise_descriptor_limit()
    pool = worker.wsgi.extensions["berth"]
    steps = _drain(worker, pool)

    def go_on(signal_number, frame):
        if signal_number == signal.SIGALRM or pool.is_open:
            next(steps, None)

    signal.signal(signal.SIGTERM, go_on)
    pool.keep()


def _drain(worker, pool):
    """The steps of an orderly end, the first at SIGTERM, the others when their time has come."""
    pool.drain()
    signal.signal(signal.SIGALRM, signal.getsignal(signal.SIGTERM))
    if settings.drain_delay:
        yield signal.setitimer(signal.ITIMER_REAL, settings.drain_delay)
    worker.handle_exit(signal.SIGTERM, None)
    rest = worker.cfg.graceful_timeout - settings.drain_delay - _SECONDS_TO_ANSWER
    yield signal.setitimer(signal.ITIMER_REAL, max(rest, 0.1))
    pool.close()  # what still runs is ended, and answered as API Gateway answers for a dead function


def worker_int(worker):
    """After SIGINT or SIGQUIT nothing may disturb the end: Ctrl-C sends one, the master another."""
    with suppress(ValueError):  # gunicorn's reloader calls from a thread
        for again in (signal.SIGINT, signal.SIGQUIT, signal.SIGALRM):
            signal.signal(again, signal.SIG_IGN)


def worker_exit(server, worker):
    """End the execution environments with their worker: no handler is waited for any more."""
    if worker.pid != os.getpid():
        return  # the master tells of a worker that was killed
    if application := getattr(worker, "wsgi", None):
        application.extensions["berth"].close()
    if worker.tpool is not None:
        worker.tpool.shutdown(wait=False)
    # A thread that waits for a slow client's next byte would keep the process for as long.
    deadline = time.monotonic() + 1.0
    others = [thread for thread in threading.enumerate() if thread is not threading.main_thread()]
    for thread in others:
        thread.join(max(0.0, deadline - time.monotonic()))
    if any(thread.is_alive() and not thread.daemon for thread in others):
        logging.shutdown()
        os._exit(0)


def _raise_descriptor_limit():
    """Each environment needs some, and each connection one."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):  # macOS says "infinity" and means less
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
