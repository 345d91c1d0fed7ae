"""gunicorn in the container: `gunicorn wsgi:app` reads this file by itself.

Every request has a thread that mostly waits; the work is done in the execution environments.
"""

import os
import signal
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from app.errors import ManifestError
from app.gateway.request import RAW_HEADERS_NAME
from app.manifest.loader import load
from app.settings import Settings

try:
    settings = Settings.from_environ()
except ManifestError as wrong:
    sys.exit(f"\nError: {wrong}\n")

bind = f"0.0.0.0:{settings.port}"
worker_class = "gthread"
threads = settings.threads
# The worker's main thread beats for the arbiter, so this never ends a long handler: each
# function's own timeout does.
timeout = 60
graceful_timeout = 110  # Fargate kills after 120 s at most
keepalive = 360  # longer than a load balancer keeps an idle connection by default (NLB: 350 s)
worker_connections = 1000 + threads
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None  # heartbeats without a disk
control_socket_disable = True  # it wants a writable HOME
# A peer on the loopback interface would otherwise be believed about SCRIPT_NAME and the scheme.
forwarded_allow_ips = ""
forwarder_headers = ""
# API Gateway lets 10,240 bytes of request line and headers through.
limit_request_line = 8190
limit_request_field_size = 16380
limit_request_fields = 200


def on_starting(server):
    """Check all manifests once, before any worker: gunicorn prints the report and exits with 1."""
    load(settings)


def pre_request(worker, req):
    """Hand the header lines on: WSGI is about to join repeated ones with commas."""
    req.headers.append((RAW_HEADERS_NAME, list(req.headers)))


def post_worker_init(worker):
    """From SIGTERM on, readiness says that new requests should go elsewhere."""
    pool = worker.wsgi.extensions["berth"]

    def drain(signal_number, frame):
        pool.drain()
        worker.handle_exit(signal_number, frame)

    signal.signal(signal.SIGTERM, drain)


def worker_exit(server, worker):
    """End the execution environments with their worker."""
    application = getattr(worker, "wsgi", None)
    if application is not None:
        application.extensions["berth"].close()
