"""Health checks for load balancers, under the prefix that no route of a function can have."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint

from berth.model.route import RESERVED_PREFIX
from berth.runtime.environments import Environments


def health_blueprint(environments: Environments, role: Mapping[str, Any]) -> Blueprint:
    """The blueprint of two checks: `live` succeeds while the process answers, `ready` until SIGTERM comes.

    `role` is what a ready server tells of itself.
    With BERTH_CHECK=strict `ready` does not succeed before every function has been imported once.
    """
    health = Blueprint("_berth_health", __name__, url_prefix=f"{RESERVED_PREFIX}/health")

    @health.get("/live")
    def live() -> dict[str, str]:
        return {"status": "live"}

    @health.get("/ready")
    def ready() -> tuple[dict[str, Any], int]:
        if not environments.is_open:
            return {"status": "draining"}, 503
        if problem := environments.start_problem():
            return {"status": "starting", "reason": problem}, 503
        return {"status": "ready", **role}, 200

    return health
