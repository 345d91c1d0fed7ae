"""What a `berth worker` serves: it works the event queue, and answers only for itself.

It is gunicorn with the hooks and the worker class of a web server, so it ends, reloads and logs as one does.
What else has to run beside the requests, such as event sources, has its place in such a process, too.
"""

from typing import Any

from flask import Blueprint

from berth.errors import QueueUnavailable
from berth.invoke.engine import Engine
from berth.invoke.queue.event_queue import Depth, QueueDepth
from berth.model.route import RESERVED_PREFIX


def queue_blueprint(engine: Engine) -> Blueprint:
    """The blueprint that tells how much is in the queue, so that the number of workers can follow it."""
    queue = Blueprint("_berth_queue", __name__, url_prefix=RESERVED_PREFIX)

    @queue.get("/queue")
    def show() -> tuple[dict[str, Any], int]:
        try:
            return depth_document(engine.stores.queue.depth()), 200
        except QueueUnavailable as fault:
            return {"message": str(fault)}, 503

    return queue


def depth_document(depth: QueueDepth) -> dict[str, Any]:
    """How much is in the queue, as JSON."""
    age, functions = depth.oldest_age_seconds, depth.functions
    return {
        **_counts(depth),
        "oldestAgeSeconds": None if age is None else round(age, 1),
        "functions": functions and {name: _counts(each) for name, each in functions.items()},
    }


def _counts(depth: Depth) -> dict[str, int]:
    return {"depth": depth.depth, "running": depth.running, "dead": depth.dead}
